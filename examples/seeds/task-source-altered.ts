// A change of the code is a new key. Comments and formatting are no change.
import { task, TASK_SOURCE } from "oxbow";

const asItWas = task("my-stateful-task", { cachePolicy: TASK_SOURCE }, () => {
  console.log("sleeping");
  return 42;
});

const withAComment = task("my-stateful-task", { cachePolicy: TASK_SOURCE }, () => {
  console.log("sleeping");

  // The answer.
  return 42;
});

const altered = task("my-stateful-task", { cachePolicy: TASK_SOURCE }, () => {
  console.log("sleeping");
  return 43;
});

console.log(await asItWas()); // sleeps
console.log(await withAComment()); // does not sleep
console.log(await altered()); // sleeps again
