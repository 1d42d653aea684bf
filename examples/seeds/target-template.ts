// A `target` can be a template: this one stores data based on the day of the week the flow is run on.
import { readFile } from "node:fs/promises";
import { flow, LocalResult, task } from "oxbow/classic";
import { TestClock, withClock } from "oxbow/testing";

const result = LocalResult();

const funcTask = task("func_task", { target: "{date:%A}/{task_name}.txt", checkpoint: true, result }, () => 99);

const myFlow = flow("my-flow", async () => (await funcTask.run()).name);

// a Monday, a Tuesday, and the Monday after
for (const day of ["2024-01-01", "2024-01-02", "2024-01-08"]) {
  await withClock(new TestClock(Date.parse(day)), async () => console.log(`${day}: ${await myFlow()}`));
}
console.log(await readFile(`${result.storage}/Monday/func_task.txt`, "utf8"));
