import { errorOf } from "./errors.ts";
import type { SegmentReader } from "./segments.ts";

type Fields = Readonly<Record<string, unknown>>;

/**
 * Makes the value of a tag from its content, in which all tags are restored already. `undefined` says that the
 * content is not one that was ever written.
 */
export type Restore = (content: unknown, segments: SegmentReader) => unknown;

const numbers: Fields = { NaN: Number.NaN, Infinity: Infinity, "-Infinity": -Infinity, "-0": -0 };
const latestTime = 8.64e15;
const longestArray = 2 ** 32 - 1;

interface View {
  new (buffer: ArrayBuffer, offset: number, length: number): object;
  readonly BYTES_PER_ELEMENT?: number;
}

/** Every tag, with what restores it. Nothing here imports a class or runs what was stored. */
export const tags: ReadonlyMap<string, Restore> = new Map<string, Restore>([
  ["~undefined", () => undefined],
  [
    "~number",
    (content) => (typeof content === "string" && Object.hasOwn(numbers, content) ? numbers[content] : undefined),
  ],
  ["~bigint", (content) => (typeof content === "string" && /^-?\d+$/.test(content) ? BigInt(content) : undefined)],
  ["~Date", (content) => (content === null ? new Date(Number.NaN) : isTime(content) ? new Date(content) : undefined)],
  ["~URL", (content) => (typeof content === "string" && URL.canParse(content) ? new URL(content) : undefined)],
  ["~RegExp", ofRegExp],
  ["~Map", (content) => (isPairs(content) ? new Map(content) : undefined)],
  ["~Set", (content) => (Array.isArray(content) ? new Set(content) : undefined)],
  ["~Array", ofArray],
  ["~nullPrototype", (content) => (isFields(content) ? define(Object.create(null) as object, content) : undefined)],
  ["~Error", ofError],
  ["~ArrayBuffer", ofArrayBuffer],
  ["~Buffer", ofBuffer],
  ...viewTags(),
]);

function viewTags(): ReadonlyArray<readonly [tag: string, restore: Restore]> {
  const names = [
    "DataView",
    ...[
      "Int8",
      "Uint8",
      "Uint8Clamped",
      "Int16",
      "Uint16",
      "Int32",
      "Uint32",
      "BigInt64",
      "BigUint64",
      "Float16",
      "Float32",
      "Float64",
    ].map((each) => `${each}Array`),
  ];
  const globals = globalThis as unknown as Readonly<Record<string, View | undefined>>;
  return names.flatMap((name) => {
    // Not every Node has a Float16Array.
    const View = globals[name];
    return View === undefined ? [] : [[`~${name}`, (content, segments) => ofView(View, content, segments)] as const];
  });
}

function ofView(View: View, content: unknown, segments: SegmentReader): object | undefined {
  const itemSize = View.BYTES_PER_ELEMENT ?? 1;
  const bytes = take(content, segments, itemSize);
  return bytes && new View(bytes.buffer, bytes.byteOffset, bytes.byteLength / itemSize);
}

function ofBuffer(content: unknown, segments: SegmentReader): Buffer | undefined {
  const bytes = take(content, segments, 1);
  return bytes && Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function ofArrayBuffer(content: unknown, segments: SegmentReader): ArrayBuffer | undefined {
  const bytes = take(content, segments, 1);
  return bytes && (bytes.byteLength === bytes.buffer.byteLength ? bytes.buffer : bytes.slice().buffer);
}

function take(content: unknown, segments: SegmentReader, itemSize: number): Uint8Array<ArrayBuffer> | undefined {
  return Array.isArray(content) && content.length === 2 ? segments.take(content[0], content[1], itemSize) : undefined;
}

function ofRegExp(content: unknown): RegExp | undefined {
  if (!Array.isArray(content) || content.length !== 3) return undefined;
  const [source, flags, lastIndex] = content as readonly unknown[];
  if (typeof source !== "string" || typeof flags !== "string" || typeof lastIndex !== "number") return undefined;
  const expression = new RegExp(source, flags);
  expression.lastIndex = lastIndex;
  return expression;
}

function ofArray(content: unknown): unknown[] | undefined {
  if (!Array.isArray(content) || content.length !== 2) return undefined;
  const [length, fields] = content as readonly unknown[];
  if (
    typeof length !== "number" ||
    !Number.isInteger(length) ||
    length < 0 ||
    length > longestArray ||
    !isFields(fields)
  )
    return undefined;
  const array = define(new Array<unknown>(length), fields);
  return array.length === length ? array : undefined;
}

function ofError(content: unknown): Error | undefined {
  if (!Array.isArray(content) || content.length !== 3) return undefined;
  const [className, hidden, shown] = content as readonly unknown[];
  return typeof className === "string" && isFields(hidden) && isFields(shown)
    ? errorOf(className, { hidden, shown })
    : undefined;
}

function define<T extends object>(target: T, fields: Fields): T {
  for (const key of Object.keys(fields)) {
    Object.defineProperty(target, key, { value: fields[key], enumerable: true, writable: true, configurable: true });
  }
  return target;
}

function isTime(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && Math.abs(value) <= latestTime;
}

function isPairs(value: unknown): value is ReadonlyArray<readonly [unknown, unknown]> {
  return Array.isArray(value) && value.every((pair) => Array.isArray(pair) && pair.length === 2);
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
