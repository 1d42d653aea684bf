/**
 * Where time comes from. Everything that reads the time or waits goes through a clock, so a test moves time
 * by hand instead of sleeping.
 */
export interface Clock {
  /** Milliseconds since 1970, as `Date.now()`. */
  now(): number;
  /**
   * Calls `callback` once, `delayMs` milliseconds from now, never synchronously.
   *
   * @param isBackground whether the process may end before: the call alone does not keep it alive. @default false
   * @returns a function that takes the call back; it may be called at any time, and more than once
   */
  schedule(delayMs: number, callback: () => void, isBackground?: boolean): () => void;
}

// setTimeout fires at once for anything longer: 24.8 days.
const longestTimer = 2_147_483_647;

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  schedule(delayMs, callback, isBackground = false) {
    let timer: NodeJS.Timeout;
    const arm = (remaining: number): void => {
      timer =
        remaining > longestTimer
          ? setTimeout(arm, longestTimer, remaining - longestTimer)
          : setTimeout(callback, remaining);
      if (isBackground) timer.unref();
    };
    arm(delayMs);
    return () => clearTimeout(timer);
  },
};

/**
 * Waits on a clock.
 *
 * @param signal ends the wait early; the promise is then rejected with the signal's reason
 */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = (): void => {
      cancel();
      reject(signal!.reason);
    };
    const cancel = clock.schedule(delayMs, () => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    });
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}
