// By default, cache records are READ_COMMITTED: a reader sees the latest committed record, and equal calls may run at
// the same time. These two tasks share a key, and both do the work.
import { setTimeout } from "node:timers/promises";
import { INPUTS, task } from "oxbow";

const cachePolicy = INPUTS;

const myTaskVersion1 = task("my-task-version-1", { cachePolicy }, async (x: number) => {
  console.log("my-task-version-1 running");
  await setTimeout(20);
  return x + 42;
});

const myTaskVersion2 = task("my-task-version-2", { cachePolicy }, async (x: number) => {
  console.log("my-task-version-2 running");
  await setTimeout(20);
  return x + 43;
});

console.log(await Promise.all([myTaskVersion1(1), myTaskVersion2(1)]));
