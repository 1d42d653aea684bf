/*
 * DESIGN. The way of one flow call, from the arguments to the final state:
 *
 *   validate parameters ─▶ attempts (all with one run id) ─▶ futures in the return value ─▶ final state, summary
 *
 * A run never rejects: whatever happens ends in a state. Tasks that the flow submitted and did not wait for are waited
 * for before it ends.
 */
import { describeError, MissingResultError, UpstreamError } from "../kernel/errors.ts";
import { State } from "../states/state.ts";
import { cancelled, completed, crashed, failed, paused, pending, running, timedOut } from "../states/transitions.ts";
import { runAttempts, type AttemptRules } from "./attempts.ts";
import type { FlowRun } from "./flow-run.ts";
import { findFutures, resolveFutures, takeInput } from "./futures.ts";
import { runHooks } from "./hooks.ts";
import { dropInputs, keepInputs } from "./keep-inputs.ts";
import { join, nodeOf, rollBackRun } from "./run-transaction.ts";
import { enter } from "./scope.ts";
import { roots } from "./signals.ts";
import { validateParameters } from "./validation.ts";

/** Runs a flow run to its final state. Never rejects. */
export async function runFlow(run: FlowRun): Promise<State> {
  const { flow } = run;
  const around = run.around ?? roots;
  around.adopt(run);
  const leave = join(run);
  try {
    if (run.joins) nodeOf(run);
    run.enter(pending(run.now()));
    run.logger.info(`${run.resumption ? "Resuming" : "Beginning"} flow run '${run.name}' for flow '${flow.name}'`);
    const found = findFutures(run.args);
    if (found) run.replaceArguments(await resolveFutures(found, (future, value) => takeInput(run, future, value)));
    if (flow.schema) await validateParameters(run, flow.schema);
    run.enter(running(run.now()));
    // The history does not hold all of them: too large ones are kept where results are.
    if (run.note?.shown.left && !run.planner) await keepInputs(run, true);
    if (flow.onRunning.length > 0) await runHooks(flow.onRunning, run, run.state!);
    const outcome = await runAttempts(run, rulesOf(run), () =>
      enter(run, () => run.services.watchers.around(run, () => callBody(run))),
    );
    return await end(run, outcome.ok ? finalState(run, outcome.value) : ended(run, outcome.error, outcome.timedOut));
  } catch (error) {
    return await end(run, failed(run.now(), "Flow", error));
  } finally {
    around.disown(run);
    leave?.();
  }
}

async function callBody(run: FlowRun): Promise<unknown> {
  const value = await (run.flow.fn as (...args: readonly unknown[]) => unknown)(...run.args);
  const found = findFutures(value);
  if (!found) return value;
  try {
    return await resolveFutures(found);
  } catch (error) {
    // Futures that are returned count: one that failed fails the flow, with the error of its task.
    throw error instanceof UpstreamError && error.cause !== undefined ? error.cause : error;
  }
}

function rulesOf(run: FlowRun): AttemptRules {
  const { flow, settings } = run;
  return {
    kind: "Flow",
    retries: run.planner ? 0 : (flow.retries ?? settings.flows.defaultRetries),
    delay: flow.retryDelay ?? settings.flows.defaultRetryDelay,
    jitter: flow.retryJitter,
    // Who waits for somebody is not tried again.
    retryWhen: () => !run.suspension,
    timeoutMs: flow.timeoutMs,
  };
}

/** A state that was returned decides; several of them are taken together; anything else is the value. */
function finalState(run: FlowRun, value: unknown): State {
  if (value instanceof State) return adoptState(run, value);
  if (!Array.isArray(value) || value.length === 0 || !value.every((each) => each instanceof State))
    return completed(run.now(), value);
  const states: readonly State[] = value;
  const bad = states.filter((state) => !state.isCompleted);
  if (bad.length === 0)
    return new State("COMPLETED", "Completed", run.now(), { message: "All states completed", value });
  const gone = bad.filter((state) => state.isCancelled);
  const details = { error: bad[0]!.error, value };
  return gone.length > 0
    ? new State("CANCELLED", "Cancelled", run.now(), {
        ...details,
        message: `${gone.length}/${states.length} states cancelled`,
      })
    : new State("FAILED", "Failed", run.now(), { ...details, message: `${bad.length}/${states.length} states failed` });
}

function adoptState(run: FlowRun, state: State): State {
  if (!state.isFinal) {
    const error = state.error ?? new MissingResultError(`The flow returned a state that is not final: ${state}`);
    return failed(run.now(), "Flow", error);
  }
  const details = { message: state.message, error: state.error, ...(state.isCompleted && { value: state.result() }) };
  return new State(state.type, state.name === "Cached" ? "Completed" : state.name, run.now(), details);
}

function ended(run: FlowRun, error: unknown, overTime: boolean): State {
  const at = run.now();
  if (run.interruption?.kind === "crash") return crashed(at, `Execution was aborted: ${describeError(error)}`, error);
  if (run.interruption) return cancelled(at, run.interruption.error);
  if (run.suspension) return paused(at, "Suspended", run.suspension.question, run.suspension);
  if (overTime) return timedOut(at, (error as Error).message, error);
  return failed(at, "Flow", error);
}

/** Ends a run; inside a transaction what it did becomes a part of that, or is undone. */
async function end(run: FlowRun, state: State): Promise<State> {
  if (run.node && state.isCompleted) await run.node.close();
  else if (run.node && !run.node.isSettled) await rollBackRun(run, state);
  return enterFinal(run, state);
}

async function enterFinal(run: FlowRun, state: State): Promise<State> {
  const { flow } = run;
  if (state.isCompleted) await dropInputs(run);
  run.enter(state);
  run.parent?.tally.add(run.tally);
  if (run.tally.tasks > 0) run.logger.info(String(run.tally));
  if (state.type === "PAUSED")
    run.logger.info(`Suspended: ${state.message} To go on: oxbow flow-run resume ${run.name}`);
  else run.logger[state.isCompleted ? "info" : "error"](`Finished in state ${state}`);
  const hooks = state.isCompleted
    ? flow.onCompletion
    : state.type === "PAUSED"
      ? []
      : state.type === "CRASHED"
        ? flow.onCrashed
        : state.isCancelled
          ? flow.onCancellation
          : flow.onFailure;
  if (hooks.length > 0) await runHooks(hooks, run, state);
  return state;
}
