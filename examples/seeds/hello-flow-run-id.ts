// With RUN_ID in the key, only calls in the same run of the flow share a result.
import { flow, INPUTS, RUN_ID, task } from "oxbow";

const helloTask = task(
  "hello-task",
  { cachePolicy: INPUTS.and(RUN_ID), cacheExpiration: { days: 1 } },
  (nameInput: string) => {
    console.log("Saying hello"); // doing some work
    return `hello ${nameInput}`;
  },
);

const helloFlow = flow("hello-flow", async (nameInput: string) => {
  // reruns each time the flow is run
  console.log(await helloTask(nameInput));

  // but the same call within the same flow run is Cached
  console.log(await helloTask(nameInput));
});

await helloFlow("Marvin");
await helloFlow("Marvin");
