// `checkpoint` stores the return value of each successful run, and `result` says where. It stores only: the task runs each time.
import { readdir, readFile } from "node:fs/promises";
import { LocalResult, task } from "oxbow/classic";

// a folder such as { dir: "~/.prefect" }; without one it is the folder `results` of OXBOW_HOME
const result = LocalResult();

class MyTask {
  run(): number {
    return 42;
  }
}

// create a task via a method of our class
const classTask = task("class_task", { checkpoint: true, result }, () => new MyTask().run());

// create a task via a function
const funcTask = task("func_task", { checkpoint: true, result }, () => 99);

for (const each of [classTask, funcTask]) {
  const states = [await each.run(), await each.run()];
  console.log(`${each.name}: ${states.map((state) => `${state.name}, stored: ${state.persisted}`).join("; ")}`);
}

// what is in the folder: one file for each run, with a line about it and the value
const folder = result.storage;
const files = (await readdir(folder)).filter((name) => !name.startsWith("."));
const values = await Promise.all(
  files.map(async (name) => (await readFile(`${folder}/${name}`, "utf8")).split("\n")[1]),
);
console.log(values.toSorted((left, right) => Number(left) - Number(right)).join(" "));
