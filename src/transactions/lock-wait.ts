/* Waiting for a lock: how long, what ends it, and what is said when it comes to nothing. */
import type { Clock } from "../kernel/clock.ts";
import { LockError } from "../kernel/errors.ts";

/** How a lock is waited for. */
export interface WaitRules {
  /** Calls `stop` when the wait is to end early. @returns a function that ends the watch */
  readonly watch: (stop: (reason: unknown) => void) => () => void;
  /** In milliseconds; `undefined` waits as long as it takes. */
  readonly timeoutMs: number | undefined;
  readonly clock: Clock;
  /** Called when it takes long. @returns a function that takes that back */
  readonly onWait: (holder: string) => () => void;
}

/** Waits for something, within the rules. @throws {LockError} `OXBOW_LOCK_TIMED_OUT`; why the wait was ended early */
export function unlessOver(settled: Promise<void>, key: string, { watch, timeoutMs, clock }: WaitRules): Promise<void> {
  return new Promise((resolve, reject) => {
    const unwatch = watch(reject);
    const disarm = timeoutMs === undefined ? undefined : clock.schedule(timeoutMs, () => reject(timedOut(key)));
    void settled.then(resolve).finally(() => {
      unwatch();
      disarm?.();
    });
  });
}

/** The wait would be a circle: see deadlock.ts. */
export function deadlock(key: string): LockError {
  return new LockError(
    "OXBOW_LOCK_DEADLOCK",
    key,
    `Waiting for the lock of key ${JSON.stringify(key)} would never end: its holder waits for this transaction`,
    { hint: "let all transactions take their locks in the same order, or put the calls into one transaction" },
  );
}

/** The time-out passed. */
export function timedOut(key: string): LockError {
  return new LockError(
    "OXBOW_LOCK_TIMED_OUT",
    key,
    `The lock of key ${JSON.stringify(key)} was not to be had in time`,
    {
      hint: "another run holds it: wait longer (locks.acquireTimeout), or look at what that run is doing",
    },
  );
}
