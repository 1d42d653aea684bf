// Policies join: this task runs again when it gets a new x, and when its code changes.
import { INPUTS, task, TASK_SOURCE } from "oxbow";

const myCachedTask = task("my-cached-task", { cachePolicy: TASK_SOURCE.and(INPUTS) }, (x: number) => x + 42);

console.log((await myCachedTask.run(1)).name);
console.log((await myCachedTask.run(1)).name);
console.log((await myCachedTask.run(2)).name); // a new value

const altered = task("my-cached-task", { cachePolicy: TASK_SOURCE.and(INPUTS) }, (x: number) => x + 43);

console.log((await altered.run(1)).name); // other code
