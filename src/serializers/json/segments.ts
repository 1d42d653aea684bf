/*
 * DESIGN. Bytes are not written into the text but behind it, as they are: the JSON text, spaces, a newline, and the
 * segments. The text has no newline of its own, so the first one ends it. Every segment begins at a multiple of 8
 * bytes from the beginning, so that a typed array can look into the bytes that were read, without a copy. A payload
 * without bytes is the text alone.
 */

/** Segments begin at multiples of this: the largest item of a typed array. */
const alignment = 8;
const newline = 10;
const zeros = new Uint8Array(alignment);

/** The segments of a value that is being written. */
export class SegmentWriter {
  readonly #chunks: Uint8Array[] = [];
  #length = 0;

  /** Where the bytes of a view will be: its offset behind the text, and its length. */
  add(view: ArrayBufferView<ArrayBuffer>): readonly [offset: number, length: number] {
    const place = [this.#length, view.byteLength] as const;
    const padding = paddingOf(view.byteLength);
    this.#chunks.push(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
    if (padding > 0) this.#chunks.push(zeros.subarray(0, padding));
    this.#length += view.byteLength + padding;
    return place;
  }

  /** The text and the segments behind it. */
  after(text: string): readonly Uint8Array[] {
    if (this.#chunks.length === 0) return [Buffer.from(text)];
    const spaces = paddingOf(Buffer.byteLength(text) + 1);
    return [Buffer.from(`${text}${" ".repeat(spaces)}\n`), ...this.#chunks];
  }
}

/** The segments of bytes that were read. */
export class SegmentReader {
  readonly text: Uint8Array;
  readonly #raw: Uint8Array;
  #used = 0;

  constructor(bytes: Uint8Array) {
    const end = bytes.indexOf(newline);
    this.text = end < 0 ? bytes : bytes.subarray(0, end);
    this.#raw = end < 0 ? bytes.subarray(bytes.length) : bytes.subarray(end + 1);
  }

  /**
   * The bytes of a segment, for items of `itemSize` bytes; `undefined` where there is no such segment. They are
   * those that were read, unless that would keep many more in memory or they are not aligned.
   */
  take(offset: unknown, length: unknown, itemSize: number): Uint8Array<ArrayBuffer> | undefined {
    if (!isCount(offset) || !isCount(length) || offset % alignment > 0 || length % itemSize > 0) return undefined;
    if (offset + length > this.#raw.length) return undefined;
    this.#used += length + paddingOf(length);
    const segment = this.#raw.subarray(offset, offset + length) as Uint8Array<ArrayBuffer>;
    const fits = segment.byteOffset % itemSize === 0 && segment.buffer.byteLength <= 2 * length;
    return fits ? segment : new Uint8Array(segment);
  }

  /** Whether every byte behind the text was taken once. */
  get isUsedUp(): boolean {
    return this.#used === this.#raw.length;
  }
}

function paddingOf(length: number): number {
  return (alignment - (length % alignment)) % alignment;
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0;
}
