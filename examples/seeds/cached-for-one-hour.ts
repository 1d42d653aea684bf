// Two tasks whose output is kept for an hour: whatever happens, or only for a flow with the same parameters.
import { cacheKey, flow, FLOW_PARAMETERS, task, TASK_SOURCE } from "oxbow";

// this task will be cached for 1 hour
const task1 = task("task-1", { cachePolicy: cacheKey("task-1"), cacheExpiration: { hours: 1 } }, () => {
  console.log("task-1 runs");
});

// this task will be cached for 1 hour, but only if the flow is run with the same parameters
const task2 = task("task-2", { cachePolicy: TASK_SOURCE.and(FLOW_PARAMETERS), cacheExpiration: { hours: 1 } }, () => {
  console.log("task-2 runs");
});

const myFlow = flow("my-flow", async (day: string) => {
  console.log(day);
  await task1();
  await task2();
});

await myFlow("Monday");
await myFlow("Monday");
await myFlow("Tuesday");
