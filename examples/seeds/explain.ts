// `explain` tells what the cache would do for a call, and with which key. It runs nothing and writes nothing.
import { INPUTS, task } from "oxbow";

const addOne = task("add-one", { cachePolicy: INPUTS }, (x: number) => {
  console.log("running");
  return x + 1;
});

const before = await addOne.explain(1);
console.log(before.outcome);

await addOne(1);
const after = await addOne.explain(1);
console.log(after.outcome);
console.log(`the same key both times: ${before.key === after.key}`);

const other = await addOne.explain(2);
console.log(`the same key for another input: ${before.key === other.key}`);
