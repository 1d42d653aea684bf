import { type Clock, sleep, systemClock } from "../../kernel/clock.ts";
import { type Duration, toMs } from "../../kernel/duration.ts";
import { ConfigurationError } from "../../kernel/errors.ts";
import { Overdue, ServiceFailure } from "./service-failure.ts";

/*
 * DESIGN: a request to a service that may be busy, slow or gone for a moment.
 *
 * What it does: makes the request, and makes it again, after a pause that doubles, where the failure says that this may help. Pauses vary, so
 * that many who were sent away together do not come back together.
 * What it promises: an end within the time limit, whatever the service does: the limit is for the request with all its repetitions.
 * Of one that has failed before its time is over, the failure is given, not that there was no time left.
 * What the caller must do: hand the signal to whatever it waits for; turn what that throws into a ServiceFailure.
 */

/** How long requests may take, and how often they are tried again. */
export interface Patience {
  readonly timeoutMs: number;
  readonly retries: number;
  readonly clock: Clock;
}

/** The patience that options ask for. */
export interface PatienceOptions {
  /**
   * How long one request may take, with all its repetitions; a download, how long it may stand still.
   *
   * @default "30s"
   */
  readonly timeout?: Duration | undefined;
  /** How often a request is tried again that was throttled, or whose connection broke. @default 4 */
  readonly retries?: number | undefined;
}

/**
 * @param who whose options these are, for errors: `gcsStorage()`
 * @throws {ConfigurationError} `OXBOW_OPTION_INVALID` where they cannot mean anything
 */
export function patienceOf(
  { timeout = "30s", retries = 4 }: PatienceOptions,
  who: string,
  clock: Clock = systemClock,
): Patience {
  const timeoutMs = toMs(timeout, `${who}: timeout`);
  if (timeoutMs === 0) throw impossible(`${who}: timeout cannot be nothing`);
  if (Number.isSafeInteger(retries) && retries >= 0) return { timeoutMs, retries, clock };
  throw impossible(`${who}: retries cannot be ${retries}`, "write a whole number, 0 or more");
}

function impossible(message: string, hint = 'write "30s", for example'): ConfigurationError {
  return new ConfigurationError("OXBOW_OPTION_INVALID", message, { hint });
}

const firstPauseMs = 200;
const longestPauseMs = 5000;

/** How long to wait after so many failures in a row. */
export function pauseAfter(failures: number, failure: ServiceFailure): number {
  const pause = Math.min(firstPauseMs * 2 ** (failures - 1), longestPauseMs) * (0.5 + Math.random() / 2);
  return Math.max(pause, failure.afterMs);
}

/**
 * Makes a request until it succeeds, or no repetition helps.
 *
 * @param attempt is given the signal that ends it, and whether it was made before: then nobody knows what came of that
 */
export async function insist<T>(
  patience: Patience,
  attempt: (signal: AbortSignal, isAgain: boolean) => Promise<T>,
): Promise<T> {
  const { timeoutMs, retries, clock } = patience;
  const limit = new AbortController();
  const cancel = clock.schedule(timeoutMs, () => limit.abort(new Overdue(timeoutMs)));
  try {
    for (let failures = 0; ; ) {
      const failure = await outcome(limit.signal, () => attempt(limit.signal, failures > 0));
      if ("value" in failure) return failure.value;
      const { error } = failure;
      failures += 1;
      if (!(error instanceof ServiceFailure) || !error.mayRepeat || failures > retries) throw error;
      await sleep(clock, pauseAfter(failures, error), limit.signal).catch(() => {
        throw error;
      });
    }
  } finally {
    cancel();
  }
}

/** What comes of it, or of the time limit, whichever is first. */
async function outcome<T>(
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<{ readonly value: T } | { readonly error: unknown }> {
  let stop: () => void;
  const ended = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason as Error);
    signal.addEventListener("abort", stop, { once: true });
  });
  try {
    return { value: await Promise.race([work(), ended]) };
  } catch (error) {
    return { error: signal.aborted ? (signal.reason as unknown) : error };
  } finally {
    signal.removeEventListener("abort", stop!);
  }
}
