/* What spans say of runs. docs/guide/telemetry.md has the list for people. */
import type { Attributes } from "@opentelemetry/api";
import { FlowRun } from "../engine/flow-run.ts";
import type { TaskRun } from "../engine/task-run.ts";
import type { Decision } from "../states/decision.ts";
import type { State } from "../states/state.ts";

/** What is known of a run when it begins. */
export function attributesOf(run: FlowRun | TaskRun): Attributes {
  return run instanceof FlowRun ? ofFlow(run) : { ...ofTask(run), ...(run.flowRun && namesOf(run.flowRun)) };
}

function ofTask({ task, id, name }: TaskRun): Attributes {
  return {
    "oxbow.task.name": task.name,
    "oxbow.task_run.id": id,
    "oxbow.task_run.name": name,
    ...(task.version !== undefined && { "oxbow.task.version": task.version }),
    ...(task.tags.length > 0 && { "oxbow.tags": [...task.tags] }),
  };
}

function ofFlow(run: FlowRun): Attributes {
  const { version, tags } = run.flow;
  return {
    ...namesOf(run),
    ...(version !== undefined && { "oxbow.flow.version": version }),
    ...(tags.length > 0 && { "oxbow.tags": [...tags] }),
    ...(run.resumption && { "oxbow.flow_run.resumed": true }),
  };
}

function namesOf({ flow, id, name }: FlowRun): Attributes {
  return { "oxbow.flow.name": flow.name, "oxbow.flow_run.id": id, "oxbow.flow_run.name": name };
}

/** What is known of a run when it ends. */
export function endOf({ attempt }: FlowRun | TaskRun, state: State): Attributes {
  const { decision } = state;
  return { "oxbow.run.attempt": attempt, ...stateOf(state), ...(decision && ofCache(decision)) };
}

export function stateOf({ type, name }: State): Attributes {
  return { "oxbow.state.type": type, "oxbow.state.name": name };
}

export function outcomeOf(decision: Decision | undefined): Attributes {
  return decision ? { "oxbow.cache.outcome": decision.outcome } : {};
}

function ofCache(decision: Decision): Attributes {
  const { reason, key, savedMs } = decision;
  return {
    ...outcomeOf(decision),
    "oxbow.cache.reason": reason,
    ...(key !== undefined && { "oxbow.cache.key": key }),
    ...(decision.outcome === "hit" && { "oxbow.cache.saved_ms": savedMs }),
  };
}
