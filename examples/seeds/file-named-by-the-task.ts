// As in Make or Luigi, a file can stand for "this is done": the task runs only where the file is missing. Run this twice.
import { access } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { task } from "oxbow";

const folder = join(process.env["OXBOW_HOME"] ?? join(homedir(), ".oxbow"), "targets");

const funcTask = task("func-task", { target: "func_task_target.txt", resultStorage: folder }, () => 99);

console.log(`${(await funcTask.run()).name} ${await funcTask()}`);
await access(join(folder, "func_task_target.txt"));

// The name can be made of what is known of the run, such as the day of the week; `{date:EEEE}` would be that of today.
const dailyTask = task("daily-task", { target: "{day:EEEE}/{taskName}.txt", resultStorage: folder }, (day: Date) =>
  day.getUTCDate(),
);

for (const day of ["2024-01-01", "2024-01-02", "2024-01-08"]) {
  const state = await dailyTask.run(new Date(day));
  console.log(`${day}, ${state.decision?.key}: ${state.name} ${state.result()}`);
}
