// Some inputs do not change the result: leave them out of the key.
import { INPUTS, task } from "oxbow";

const myCustomPolicy = INPUTS.omit("debug");

const myCachedTask = task("my-cached-task", { cachePolicy: myCustomPolicy }, (x: number, debug = false) => {
  console.log(debug ? "running with more output..." : "running...");
  return x + 42;
});

console.log(await myCachedTask(1));
console.log(await myCachedTask(1, true)); // still uses the cache
