// As in Make or Luigi: a task with a `target` runs only where that file is missing, and then writes it. Run this twice.
import { readFile } from "node:fs/promises";
import { LocalResult, task } from "oxbow/classic";

const result = LocalResult();

// create a task via a function
const funcTask = task("func_task", { target: "func_task_target.txt", checkpoint: true, result }, () => 99);

const state = await funcTask.run();
console.log(`${state.name} ${state.result()}`);
console.log(`the file says ${await readFile(`${result.storage}/func_task_target.txt`, "utf8")}`.trim());
