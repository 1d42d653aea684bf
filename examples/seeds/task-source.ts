// With TASK_SOURCE a task runs once and only once until its code is altered, in every flow and every process. Run this
// twice: the second time nothing sleeps.
import { setTimeout } from "node:timers/promises";
import { task, TASK_SOURCE } from "oxbow";

const myStatefulTask = task("my-stateful-task", { cachePolicy: TASK_SOURCE }, async () => {
  console.log("sleeping");
  await setTimeout(50);
  return 42;
});

console.log(await myStatefulTask()); // sleeps
console.log(await myStatefulTask()); // does not sleep
