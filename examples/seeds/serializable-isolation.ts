// `SERIALIZABLE` isolation: of equal calls at the same time one runs, under a lock; the other waits for it and takes its
// result. The same two tasks as in read-committed-isolation.ts, and one of them does the work.
import { setTimeout } from "node:timers/promises";
import { INPUTS, memoryLocks, task } from "oxbow";

// Without a `lockManager`, the locks are those of the storage, and hold among all processes that use it.
const cachePolicy = INPUTS.configure({ isolationLevel: "SERIALIZABLE", lockManager: memoryLocks() });

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

const states = await Promise.all([myTaskVersion1.run(2), myTaskVersion2.run(2)]);
for (const state of states) console.log(`${state.name} ${state.result()}`);
