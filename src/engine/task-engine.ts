/*
 * DESIGN. The way of one task call, from the arguments to the final state. This file is the order; each step is a file
 * of its own.
 *
 *   resolve inputs ─▶ validate ─▶ compute key ─▶ look up, perhaps under a lock ─▶ hit? ─▶ Cached
 *                                                   └─▶ else attempts ─▶ store or stage ─▶ Completed
 *                                                                 └─▶ failed ─▶ roll back ─▶ Failed
 *
 * From the lookup on it is a transaction, one for all attempts; see run-transaction.ts. A run never rejects: whatever happens ends in a
 * state. Steps await only what has to be waited for, so that a hit in memory costs one promise in all.
 */
import { isPromise } from "../kernel/awaitable.ts";
import { CachingError, ConfigurationError, LockError, describeError, messageOf } from "../kernel/errors.ts";
import { Decision } from "../states/decision.ts";
import { noteRolledBack, type State } from "../states/state.ts";
import { cached, cancelled, completed, crashed, failed, pending, running, timedOut } from "../states/transitions.ts";
import { runAttempts, type AttemptRules, type Outcome } from "./attempts.ts";
import { planCaching, type CachePlan } from "./cache-plan.ts";
import { conclude } from "./conclude.ts";
import { awaitUpstream, futuresOf } from "./futures.ts";
import { runHooks } from "./hooks.ts";
import { askIsolated } from "./isolation.ts";
import { join, rollBackRun } from "./run-transaction.ts";
import { enter } from "./scope.ts";
import { roots } from "./signals.ts";
import type { TaskRun } from "./task-run.ts";
import type { TransactionNode } from "../transactions/node.ts";
import { validateInputs, validateOutput } from "./validation.ts";

/** Runs a task run to its final state. Never rejects. */
export async function runTask(run: TaskRun): Promise<State> {
  const { task } = run;
  // What a hook of a transaction begins is there to undo or to finish: nobody cancels it.
  const around = run.outer.hookOf ? nobody : (run.parent ?? run.flowRun ?? roots);
  around.adopt(run);
  const leave = join(run);
  try {
    run.enter(pending(run.now()));
    if (around === roots && !run.interruption && run.tells("info"))
      run.logger.info(`Created task run '${run.name}' for task '${task.name}'`);
    const found = run.interruption ? undefined : futuresOf(run);
    if (found) {
      const blocked = await awaitUpstream(run, found);
      if (blocked && !run.interruption) return await end(run, blocked);
    }
    if (run.interruption) return await end(run, ended(run, run.interruption.error, false));
    if (task.input) await validateInputs(run, task.input);
    run.enter(running(run.now()));
    if (task.onRunning.length > 0) await runHooks(task.onRunning, run, run.state!);

    const planned = planCaching(run);
    const plan = isPromise(planned) ? await planned : planned;
    if (plan.kind === "without") return await compute(run, plan, plan.decision);

    const asked = askIsolated(run, plan);
    const answer = isPromise(asked) ? await asked : asked;
    const cut = run.ended();
    if (cut) return await end(run, ended(run, cut.error, false, answer.decision));
    if (answer.hit) {
      const state = end(
        run,
        cached(
          run.now(),
          answer.value,
          answer.decision,
          !answer.isStaged && plan.store.storage.capabilities.persistent,
        ),
      );
      return isPromise(state) ? await state : state;
    }
    return await compute(run, plan, answer.decision);
  } catch (error) {
    // Not the body's failure: inputs that were refused, or a cache that failed while caching is strict.
    const decision = isOfCache(error) ? new Decision("uncached", messageOf(error)) : undefined;
    if (run.state?.isFinal) return run.state;
    const cut = run.ended();
    return await end(run, cut ? ended(run, cut.error, false) : failed(run.now(), "Task", error, decision));
  } finally {
    around.disown(run);
    leave?.();
  }
}

async function compute(run: TaskRun, plan: CachePlan, decision: Decision): Promise<State> {
  const attempts = runAttempts(run, rulesOf(run), () => callBody(run));
  const outcome: Outcome = isPromise(attempts) ? await attempts : attempts;
  if (!outcome.ok) return end(run, ended(run, outcome.error, outcome.timedOut, decision));
  let state: State;
  try {
    const value = run.task.output ? await validateOutput(run, outcome.value) : outcome.value;
    const concluding = conclude(run, plan, decision, outcome.value, outcome.durationMs);
    const written = isPromise(concluding) ? await concluding : concluding;
    const cut = run.node?.isSettled ? undefined : run.ended();
    state = cut
      ? ended(run, cut.error, false, written.decision)
      : completed(run.now(), value, written.decision, written.persisted);
    if (written.undone !== undefined) noteRolledBack(state, written.undone);
  } catch (error) {
    // The body did its work; its result was refused, or could not be stored while caching is strict.
    state = failed(run.now(), "Task", error, decision);
  }
  return end(run, state);
}

const nobody = { adopt: (): void => undefined, disown: (): void => undefined };

function isOfCache(error: unknown): boolean {
  return error instanceof CachingError || error instanceof LockError || error instanceof ConfigurationError;
}

function callBody(run: TaskRun): unknown {
  return enter(run, () => (run.task.fn as (...args: readonly unknown[]) => unknown)(...run.args));
}

function rulesOf(run: TaskRun): AttemptRules {
  const { task, settings } = run;
  return {
    kind: "Task",
    retries: task.retries ?? settings.tasks.defaultRetries,
    delay: task.retryDelay ?? settings.tasks.defaultRetryDelay,
    jitter: task.retryJitter,
    retryWhen: task.retryWhen && ((error) => task.retryWhen!(error, run)),
    timeoutMs: task.timeoutMs,
    onRetry: async () => runHooks(task.onRunning, run, run.state!),
  };
}

/** The state of a run whose attempts came to nothing. */
function ended(run: TaskRun, error: unknown, overTime: boolean, decision?: Decision): State {
  const at = run.now();
  if (run.interruption?.kind === "crash") return crashed(at, `Execution was aborted: ${describeError(error)}`, error);
  if (run.interruption) return cancelled(at, run.interruption.error, decision);
  if (overTime) return timedOut(at, (error as Error).message, error, decision);
  return failed(at, "Task", error, decision);
}

/** Undoes what a run did that did not complete, then ends it. */
function end(run: TaskRun, state: State): State | Promise<State> {
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
