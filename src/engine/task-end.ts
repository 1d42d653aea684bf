/* How a task run ends: what it did becomes a part of its transaction or is undone, then it enters its final state and says so. */
import { describeError, type SuspendedError } from "../kernel/errors.ts";
import type { Decision } from "../states/decision.ts";
import type { State } from "../states/state.ts";
import { cancelled, crashed, failed, paused, timedOut } from "../states/transitions.ts";
import type { TransactionNode } from "../transactions/node.ts";
import { runHooks } from "./hooks.ts";
import { dropInputs, keepInputs } from "./keep-inputs.ts";
import { rollBackRun } from "./run-transaction.ts";
import type { TaskRun } from "./task-run.ts";

/** The state of a run whose attempts came to nothing. */
export function ended(run: TaskRun, error: unknown, overTime: boolean, decision?: Decision): State {
  const at = run.now();
  if (run.interruption?.kind === "crash") return crashed(at, `Execution was aborted: ${describeError(error)}`, error);
  if (run.interruption) return cancelled(at, run.interruption.error, decision);
  if (overTime) return timedOut(at, (error as Error).message, error, decision);
  return failed(at, "Task", error, decision);
}

/** The state of a run that waits for somebody. */
export function waiting(run: TaskRun, error: SuspendedError): State {
  return paused(run.now(), "Suspended", error.question, error);
}

/** Undoes what a run did that did not complete, then ends it. */
export function end(run: TaskRun, state: State): State | Promise<State> {
  if (!(run.node ?? run.joins) || run.node?.isSettled) return enterFinal(run, state);
  if (state.isCompleted) return run.node ? closeHit(run, run.node, state) : enterFinal(run, state);
  return rollBackRun(run, state).then(() => enterFinal(run, state));
}

/** A hit has nothing of its own to commit; what its hooks have begun has. */
async function closeHit(run: TaskRun, node: TransactionNode, state: State): Promise<State> {
  try {
    await node.close();
  } catch (error) {
    run.logger.error(`What was done beside the hit could not be committed: ${describeError(error)}`);
  }
  return enterFinal(run, state);
}

/** What a run kept for another run of it goes with its completion; one that has not completed keeps it. */
function enterFinal(run: TaskRun, state: State): State | Promise<State> {
  const runsAgain = (state.isFailed || state.type === "PAUSED") && run.settings.history.enabled;
  if (runsAgain) return keepInputs(run).then(() => enterState(run, state));
  if (run.keptInputs !== undefined) return dropInputs(run).then(() => enterState(run, state));
  return enterState(run, state);
}

/** Enters the final state, says so, and runs the hooks of it. */
function enterState(run: TaskRun, state: State): State | Promise<State> {
  const { task } = run;
  run.enter(state);
  if (state.type !== "PAUSED") run.flowRun?.tally.count(state);
  const { decision } = state;
  const told = decision && decision.outcome !== "disabled";
  if (state.type === "PAUSED") {
    if (run.tells("info")) run.logger.info(`Waits for somebody in state ${state}`);
  } else if (state.isCompleted) {
    if (run.tells("info")) run.logger.info(`Finished in state ${state}${told ? ` - ${decision}` : ""}`);
  } else {
    // Of thousands that never started, one line each would hide the one that matters.
    const level = state.isCancelled && run.states.length <= 2 ? "debug" : "error";
    if (run.tells(level)) run.logger[level](`Finished in state ${state}`);
  }
  const hooks = state.isCompleted ? task.onCompletion : state.isFailed ? task.onFailure : [];
  return hooks.length > 0 ? runHooks(hooks, run, state).then(() => state) : state;
}
