// The older names, of `oxbow/classic`: output that is kept for an hour, always or for a flow with the same parameters.
import { allParameters, flow, task } from "oxbow/classic";

// this task will be cached for 1 hour
const task1 = task("task_1", { cacheFor: { hours: 1 } }, () => {
  console.log("task_1 runs");
});

// this task will be cached for 1 hour, but only if the flow is run with the same parameters
const task2 = task("task_2", { cacheFor: { hours: 1 }, cacheValidator: allParameters }, () => {
  console.log("task_2 runs");
});

const myFlow = flow("my-flow", async (day: string) => {
  console.log(day);
  await task1();
  await task2();
});

await myFlow("Monday");
await myFlow("Monday");
await myFlow("Tuesday");
