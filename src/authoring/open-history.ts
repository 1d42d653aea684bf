import { flushHistory, historyOf } from "../defaults.ts";
import type { RunStore } from "../history/run-store.ts";
import { loadSettings } from "../settings/settings.ts";

/**
 * The run history that the settings name, with everything in it that has happened in this process so far.
 *
 * @throws {StorageError} where it cannot be reached or read
 * @example
 * const history = await openHistory();
 * for (const run of await history.flowRuns.list({ state: "FAILED" })) console.log(run.name);
 */
export async function openHistory(): Promise<RunStore> {
  await flushHistory();
  return historyOf(loadSettings());
}
