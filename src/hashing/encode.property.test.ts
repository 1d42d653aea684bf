import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, it } from "vitest";
import { encode } from "./encode.ts";

/* A second opinion on which values are equal, written for clearness and not for speed. */
function same(a: unknown, b: unknown): boolean {
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return a === b || Object.is(a, b);
  const kind = Object.prototype.toString.call(a);
  if (kind !== Object.prototype.toString.call(b)) return false;
  if (a instanceof Date) return Object.is(a.getTime(), (b as Date).getTime());
  if (ArrayBuffer.isView(a)) return isDeepStrictEqual(bytesOf(a), bytesOf(b as DataView));
  if (a instanceof Number || a instanceof String || a instanceof Boolean) return same(a.valueOf(), b.valueOf());
  if (a instanceof Set) return sameBag([...a], [...(b as Set<unknown>)]);
  if (a instanceof Map) return sameBag([...a], [...(b as Map<unknown, unknown>)]);
  if (Array.isArray(a) && a.length !== (b as unknown[]).length) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && same((a as never)[key], (b as never)[key]))
  );
}

function sameBag(a: unknown[], b: unknown[]): boolean {
  if (a.length !== b.length) return false;
  const left = [...b];
  return a.every((item) => {
    const found = left.findIndex((other) => same(item, other));
    if (found >= 0) left.splice(found, 1);
    return found >= 0;
  });
}

function bytesOf(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

/* The same value, made anew in another order. */
function remade(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Map) return new Map([...value].reverse().map(([key, item]) => [remade(key), remade(item)]));
  if (value instanceof Set) return new Set([...value].reverse().map(remade));
  if (value instanceof Date) return new Date(value);
  if (ArrayBuffer.isView(value) || /^\[object (?:Number|String|Boolean)\]$/.test(Object.prototype.toString.call(value)))
    return structuredClone(value);
  const copy: object = Array.isArray(value) ? new Array(value.length) : {};
  for (const key of Object.keys(value).reverse()) {
    const item = remade((value as Record<string, unknown>)[key]);
    Object.defineProperty(copy, key, { value: item, enumerable: true, writable: true, configurable: true });
  }
  return copy;
}

const anything = fc.anything({
  key: fc.oneof(fc.string(), fc.constantFrom("__proto__", "~", "~Date", "constructor", "length", "0", "10", "9")),
  values: [
    fc.string({ unit: "binary" }),
    fc.double(),
    fc.integer(),
    fc.boolean(),
    fc.constantFrom("\ud800", "~", null, undefined, -0),
  ],
  withBigInt: true,
  withBoxedValues: true,
  withDate: true,
  withMap: true,
  withNullPrototype: true,
  withSet: true,
  withSparseArray: true,
  withTypedArray: true,
});

/* Few leaves, so that two of them are often equal or nearly so. */
const { small } = fc.letrec((tie) => ({
  leaf: fc.constantFrom<unknown>(0, -0, 1, "1", 1n, true, null, undefined, Number.NaN, "", "~", "~Date"),
  item: fc.oneof({ maxDepth: 2 }, tie("leaf"), tie("small")),
  key: fc.constantFrom("a", "b", "0", "~Date", "__proto__", "toJSON2"),
  small: fc.oneof(
    tie("leaf"),
    fc.array(tie("item"), { maxLength: 2 }),
    fc.sparseArray(tie("item"), { maxLength: 2 }),
    fc.dictionary(tie("key") as fc.Arbitrary<string>, tie("item"), { maxKeys: 2 }),
    fc.array(tie("item"), { maxLength: 2 }).map((items) => new Set(items)),
    fc.array(fc.tuple(tie("item"), tie("item")), { maxLength: 2 }).map((items) => new Map(items)),
    fc.constantFrom(0, 1, Number.NaN).map((time) => new Date(time)),
    fc.constantFrom<unknown>(Uint8Array.of(1), Int8Array.of(1), Uint8Array.of(), Object(0), Object(1), Object("1")),
  ),
}));

const text = (value: unknown): string => encode(value, "value") as string;

describe("encode", () => {
  it("gives one text for a value and for the same made anew in another order", () => {
    fc.assert(
      fc.property(anything, (value) => text(value) === text(remade(value))),
      { numRuns: 1500 },
    );
  });

  it("gives one text for two values exactly if they are equal", () => {
    fc.assert(
      fc.property(small, small, (a, b) => (text(a) === text(b)) === same(a, b)),
      { numRuns: 4000 },
    );
    fc.assert(
      fc.property(anything, anything, (a, b) => (text(a) === text(b)) === same(a, b)),
      { numRuns: 500 },
    );
  });

  it("writes JSON", () => {
    fc.assert(
      fc.property(anything, (value) => JSON.stringify(JSON.parse(text(value))) === text(value)),
      { numRuns: 500 },
    );
  });
});
