// While the result is not a day old, an equal call does not run again, in this flow run or a later one. Run this twice:
// the second time nobody says hello.
import { flow, INPUTS, task } from "oxbow";

const helloTask = task("hello-task", { cachePolicy: INPUTS, cacheExpiration: "1 day" }, (nameInput: string) => {
  console.log("Saying hello"); // doing some work
  return `hello ${nameInput}`;
});

const helloFlow = flow("hello-flow", async (nameInput: string) => {
  console.log(await helloTask(nameInput));
  console.log(await helloTask(nameInput)); // does not rerun
});

await helloFlow("Marvin");
await helloFlow("Trillian"); // another input
