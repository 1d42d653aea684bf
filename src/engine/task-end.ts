/* How a task run ends: what it did becomes a part of its transaction or is undone, then it enters its final state and says so. */
import { describeError } from "../kernel/errors.ts";
import type { Decision } from "../states/decision.ts";
import type { State } from "../states/state.ts";
import { cancelled, crashed, failed, timedOut } from "../states/transitions.ts";
import type { TransactionNode } from "../transactions/node.ts";
import { runHooks } from "./hooks.ts";
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

/** Enters the final state, says so, and runs the hooks of it. */
function enterFinal(run: TaskRun, state: State): State | Promise<State> {
  const { task } = run;
  run.enter(state);
  run.flowRun?.tally.count(state);
  const { decision } = state;
  const told = decision && decision.outcome !== "disabled";
  if (state.isCompleted) {
    if (run.tells("info")) run.logger.info(`Finished in state ${state}${told ? ` - ${decision}` : ""}`);
  } else {
    // Of thousands that never started, one line each would hide the one that matters.
    const level = state.isCancelled && run.states.length <= 2 ? "debug" : "error";
    if (run.tells(level)) run.logger[level](`Finished in state ${state}`);
  }
  const hooks = state.isCompleted ? task.onCompletion : state.isFailed ? task.onFailure : [];
  return hooks.length > 0 ? runHooks(hooks, run, state).then(() => state) : state;
}
