/* What is written down of a run: the rows of the history, made when they are written. */
import type { FlowRunRow, RunCounts, StateRow, TaskRunRow } from "../../history/run-store.ts";
import { describeError } from "../../kernel/errors.ts";
import type { State } from "../../states/state.ts";
import type { FlowRun } from "../flow-run.ts";
import type { Run } from "../run.ts";
import type { Tally } from "../summary.ts";
import type { TaskRun } from "../task-run.ts";

const nothing = { json: "{}" };
const noStates: readonly StateRow[] = [];
const longestError = 8 * 1024;

/** The row of a flow run as it stands. */
export function flowRunRow(run: FlowRun, process: string): FlowRunRow {
  const { flow, resumption } = run;
  return {
    id: run.id,
    name: run.name,
    flowName: flow.name,
    parentId: run.around?.id ?? resumption?.parentId,
    version: flow.version,
    tags: flow.tags,
    states: [...(resumption?.states ?? noStates), ...run.states.map(stateRow)],
    attempt: run.attempt,
    error: errorOf(run),
    process,
    file: flow.file(),
    parameters: run.note?.shown ?? nothing,
    parametersKey: run.keptInputs,
    counts: countsOf(run.tally),
  };
}

/** The row of a task run as it stands. */
export function taskRunRow(run: TaskRun): TaskRunRow {
  const { task, state, cached } = run;
  const decision = state?.decision;
  const isHit = decision?.outcome === "hit";
  return {
    id: run.id,
    name: run.name,
    taskName: task.name,
    parentId: run.parent?.id,
    flowRunId: run.flowRun?.id,
    version: task.version,
    tags: task.tags,
    states: run.states.map(stateRow),
    attempt: run.attempt,
    error: errorOf(run),
    inputs: run.note?.shown ?? nothing,
    inputsKey: run.keptInputs,
    upstream: run.upstream,
    outcome: decision?.outcome,
    // Of a hit the words are made of the record, which is still there when somebody asks.
    reason: decision?.reason,
    key: decision?.key,
    // A hit has the components of the record that it found.
    components: isHit ? undefined : cached?.key.digests(),
    storage: cached?.store.storage.location,
    persisted: state?.persisted ?? false,
    durationMs: isHit ? decision.record?.durationMs : durationOf(run),
    savedMs: decision?.savedMs ?? 0,
  };
}

function stateRow({ type, name, timestamp, message }: State): StateRow {
  return { type, name, timestamp, message };
}

/** From the first beginning of the body to the end. */
function durationOf({ states }: Run): number | undefined {
  const last = states.at(-1);
  if (!last?.isFinal) return undefined;
  const begun = states.find(({ type }) => type === "RUNNING");
  return begun && last.timestamp - begun.timestamp;
}

function errorOf({ state }: Run): string | undefined {
  if (!state || state.isCompleted || state.error === undefined) return undefined;
  const { error } = state;
  const text = error instanceof Error && error.stack !== undefined ? error.stack : describeError(error);
  return text.slice(0, longestError);
}

function countsOf({ tasks, failed, savedMs, outcomes }: Tally): RunCounts {
  return { tasks, failed, savedMs, ...outcomes };
}
