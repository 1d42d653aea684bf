import type { StreamCodec } from "../serializer.ts";

/** Bytes as they are: the codec of a serializer that does something to values alone. */
export const asTheyAre: StreamCodec = {
  encode: (chunks) => chunks,
  decode: (chunks) => chunks,
};

/** Bytes that arrive in pieces of one size and are wanted in pieces of another. */
export class ByteQueue {
  /** How many bytes wait. */
  length = 0;
  readonly #waiting: Buffer[] = [];

  push({ buffer, byteOffset, byteLength }: Uint8Array): void {
    if (byteLength === 0) return;
    this.#waiting.push(Buffer.from(buffer, byteOffset, byteLength));
    this.length += byteLength;
  }

  /** The next bytes, at most as many as wait; they are copied only where they come from several pieces. */
  take(count: number): Buffer {
    this.length -= count;
    const taken: Buffer[] = [];
    let wanted = count;
    let pieces = 0;
    for (; wanted > 0; pieces++) {
      const piece = this.#waiting[pieces]!;
      taken.push(piece.subarray(0, wanted));
      if (piece.length > wanted) {
        this.#waiting[pieces] = piece.subarray(wanted);
        break;
      }
      wanted -= piece.length;
    }
    this.#waiting.splice(0, pieces);
    return taken.length === 1 ? taken[0]! : Buffer.concat(taken);
  }
}

/** The same bytes in pieces of at least this many, but the last: each piece costs what follows a turn. */
export async function* gathered(chunks: AsyncIterable<Uint8Array>, least: number): AsyncGenerator<Uint8Array, void> {
  const queue = new ByteQueue();
  for await (const chunk of chunks) {
    queue.push(chunk);
    if (queue.length >= least) yield queue.take(queue.length);
  }
  if (queue.length > 0) yield queue.take(queue.length);
}
