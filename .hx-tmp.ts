import fc from "fast-check";
import { isDeepStrictEqual } from "node:util";
import { json, structured } from "./src/serializers/index.ts";
const t0 = Date.now();
let worst = [0,0,0,0];
await fc.assert(fc.asyncProperty(fc.anything({ withBigInt: true, withBoxedValues: true, withDate: true, withMap: true, withNullPrototype: true, withSet: true, withSparseArray: true, withTypedArray: true }), async (value) => {
  for (const s of [structured()]) try {
    let t = performance.now(); const b = Buffer.concat(await s.serialize(value)); const a1 = performance.now() - t;
    t = performance.now(); const v = await s.deserialize(b); const a2 = performance.now() - t;
    if (a1 > 100 || a2 > 100) console.log(s.format, "slow", a1|0, a2|0, b.length);
    t = performance.now(); const r = isDeepStrictEqual(v, value); const a3 = performance.now() - t;
    if (a3 > 300) console.log(s.format, "equal", a3|0, b.length);
    if (!r) { console.log("NEQ", s.format, fc.stringify(value).slice(0,300)); process.exit(1);}
  } catch (e) { if (!/without a proto/.test(String(e))) { console.log(String(e), fc.stringify(value).slice(0,500)); process.exit(1);} }
  return true;
}), { numRuns: 1000, seed: Number(process.argv[2]), interruptAfterTimeLimit: 20000 });
console.log("ok", Date.now() - t0);
