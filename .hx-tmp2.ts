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
await fc.assert(fc.asyncProperty(mode === "json" ? fc.oneof(data, nullable) : any, async (value) => {
  try {
  let t = performance.now(); const b = Buffer.concat(await s.serialize(value)); const a1 = performance.now() - t;
  if (a1 > 200) writeSync(1, `slow write ${a1|0} ${b.length}\n`);
  t = performance.now(); const v = await s.deserialize(b); const a2 = performance.now() - t;
  if (a2 > 200) writeSync(1, `slow read ${a2|0} ${b.length}\n`);
  writeSync(3, "E");
  t = performance.now(); const r = isDeepStrictEqual(v, value); const a3 = performance.now() - t;
  writeSync(3, "e\n");
  if (a3 > 300) writeSync(1, `slow equal ${a3|0} ${b.length}\n`);
  if (!r) writeSync(1, "NEQ " + fc.stringify(value).slice(0,400) + "\n");
  return true;
  } catch (e) { if (/without a proto/.test(String(e))) return true; writeSync(1, String(e) + fc.stringify(value).slice(0,300)+"\n"); return true }
}), { numRuns: 1000, seed });
