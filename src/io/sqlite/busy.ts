import { setTimeout as sleep } from "node:timers/promises";
import type { Awaitable } from "../../kernel/awaitable.ts";
import { StorageError } from "../../kernel/errors.ts";
import { isBusy } from "./failure.ts";

/*
 * DESIGN: waiting for another process without stopping this one.
 *
 * What it does: work is tried at once. SQLite itself waits {@link busyTimeoutMs} at most, because that wait stops
 * the event loop. Where this was not enough, the work is tried again, with growing pauses that leave the event loop
 * free, and a random part so that two processes do not meet again and again.
 * What it promises: an answer, or a StorageError after {@link giveUpMs}.
 * What the caller must do: pass work that can be repeated, and that has left no transaction open.
 */

/** Longer than nearly every transaction, shorter than what an event loop notices. */
export const busyTimeoutMs = 50;
const giveUpMs = 10_000;
const longestPauseMs = 250;

/** Does work that may find the database locked. */
export function whenNotBusy<T>(file: string, work: () => T): Awaitable<T> {
  try {
    return work();
  } catch (error) {
    if (isBusy(error)) return tryAgain(file, work, error);
    throw error;
  }
}

/** The same for the end of a process, where nothing can be awaited: this one stops meanwhile. @throws {StorageError} after that time */
export function whenNotBusyNow<T>(file: string, patienceMs: number, work: () => T): T {
  const until = performance.now() + patienceMs;
  while (true) {
    try {
      return work();
    } catch (error) {
      if (!isBusy(error)) throw error;
      if (performance.now() >= until)
        throw new StorageError(`Cannot use ${file}: another process holds it locked`, { cause: error });
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}

async function tryAgain<T>(file: string, work: () => T, first: unknown): Promise<T> {
  const since = performance.now();
  let last = first;
  for (let pause = 2; performance.now() - since < giveUpMs; pause = Math.min(pause * 1.6, longestPauseMs)) {
    await sleep(pause * (0.5 + Math.random()));
    try {
      return work();
    } catch (error) {
      if (!isBusy(error)) throw error;
      last = error;
    }
  }
  throw new StorageError(`Cannot use ${file}: another process has held it locked for ${giveUpMs / 1000} s`, {
    cause: last,
    hint: "find the process that keeps a transaction open on this file (a database browser, a suspended program) and end it",
  });
}
