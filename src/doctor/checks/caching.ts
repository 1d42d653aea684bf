import type { SettingName } from "../../settings/schema.ts";
import type { Check, CheckContext } from "../check.ts";
import { fail, type Found, pass, warn } from "../finding.ts";
import type { SeenTask } from "../observe-file.ts";

const veryShort = 60_000;

/** What switches the cache off, or lets nothing be found in it: settings, storages in memory, options of tasks. */
export const caching: Check = {
  name: "caching",
  timeoutMs: 45_000,
  async *run(context) {
    const found = [...switches(context), ...(await storages(context))];
    yield* found;
    if (found.length === 0) yield pass("settings", "results are looked up and stored");
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
    const tasks = report.observations[0] ?? [];
    for (const task of tasks) yield* ofTask(task);
    yield* sharing(tasks);
  },
};

function* switches(context: CheckContext): Generator<Found> {
  const { tasks, caching: cache } = context.settings;
  const say = (name: SettingName, value: string, effect: string): Found =>
    warn(name, `It is ${value} in ${context.sourceOf(name)}: ${effect}`, `remove it from ${context.sourceOf(name)}`);
  if (tasks.disableCaching) yield say("tasks.disableCaching", "on", "nothing is looked up, and nothing is stored");
  if (tasks.refreshCache) yield say("tasks.refreshCache", "on", "every task computes anew, whatever is stored");
  if (tasks.defaultNoCache) yield say("tasks.defaultNoCache", "on", "tasks without a cachePolicy are not cached");
  const effects = {
    off: "nothing is looked up, and nothing is stored",
    "read-only": "results are used, and new ones are not stored",
    "write-only": "results are stored, and never used",
  };
  if (cache.mode !== "read-write") yield say("caching.mode", cache.mode, effects[cache.mode]);
}

async function storages(context: CheckContext): Promise<readonly Found[]> {
  const all = await context.storages();
  return all.flatMap((each) =>
    each.storage === undefined || each.storage.capabilities.persistent
      ? []
      : [
          warn(
            each.name,
            "It is in the memory of this process: results do not outlive it",
            "use sqliteStorage(), or fileStorage()",
          ),
        ],
  );
}

/** Two tasks whose policy tells them apart by nothing but their inputs give each other their results. */
function* sharing(tasks: readonly SeenTask[]): Generator<Found> {
  const groups = Map.groupBy(
    tasks.filter(({ records, isOptedOut }) => records !== undefined && !isOptedOut),
    ({ records }) => records,
  );
  for (const group of groups.values()) {
    const names = [...new Set(group.map(({ name }) => name))];
    if (names.length < 2) continue;
    yield warn(
      `tasks ${names.join(", ")}`,
      "They share records: with equal inputs one gets what another has stored, as nothing in their policies tells them apart",
      "add TASK_SOURCE or TASK_NAME to their cachePolicy, unless that is meant: INPUTS.and(TASK_SOURCE)",
    );
  }
}

function* ofTask(task: SeenTask): Generator<Found> {
  const subject = `task ${task.name}`;
  const before = { count: 0 };
  const warned = (message: string, remedy: string): Found => {
    before.count += 1;
    return warn(subject, message, remedy);
  };
  if (task.expirationMs !== undefined && task.expirationMs < veryShort)
    yield warned(
      `Its results expire after ${task.expirationMs / 1000} s: hardly any call finds one`,
      "give it a longer cacheExpiration, or none",
    );
  if (task.memoryStorage !== undefined && !task.isOptedOut)
    yield warned(
      `Its results are in the memory of the process (${task.memoryStorage}) and do not outlive it`,
      "name a storage that is persistent as resultStorage, or none",
    );
  if (task.alwaysRefreshes) yield warned("refreshCache is on: it computes anew at every call", "leave the option out");
  if (before.count === 0)
    yield pass(subject, task.isOptedOut ? "it says itself that it is not cached" : "its options let results be found");
}
