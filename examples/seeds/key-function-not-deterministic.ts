// A key function must be pure. One that is not is found out at the first call: the task runs without the cache, and the
// reason holds both keys.
import { randomUUID } from "node:crypto";
import { cacheKeyFn, task } from "oxbow";

const randomKey = cacheKeyFn((_context, inputs) => `${inputs["x"]}-${randomUUID()}`);
const addOne = task("add-one", { cachePolicy: randomKey }, (x: number) => x + 1);

const state = await addOne.run(1);
const { outcome, reason } = state.decision!;
const keys = reason.match(/(?<=1-)[0-9a-f-]{36}/g) ?? [];
console.log(`${state.name} ${state.result()}, ${outcome}`);
console.log(reason.replaceAll(/(?<=1-)[0-9a-f-]{36}/g, "…"));
console.log(`two different keys: ${new Set(keys).size === 2}`);
