// Locks that all machines see: in a Redis. Two processes call one task at the same time; one of them runs it, the other one
// takes its result. Needs a Redis: the one on this machine, or that of OXBOW_TEST_REDIS_URL.
import { fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout } from "node:timers/promises";
import { INPUTS, task, TASK_SOURCE } from "oxbow";
import { redisLocks } from "oxbow/locks/redis";

const lockManager = redisLocks(process.env["OXBOW_TEST_REDIS_URL"] ?? "redis://localhost:6379");
const cachePolicy = INPUTS.and(TASK_SOURCE).configure({ isolationLevel: "SERIALIZABLE", lockManager });

const myCachedTask = task("my-cached-task", { cachePolicy }, async (x: number) => {
  console.log("my-cached-task running");
  await setTimeout(500);
  return x + 42;
});

if (process.send) {
  // One of the two processes.
  const state = await myCachedTask.run(1);
  process.send(`${state.name} ${state.result()}`);
  await lockManager.close();
} else {
  const workers = [fork(import.meta.filename), fork(import.meta.filename)];
  const messages = await Promise.all(workers.map((worker) => once(worker, "message")));
  for (const said of messages.map(([message]) => String(message)).sort()) console.log(said);
}
