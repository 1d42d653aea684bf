import { flushHistory, historyOf, services } from "../defaults.ts";
import { scopeForRun } from "../engine/scope.ts";
import type { RunStore } from "../history/run-store.ts";

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
  return historyOf(scopeForRun(services).settings);
}
