// Every successful run of these tasks writes its value to a folder, so that the work itself has no code for it.
import { readdir } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileStorage, task } from "oxbow";

const folder = join(process.env["OXBOW_HOME"] ?? join(homedir(), ".oxbow"), "checkpoints");
const checkpoint = { persistResult: true, resultStorage: fileStorage(folder) };

class MyWork {
  run(): number {
    return 42;
  }
}

// create a task of a method of our class
const classTask = task("class-task", checkpoint, () => new MyWork().run());

// create a task of a function
const funcTask = task("func-task", checkpoint, () => 99);

for (const each of [classTask, funcTask]) {
  const state = await each.run();
  const stored = (await readdir(folder)).includes(state.decision?.key ?? "");
  console.log(`${each.name}: ${state.result()}, stored: ${stored}`);
}
