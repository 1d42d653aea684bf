import type { Clock } from "../kernel/clock.ts";

interface Timer {
  readonly at: number;
  readonly callback: () => void;
}

/**
 * A clock that moves when it is told to.
 *
 * @example
 * const clock = new TestClock();
 * await withClock(clock, async () => {
 *   await addOne(1);
 *   await clock.advance(25 * 3_600_000);
 *   console.log((await addOne.explain(1)).reason); // the record expired 1 h ago
 * });
 */
export class TestClock implements Clock {
  #now: number;
  readonly #timers = new Set<Timer>();

  /** @param start milliseconds since 1970 */
  constructor(start: number = Date.UTC(2026, 0, 1)) {
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  schedule(delayMs: number, callback: () => void): () => void {
    const timer = { at: this.#now + delayMs, callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** How many calls are waiting for their time. */
  get pending(): number {
    return this.#timers.size;
  }

  /**
   * Moves time on, calls what is due on the way in the order of its time, and lets the code that waited for it run.
   *
   * @param ms milliseconds
   */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      await settle();
      const next = [...this.#timers].filter((timer) => timer.at <= end).sort((left, right) => left.at - right.at)[0];
      if (!next) break;
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.callback();
    }
    this.#now = end;
    await settle();
  }
}

/** Lets everything run that waits for nothing but its turn. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
