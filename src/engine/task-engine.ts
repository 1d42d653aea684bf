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
import { CachingError, ConfigurationError, LockError, messageOf } from "../kernel/errors.ts";
import { Decision } from "../states/decision.ts";
import { noteRolledBack, type State } from "../states/state.ts";
import { cached, completed, failed, pending, running } from "../states/transitions.ts";
import { runAttempts, type AttemptRules, type Outcome } from "./attempts.ts";
import { ask } from "./caching.ts";
import { planCaching, type CachePlan } from "./cache-plan.ts";
import { conclude } from "./conclude.ts";
import { awaitUpstream, futuresOf } from "./futures.ts";
import { keepInputs } from "./keep-inputs.ts";
import { approved } from "./manual-trigger.ts";
import { gather, type Yielded } from "./gather.ts";
import { runHooks } from "./hooks.ts";
import { askIsolated } from "./isolation.ts";
import type { Planner } from "./planner.ts";
import { handed, recorded } from "./recording.ts";
import { join } from "./run-transaction.ts";
import { enter } from "./scope.ts";
import { roots } from "./signals.ts";
import { end, ended, waiting } from "./task-end.ts";
import type { TaskRun } from "./task-run.ts";
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
    const planner = run.flowRun?.planner;
    planner?.begin();
    if (task.onRunning.length > 0 && !planner) await runHooks(task.onRunning, run, run.state!);

    const planning = planCaching(run);
    const plan = isPromise(planning) ? await planning : planning;
    if (plan.kind === "without") {
      if (planner) return await planned(run, planner, plan.decision)!;
      return await compute(run, plan, plan.decision);
    }

    const asked = planner ? ask(run, plan) : askIsolated(run, plan);
    const answer = isPromise(asked) ? await asked : asked;
    if (planner) await planned(run, planner, answer.decision);
    const cut = run.ended();
    if (cut) return await end(run, ended(run, cut.error, false, answer.decision));
    if (answer.hit) {
      const { value, decision } = answer;
      const persisted = !answer.isStaged && plan.store.storage.capabilities.persistent;
      const state = end(run, cached(run.now(), value, decision, persisted, messageOfHit(plan)));
      return isPromise(state) ? await state : state;
    }
    return await compute(run, plan, answer.decision);
  } catch (error) {
    // Not the body's failure: inputs that were refused, or a cache that failed while caching is strict.
    const decision = isOfCache(error) ? new Decision("uncached", messageOf(error)) : undefined;
    if (run.state?.isFinal) return run.state;
    const cut = run.ended();
    if (run.suspension && run.suspension === error && !cut) return await end(run, waiting(run, run.suspension));
    return await end(run, cut ? ended(run, cut.error, false) : failed(run.now(), "Task", error, decision));
  } finally {
    around.disown(run);
    leave?.();
  }
}

async function compute(run: TaskRun, plan: CachePlan, decision: Decision): Promise<State> {
  if (run.task.isManual) await approved(run);
  const attempts = runAttempts(run, rulesOf(run), () => callBody(run, plan));
  const outcome: Outcome = isPromise(attempts) ? await attempts : attempts;
  if (!outcome.ok) return end(run, ended(run, outcome.error, outcome.timedOut, decision));
  let state: State;
  try {
    const result = handed(outcome.value);
    const found = isPromise(result) ? await result : result;
    const value = run.task.output ? await validateOutput(run, found) : found;
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

/** In a plan, what is not stored never comes. */
function planned(run: TaskRun, planner: Planner, decision: Decision): Promise<never> | undefined {
  planner.note(run, decision);
  return decision.outcome === "hit" ? undefined : planner.never();
}

const nobody = { adopt: (): void => undefined, disown: (): void => undefined };

function isOfCache(error: unknown): boolean {
  return error instanceof CachingError || error instanceof LockError || error instanceof ConfigurationError;
}

function callBody(run: TaskRun, plan: CachePlan): unknown {
  const body = (): unknown => {
    const result = (run.task.fn as (...args: readonly unknown[]) => unknown)(...run.args);
    return run.task.yields ? gather(run, plan, result as Yielded) : recorded(plan, result);
  };
  return enter(run, () => run.services.watchers.around(run, body));
}

function messageOfHit({ target }: Extract<CachePlan, { kind: "with" }>): string | undefined {
  return target === undefined ? undefined : `Result found at task target ${target}`;
}

function rulesOf(run: TaskRun): AttemptRules {
  const { task, settings } = run;
  return {
    kind: "Task",
    retries: task.retries ?? settings.tasks.defaultRetries,
    delay: task.retryDelay ?? settings.tasks.defaultRetryDelay,
    jitter: task.retryJitter,
    retryWhen: retryRule(run),
    whyFinal: whyFinal(run),
    timeoutMs: task.timeoutMs,
    onRetry: async () => runHooks(task.onRunning, run, run.state!),
    onWait: async () => keepInputs(run),
  };
}

function retryRule(run: TaskRun): AttemptRules["retryWhen"] {
  const { retryWhen } = run.task;
  return retryWhen && ((error) => retryWhen(error, run));
}

/** What the caller of a generator has seen cannot be taken back. */
function whyFinal({ outlet }: TaskRun): AttemptRules["whyFinal"] {
  return outlet && (() => (outlet.isUsed ? "No retry, since items have been handed out" : undefined));
}
