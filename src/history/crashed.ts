/* Runs whose process is gone. Nobody else ends them, so whoever looks at the history does. */
import { isGone } from "../io/process-identity.ts";
import type { FlowRunRow, RunStore, StateRow, TaskRunRow } from "./run-store.ts";

/**
 * Marks the flow runs of dead processes, and the task runs inside, as crashed. Of processes of other machines nothing is known: theirs stay.
 *
 * @param now milliseconds since 1970
 * @returns the flow runs that were marked
 */
export async function markCrashed(store: RunStore, now: number): Promise<readonly FlowRunRow[]> {
  const severalMachines = store.kind !== "sqlite";
  const gone = (await store.flowRuns.unfinished()).filter((run) => isGone(run.process, { severalMachines }));
  if (gone.length === 0) return [];
  const taskRuns: TaskRunRow[] = [];
  for (const { id } of gone) {
    for (const state of ["RUNNING", "SCHEDULED", "PENDING"]) {
      const inside = await store.taskRuns.list({ flowRunId: id, state, limit: 10_000 });
      taskRuns.push(...inside.map((run) => crashed(run, now)));
    }
  }
  const flowRuns = gone.map((run) => crashed(run, now));
  await store.write({ flowRuns, taskRuns, logs: [], cacheEvents: [], taskSources: [] });
  return flowRuns;
}

function crashed<R extends { readonly states: readonly StateRow[] }>(run: R, now: number): R {
  const message = "The process that ran it is gone";
  const timestamp = Math.max(now, run.states.at(-1)!.timestamp + 0.001);
  return { ...run, states: [...run.states, { type: "CRASHED", name: "Crashed", timestamp, message }] };
}
