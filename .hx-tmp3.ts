import fc from "fast-check";
import { isDeepStrictEqual } from "node:util";
import { writeSync } from "node:fs";
import { json, structured, SerializationError } from "./src/serializers/index.ts";
const key = fc.oneof(fc.string(), fc.constantFrom("__proto__", "~", "~Date", "~~", "constructor", "0", "10"));
const leaf = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string(),
  fc.double(),
  fc.integer(),
  fc.bigInt(),
  fc.date({ noInvalidDate: false }),
  fc.constantFrom<unknown>(null, undefined, true, -0, Number.NaN, "\ud800", "~Date"),
  fc.webUrl().map((url) => new URL(url)),
  fc.uint8Array(),
  fc.float64Array(),
  fc.bigInt64Array(),
  fc.uint16Array().map((items) => items.subarray(1)),
  fc.uint8Array().map((items) => Buffer.from(items)),
  fc.uint8Array().map((items) => items.slice().buffer),
);
const { data } = fc.letrec((tie) => ({
  item: fc.oneof({ maxDepth: 4 }, leaf, tie("data")),
  data: fc.oneof(
    leaf,
    fc.array(tie("item")),
    fc.sparseArray(tie("item"), { maxNumElements: 5 }),
    fc.dictionary(key, tie("item")),
    fc.array(tie("item")).map((items) => new Set(items)),
    fc.array(fc.tuple(tie("item"), tie("item"))).map((entries) => new Map(entries)),
    fc.tuple(fc.string(), tie("item"), fc.dictionary(fc.constantFrom("code", "errno", "details"), tie("item"))).map(([message, cause, fields]) =>
      Object.assign(new RangeError(message, { cause }), fields),
    ),
  ),
}));
const nullable = fc.letrec((tie) => ({ data: fc.dictionary(key, fc.oneof(data, tie("data")), { noNullPrototype: false }) })).data;


const seed = Number(process.argv[2]), mode = process.argv[3];
const any = fc.anything({ withBigInt: true, withBoxedValues: true, withDate: true, withMap: true, withNullPrototype: true, withSet: true, withSparseArray: true, withTypedArray: true });
const s = mode === "json" ? json() : structured();

const values = fc.sample(fc.oneof(data, nullable), { numRuns: 40, seed });
let big: unknown, size = 0;
for (const v of values) { const n = Buffer.concat(await json().serialize(v)).length; if (n > size) { size = n; big = v; } }
console.log(size);
for (let i = 0; i < 20; i++) { const t = performance.now(); json().serialize(big); console.log((performance.now() - t).toFixed(1)); }
