import type { Check } from "../check.ts";
import { fail, type Found, pass, warn } from "../finding.ts";
import type { FileReport, Seen, SeenTask } from "../observe-file.ts";

/** Equal calls have equal keys, in every process: what two fresh ones see of the tasks of a file is compared. */
export const keys: Check = {
  name: "keys",
  timeoutMs: 45_000,
  async *run(context) {
    const report = await context.tasks();
    if (report === undefined) return;
    if (report.error !== undefined) {
      yield fail(
        report.file,
        `Its tasks cannot be looked at: ${report.error}`,
        "run it with node to see the whole error",
      );
      return;
    }
    for (const name of report.strangers)
      yield warn(
        `export ${name}`,
        "It is a task of another copy of oxbow, so it cannot be looked at",
        "let all of the project use one installation: npm ls oxbow",
      );
    const [first = []] = report.observations;
    if (first.length === 0 && report.strangers.length === 0) yield pass(report.file, "it exports no task");
    for (const task of first) yield* compare(task, report);
  },
};

function* compare(task: SeenTask, { observations }: FileReport): Generator<Found> {
  const subject = `task ${task.name}`;
  const all = observations.map((tasks) => tasks.find(({ exportName }) => exportName === task.exportName));
  const seen = all.filter((each) => each !== undefined && each.name === task.name) as readonly SeenTask[];
  if (seen.length < observations.length) {
    yield fail(
      subject,
      `The file does not export it each time as ${task.exportName}`,
      "let the file define the same tasks whenever it is imported",
    );
    return;
  }
  yield sourceOf(subject, task, seen);
  for (const index of task.keys.keys())
    yield keyOf(
      subject,
      task,
      seen.map(({ keys: made }) => made[index]!),
    );
}

function sourceOf(subject: string, task: SeenTask, seen: readonly SeenTask[]): Found {
  const { source } = task;
  if ("absent" in source)
    return task.needsSource
      ? fail(
          subject,
          `Component task-source: ${source.absent}`,
          "wrap the function in one of your own, or give the task a version",
        )
      : pass(subject, "its code cannot be read, and its key does not need it");
  const texts = differing(seen.map((each) => each.source));
  if (texts === undefined) return pass(subject, `component task-source is the same each time (${source.text})`);
  return fail(
    subject,
    `Component task-source differs from import to import: ${texts}`,
    "do not make the function, or the version, of what changes: the time, random numbers, counters",
  );
}

function keyOf(subject: string, { inputsAreRecorded }: SeenTask, made: readonly Seen[]): Found {
  const texts = differing(made);
  if (texts !== undefined)
    return fail(
      subject,
      `Component key-fn differs from call to call, for the same inputs: ${texts}`,
      "leave the time, random numbers, counters and what only this process has out of the key function",
    );
  const [first] = made;
  if (first !== undefined && "text" in first)
    return pass(
      subject,
      `component key-fn is the same each time${inputsAreRecorded ? ", for the newest recorded inputs" : ", for no inputs"}`,
    );
  const why = first === undefined ? "nothing" : first.absent;
  return inputsAreRecorded
    ? warn(subject, `Its key function gives no key for the newest recorded inputs: ${why}`, "repair the key function")
    : pass(
        subject,
        `component key-fn was not compared: no run with its inputs is recorded, and without inputs it gives no key`,
      );
}

/** Two that differ, in words; `undefined` where all are the same. */
function differing(all: readonly Seen[]): string | undefined {
  const texts = [...new Set(all.map((each) => ("text" in each ? JSON.stringify(each.text.slice(0, 80)) : "none")))];
  return texts.length > 1 ? `${texts[0]} and ${texts[1]}` : undefined;
}
