/*
 * DESIGN. The attempts of one run: call the body, judge its failure, wait, call it again.
 *
 *   ┌─▶ body ──ok──▶ value
 *   │     └─failed─▶ interrupted? ─▶ end        (Cancelled, Crashed)
 *   │               no attempt left, or retryWhen says no ─▶ end   (Failed, TimedOut)
 *   └── wait ◀───── else                        (AwaitingRetry, Retrying)
 *
 * A time limit holds for each attempt. When it passes, the attempt's signal is aborted and the attempt is over, whatever
 * the body does; what a body returns afterwards is dropped.
 */
import { isPromise, type Awaitable } from "../kernel/awaitable.ts";
import { sleep } from "../kernel/clock.ts";
import { TimeoutError, describeError } from "../kernel/errors.ts";
import { awaitingRetry, retrying } from "../states/transitions.ts";
import { closeItems, openItems } from "./outlet.ts";
import type { Run } from "./run.ts";

/** What a run may do about failures. */
export interface AttemptRules {
  readonly kind: "Task" | "Flow";
  readonly retries: number;
  /** Milliseconds to wait after so many failures. */
  readonly delay: (failures: number) => number;
  /** 0.3 makes a delay up to 30 % longer, at random. */
  readonly jitter: number;
  readonly retryWhen: ((error: unknown) => Awaitable<boolean>) | undefined;
  /** Why a failure cannot be tried again whatever the other rules say; `undefined` where it can. */
  readonly whyFinal?: (() => string | undefined) | undefined;
  readonly timeoutMs: number | undefined;
  /** Called when another attempt begins. */
  readonly onRetry?: () => Promise<void>;
  /** Called before a wait that is long enough for the process to end in. */
  readonly onWait?: () => Promise<void>;
}

const longWaitMs = 1000;

/** How the attempts ended. */
export type Outcome =
  | { readonly ok: true; readonly value: unknown; readonly durationMs: number }
  | { readonly ok: false; readonly error: unknown; readonly timedOut: boolean };

/** Calls a body until it succeeds or nothing is left to try. Never rejects. */
export function runAttempts(run: Run, rules: AttemptRules, body: () => unknown): Awaitable<Outcome> {
  if (run.interruption) return { ok: false, error: run.interruption.error, timedOut: false };
  const begun = performance.now();
  const disarm = limit(run, rules);
  let result: unknown;
  try {
    result = body();
  } catch (error) {
    return afterFailure(run, rules, body, error, disarm);
  }
  if (isPromise(result) || run.hasOutstanding || openItems(run) > 0)
    return finish(run, rules, body, result, begun, disarm);
  disarm?.();
  return { ok: true, value: result, durationMs: performance.now() - begun };
}

async function finish(
  run: Run,
  rules: AttemptRules,
  body: () => unknown,
  result: unknown,
  begun: number,
  disarm: (() => void) | undefined,
): Promise<Outcome> {
  let value: unknown;
  try {
    value = isPromise(result) ? await run.settle(result) : result;
    // What the body submitted and did not wait for belongs to the attempt.
    if (run.hasOutstanding) await run.settle(run.drain());
    if (openItems(run) > 0) await run.settle(closeItems(run, run.label));
  } catch (error) {
    return afterFailure(run, rules, body, error, disarm);
  }
  disarm?.();
  // What a cancelled body still returns is dropped.
  if (run.interruption) return { ok: false, error: run.interruption.error, timedOut: false };
  return { ok: true, value, durationMs: performance.now() - begun };
}

/** Ends the attempt when its time is over. @returns a function that takes that back */
function limit(run: Run, { kind, timeoutMs }: AttemptRules): (() => void) | undefined {
  if (timeoutMs === undefined) return undefined;
  return run.clock.schedule(timeoutMs, () => {
    run.overrun = new TimeoutError(`${kind} run exceeded timeout of ${timeoutMs / 1000} second(s)`);
    run.abandonAttempt(run.overrun);
  });
}

async function afterFailure(
  run: Run,
  rules: AttemptRules,
  body: () => unknown,
  error: unknown,
  disarm: (() => void) | undefined,
): Promise<Outcome> {
  const failures = run.attempt;
  // A time-out of a run inside this one, or of the body's own making, is an ordinary failure.
  const timedOut = run.overrun !== undefined && error === run.overrun;
  // The limit holds for what the body has left behind, too.
  if (run.hasOutstanding) await run.drain();
  if (openItems(run) > 0) await closeItems(run, run.label);
  disarm?.();
  const whyLast = run.interruption ? "it was ended" : await whyNoRetry(run, rules, error, failures);
  if (run.interruption || whyLast !== undefined) {
    // Who waits for somebody has not failed.
    if (!run.interruption && rules.retries > 0 && error !== run.suspension) {
      run.logger.error(`${rules.kind} run failed with exception: ${describeError(error)} - ${whyLast}`);
    }
    return { ok: false, error: run.interruption?.error ?? error, timedOut: timedOut && !run.interruption };
  }
  const delayMs = delayBefore(run, rules, failures);
  if (delayMs === undefined) return { ok: false, error, timedOut };
  const when = delayMs > 0 ? `${delayMs / 1000} second(s) from now` : "immediately";
  run.logger.info(
    `${rules.kind} run failed with exception: ${describeError(error)} - Retry ${failures}/${rules.retries} will start ${when}`,
  );
  if (delayMs > 0) {
    if (delayMs >= longWaitMs) await rules.onWait?.();
    run.enter(awaitingRetry(run.now(), delayMs));
    if (!(await pause(run, delayMs))) return { ok: false, error: run.ended()?.error ?? error, timedOut: false };
  }
  run.nextAttempt();
  run.enter(retrying(run.now()));
  await rules.onRetry?.();
  return runAttempts(run, rules, body);
}

/** Waits before the next attempt. @returns whether there is to be one */
async function pause(run: Run, delayMs: number): Promise<boolean> {
  const waiting = new AbortController();
  const unwatch = run.watch((reason) => waiting.abort(reason));
  try {
    await sleep(run.clock, delayMs, waiting.signal);
    return true;
  } catch {
    return false;
  } finally {
    unwatch();
  }
}

function delayBefore(run: Run, rules: AttemptRules, failures: number): number | undefined {
  try {
    return Math.round(rules.delay(failures) * (1 + Math.random() * rules.jitter));
  } catch (thrown) {
    run.logger.error(`An error was encountered in 'retryDelay', so there is no retry: ${describeError(thrown)}`);
    return undefined;
  }
}

async function whyNoRetry(
  run: Run,
  rules: AttemptRules,
  error: unknown,
  failures: number,
): Promise<string | undefined> {
  if (failures > rules.retries) return "Retries are exhausted";
  return rules.whyFinal?.() ?? ((await wantsRetry(run, rules, error)) ? undefined : "'retryWhen' wants no retry");
}

async function wantsRetry(run: Run, rules: AttemptRules, error: unknown): Promise<boolean> {
  if (!rules.retryWhen) return true;
  try {
    return await rules.retryWhen(error);
  } catch (thrown) {
    run.logger.error(
      `An error was encountered while running 'retryWhen', so there is no retry: ${describeError(thrown)}`,
    );
    return false;
  }
}
