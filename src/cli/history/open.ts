/* The run history, for a command. */
import { historyOf } from "../../defaults/history.ts";
import { markCrashed } from "../../history/crashed.ts";
import type { FlowRunRow, RunStore, TaskRunRow } from "../../history/run-store.ts";
import { HistoryError } from "../../kernel/errors.ts";
import { loadSettings } from "../../settings/settings.ts";

/** Hands the run history of the settings to a function, and lets go of it afterwards. */
export async function withHistory<T>(use: (store: RunStore) => Promise<T>): Promise<T> {
  const store = await historyOf(loadSettings());
  try {
    await markThoseThatAreGone(store);
    return await use(store);
  } finally {
    await store.close();
  }
}

/** Runs whose process has died would stand there as running for ever. */
async function markThoseThatAreGone(store: RunStore): Promise<void> {
  try {
    const now = Date.now();
    await markCrashed(store, now);
    await store.prune(now - (loadSettings().history.retention ?? Number.POSITIVE_INFINITY));
  } catch {
    // A history that cannot be written can still be read, or the command itself says what is wrong with it.
  }
}

/** A flow run by its id, the beginning of it, or its name. @throws {HistoryError} where there is none */
export async function flowRunNamed(store: RunStore, idOrName: string): Promise<FlowRunRow> {
  return (await store.flowRuns.find(idOrName)) ?? missing("flow run", idOrName);
}

/** A task run by its id, the beginning of it, or its name. @throws {HistoryError} where there is none */
export async function taskRunNamed(store: RunStore, idOrName: string): Promise<TaskRunRow> {
  return (await store.taskRuns.find(idOrName)) ?? missing("task run", idOrName);
}

function missing(kind: string, idOrName: string): never {
  throw new HistoryError("OXBOW_RUN_NOT_FOUND", `There is no ${kind} ${JSON.stringify(idOrName)} in the history`, {
    hint: `oxbow ${kind.replace(" ", "-")} ls shows those that there are`,
  });
}
