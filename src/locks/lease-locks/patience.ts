import type { Clock } from "../../kernel/clock.ts";

/** Who has waited so long goes before others: shorter waits are left to chance, which costs nothing. */
const reserveAfterMs = 20;
/** While little time has passed, somebody waits for every millisecond; later, many may be waiting for long. */
const firstIntervalMs = 1;
const growth = 1.5;
const eagerForMs = 1000;
const eagerLimitMs = 50;
const limitMs = 250;

/** How long to wait before the medium is asked again, and what to ask it for after a long wait. */
export class Patience {
  readonly #clock: Clock;
  readonly #startedAt: number;
  /** Wake-ups can be lost, and no expiry wakes anybody: who is woken looks by itself, too. */
  readonly #isWoken: boolean;
  #intervalMs = firstIntervalMs;

  constructor(clock: Clock, isWoken: boolean) {
    this.#clock = clock;
    this.#isWoken = isWoken;
    this.#startedAt = clock.now();
  }

  /** For how long the key is to be kept for this waiter: two of its intervals at least. `undefined` after a short wait. */
  get reserveMs(): number | undefined {
    return this.#waitedMs > reserveAfterMs ? Math.max(200, 2 * this.#limitMs + 50) : undefined;
  }

  /** Milliseconds until the next question; random, so that many who wait do not come together. */
  nextMs(): number {
    const limit = this.#limitMs;
    const interval = this.#isWoken ? limit : Math.min(this.#intervalMs, limit);
    this.#intervalMs *= growth;
    return interval * (0.5 + Math.random() / 2);
  }

  get #waitedMs(): number {
    return this.#clock.now() - this.#startedAt;
  }

  get #limitMs(): number {
    return !this.#isWoken && this.#waitedMs < eagerForMs ? eagerLimitMs : limitMs;
  }
}
