/*
 * DESIGN. Going on with a run of the history, in this process: the same run id, the parameters that it had. The function is
 * called again from its beginning; tasks whose results are stored under keys of that run, or of any, are hits.
 */
import type { FlowRunRow, RunStore, TaskRunRow } from "../history/run-store.ts";
import { keptInputs } from "../engine/keep-inputs.ts";
import { runFlow } from "../engine/flow-engine.ts";
import { FlowRun } from "../engine/flow-run.ts";
import { scopeForRun, type Scope } from "../engine/scope.ts";
import { runTask } from "../engine/task-engine.ts";
import { TaskRun } from "../engine/task-run.ts";
import { type Parameters, unbindInputs } from "../hashing/parameters.ts";
import { newId } from "../kernel/ids.ts";
import { ConfigurationError, HistoryError, MissingResultError } from "../kernel/errors.ts";
import { nearest } from "../kernel/suggest.ts";
import type { State } from "../states/state.ts";
import { flushHistory, isGone, markCrashed, readShown, services } from "../defaults.ts";
import { defineFlow } from "./define-flow.ts";
import { definitionOf } from "./definition-of.ts";
import type { Flow } from "./flow.ts";
import type { Task } from "./task.ts";

/** How a flow run is gone on with. */
export interface ResumeOptions {
  /** The name of a task that computes again, whatever is stored: what depends on it does too, where its result is another one. @default none */
  readonly from?: string;
  /** Parameters that are other than they were, by name. @default none */
  readonly parameters?: Readonly<Record<string, unknown>>;
  /** What the run waits for, answered: by the name of the question. Noted when it is certain that the run can go on. @default none */
  readonly answers?: Readonly<Record<string, unknown>>;
}

/**
 * Goes on with a flow run that failed, crashed, was cancelled or suspended, under the same run id.
 *
 * @param flow the flow that it is a run of
 * @param idOrName its id, the beginning of its id, or its name
 * @returns its final state; never rejects for a run that fails
 * @throws {HistoryError} where there is no such run, or it cannot go on
 * @throws {ConfigurationError} where parameters are missing or unknown, or runs are not recorded
 */
export async function resumeFlowRun(flow: Flow, idOrName: string, options: ResumeOptions = {}): Promise<State> {
  const definition = definitionOf(flow);
  if (definition?.kind !== "flow") throw new TypeError("resumeFlowRun() needs a flow");
  const scope = scopeForRun(services);
  const store = await historyIn(scope);
  await markCrashed(store, scope.clock.now());
  const row = await store.flowRuns.find(idOrName);
  if (!row) throw notFound("flow run", idOrName);
  checkResumable(row, definition.name, options, store);
  const parameters = { ...(await parametersOf(row, scope)), ...options.parameters };
  const known = definition.parameters();
  checkParameters(row, parameters, options, known.open ? undefined : known.names);
  if (options.from !== undefined) await checkTask(store, row, options.from);
  const lease = await claim(scope, row);
  try {
    for (const [name, answer] of Object.entries(options.answers ?? {}))
      await store.questions.answer(row.id, name, JSON.stringify(answer), scope.clock.now());
    const afresh = new Set(options.from === undefined ? [] : [options.from]);
    const { id, parentId, parametersKey } = row;
    // Somebody may have gone on with it before the claim.
    const { states } = (await store.flowRuns.find(id)) ?? row;
    if (states.length !== row.states.length) throw notNow(row, "has been resumed a moment ago", "look at it again");
    await store.requests.withdraw(id);
    const resumption = { id, parentId, parametersKey, states, afresh };
    return await runFlow(new FlowRun(definition, argumentsOf(known, parameters), scope, { resumption }));
  } finally {
    await lease?.release();
  }
}

/**
 * Runs one task run again, alone, with the inputs that it had and as a part of the same flow run: its result is found when that
 * is resumed.
 *
 * @param task the task that it is a run of
 * @returns the final state of the new task run
 * @throws {HistoryError} where there is no such run, or its inputs are not there
 */
export async function retryTaskRun(
  task: Task,
  idOrName: string,
  options: { readonly inputs?: Readonly<Record<string, unknown>> } = {},
): Promise<State> {
  const definition = definitionOf(task);
  if (definition?.kind !== "task") throw new TypeError("retryTaskRun() needs a task");
  const scope = scopeForRun(services);
  const store = await historyIn(scope);
  const row = await store.taskRuns.find(idOrName);
  if (!row) throw notFound("task run", idOrName);
  if (row.taskName !== definition.name) throw otherName("task", row.name, row.taskName, definition.name);
  const inputs = await inputsOf(row, scope, options.inputs);
  const known = definition.parameters();
  const flowRun = row.flowRunId === undefined ? undefined : await flowRunAround(store, row.flowRunId, scope);
  const approved = definition.isManual ? { ...definition, isManual: false } : definition;
  const surroundings = flowRun ? inFlow(flowRun) : scope;
  return runTask(new TaskRun(approved, argumentsOf(known, inputs), surroundings, newId()));
}

async function historyIn({ settings }: Scope): Promise<RunStore> {
  const recorder = services.recorder(settings);
  if (recorder) {
    await flushHistory();
    return recorder.store();
  }
  throw new ConfigurationError("OXBOW_SETTING_INVALID", "Only recorded runs can go on, and history.enabled is off");
}

function notFound(kind: string, idOrName: string): HistoryError {
  return new HistoryError("OXBOW_RUN_NOT_FOUND", `There is no ${kind} ${JSON.stringify(idOrName)} in the history`, {
    hint: `oxbow ${kind.replace(" ", "-")} ls shows those that there are`,
  });
}

function otherName(kind: string, run: string, its: string, given: string): HistoryError {
  return new HistoryError("OXBOW_RUN_NOT_RESUMABLE", `${run} is a run of ${kind} '${its}', not of '${given}'`);
}

function checkResumable(row: FlowRunRow, name: string, { from, parameters }: ResumeOptions, { kind }: RunStore): void {
  if (row.flowName !== name) throw otherName("flow", row.name, row.flowName, name);
  const { type, name: stateName } = row.states.at(-1)!;
  if (stateName === "Paused" && !isGone(row.process, { severalMachines: kind !== "sqlite" }))
    throw notNow(row, "is paused in its own process", "answer it there: oxbow flow-run resume");
  const isOver = type === "FAILED" || type === "CRASHED" || type === "CANCELLED" || type === "PAUSED";
  const isChanged = type === "COMPLETED" && (from !== undefined || parameters !== undefined);
  if (isOver || isChanged) return;
  const [why, hint] =
    type === "COMPLETED"
      ? [
          "has completed",
          "to compute some of it again, name a task to begin from (`from`, --from), or other parameters",
        ]
      : ["is still running", "cancel it first, or wait for its end"];
  throw notNow(row, why, hint);
}

function notNow(row: FlowRunRow, why: string, hint: string): HistoryError {
  return new HistoryError("OXBOW_RUN_NOT_RESUMABLE", `Flow run ${row.name} ${why}`, { hint });
}

/** The arguments that have these names; those beyond the parameters are called by their places, `args[2]`. */
function argumentsOf(known: Parameters, inputs: Readonly<Record<string, unknown>>): readonly unknown[] {
  const places = Object.keys(inputs).map((name) => Number(/^args\[(\d+)\]$/.exec(name)?.[1] ?? -1));
  const given: unknown[] = Array.from({ length: Math.max(-1, ...places) + 1 });
  if (known.kind === "destructured") given[0] = {};
  return unbindInputs(known, given, inputs);
}

/** A task that never ran in it computes anyway; its name is mistyped. */
async function checkTask(store: RunStore, row: FlowRunRow, from: string): Promise<void> {
  const [one] = await store.taskRuns.list({ flowRunId: row.id, of: from, limit: 1 });
  if (one) return;
  const names = new Set((await store.taskRuns.list({ flowRunId: row.id, limit: 1000 })).map((run) => run.taskName));
  const meant = nearest(from, [...names]);
  throw new ConfigurationError("OXBOW_OPTION_INVALID", `Flow run ${row.name} has no run of a task '${from}'`, {
    hint: meant ? `did you mean ${meant}?` : `it has runs of ${[...names].join(", ") || "no task"}`,
  });
}

/** What the run was called with: from the history, and what that leaves out from the result storage. */
async function parametersOf(row: FlowRunRow, scope: Scope): Promise<Record<string, unknown>> {
  const shown = readShown(row.parameters);
  return row.parameters.left && row.parametersKey !== undefined ? { ...(await kept(row.id, scope)), ...shown } : shown;
}

async function inputsOf(
  row: TaskRunRow,
  scope: Scope,
  given: Readonly<Record<string, unknown>> = {},
): Promise<Record<string, unknown>> {
  const shown = readShown(row.inputs);
  if (!row.inputs.left) return { ...shown, ...given };
  const found = row.inputsKey === undefined ? {} : await kept(row.id, scope);
  const all: Record<string, unknown> = { ...found, ...shown, ...given };
  const missing = Object.entries(row.inputs.left).filter(([name]) => !Object.hasOwn(all, name));
  if (missing.length === 0) return all;
  const list = missing.map(([name, why]) => `${name} (${why})`).join(", ");
  throw new HistoryError("OXBOW_RUN_NOT_RESUMABLE", `Inputs of ${row.name} were not kept: ${list}`, {
    hint: "pass them as inputs",
  });
}

async function kept(runId: string, { settings }: Scope): Promise<Record<string, unknown>> {
  const choice = { storage: undefined, keyStorage: undefined, serializer: undefined };
  try {
    return await keptInputs(await services.resultStore(settings, choice), runId);
  } catch (error) {
    if (error instanceof MissingResultError) return {};
    throw error;
  }
}

function checkParameters(
  row: FlowRunRow,
  parameters: Readonly<Record<string, unknown>>,
  options: ResumeOptions,
  names: readonly string[] | undefined,
): void {
  const unknown = Object.keys(options.parameters ?? {}).find((name) => names && !names.includes(name));
  if (unknown !== undefined && names) {
    const meant = nearest(unknown, names);
    throw new ConfigurationError("OXBOW_OPTION_UNKNOWN", `Flow '${row.flowName}' has no parameter ${unknown}`, {
      hint: meant ? `did you mean ${meant}?` : `its parameters are ${names.join(", ")}`,
    });
  }
  const missing = Object.entries(row.parameters.left ?? {}).filter(([name]) => !Object.hasOwn(parameters, name));
  if (missing.length === 0) return;
  const list = missing.map(([name, why]) => `${name} (${why})`).join(", ");
  throw new HistoryError("OXBOW_RUN_NOT_RESUMABLE", `Parameters of ${row.name} were not kept: ${list}`, {
    hint: "pass them as parameters",
  });
}

/** One process at a time goes on with a run. */
async function claim(scope: Scope, row: FlowRunRow): Promise<{ release(): unknown } | undefined> {
  const choice = { storage: undefined, keyStorage: undefined, serializer: undefined };
  const { storage } = await services.resultStore(scope.settings, choice);
  const locks = services.locksOf(storage, scope.settings);
  if (!locks) return undefined;
  const lease = await locks.acquire(`flow-run/${row.id}`, newId(), { timeout: 0 });
  if (lease) return lease;
  throw new HistoryError("OXBOW_RUN_NOT_RESUMABLE", `Flow run ${row.name} is being resumed by somebody else`);
}

/** What stands for the flow run that a task run was a part of: its id and its parameters are in the keys. */
async function flowRunAround(store: RunStore, id: string, scope: Scope): Promise<FlowRun | undefined> {
  const row = await store.flowRuns.find(id);
  if (!row) return undefined;
  const parameters = await parametersOf(row, scope);
  const names = Object.keys(parameters);
  const definition = defineFlow(row.flowName, { params: names }, () => undefined);
  const resumption = { id, states: row.states, afresh: new Set<string>() };
  return new FlowRun(definition, Object.values(parameters), scope, { resumption });
}

function inFlow(flowRun: FlowRun): Scope {
  return flowRun;
}
