import type { Place } from "./place.ts";

/** What is extended: a holding. */
export interface Extensible {
  /** @returns in how many milliseconds it has to be looked after again */
  beat(): number;
}

/*
 * DESIGN: one timer for all locks that a lock manager holds.
 *
 * What it does: three times in a lease it lets every holding extend itself; sooner where one of them ends sooner. It is set when a
 * lock is acquired and none is pending, and it is not taken back by a release: who acquires and releases many locks
 * sets a timer once in a third of a lease.
 * What it promises: it does not keep the process alive; its locks then end with their leases.
 */

/** Extends what is held. */
export class Heartbeat {
  readonly #place: Place;
  readonly #held = new Set<Extensible>();
  #cancel: (() => void) | undefined;
  #dueAt = Number.POSITIVE_INFINITY;

  constructor(place: Place) {
    this.#place = place;
  }

  /** @param by the tick at which it has to be looked after at the latest */
  add(holding: Extensible, by: number): void {
    this.#held.add(holding);
    this.beatBy(by);
  }

  remove(holding: Extensible): void {
    this.#held.delete(holding);
  }

  /** Makes sure that the next beat comes no later than a tick. */
  beatBy(tick: number): void {
    if (tick >= this.#dueAt) return;
    this.#cancel?.();
    this.#dueAt = tick;
    this.#cancel = this.#place.clock.schedule(Math.max(0, tick - this.#place.tick()), this.#beat, true);
  }

  stop(): void {
    if (this.#held.size > 0) return;
    this.#cancel?.();
    this.#cancel = undefined;
    this.#dueAt = Number.POSITIVE_INFINITY;
  }

  readonly #beat = (): void => {
    this.#cancel = undefined;
    this.#dueAt = Number.POSITIVE_INFINITY;
    let nextMs = this.#place.leaseMs / 3;
    for (const holding of [...this.#held]) nextMs = Math.min(nextMs, holding.beat());
    if (this.#held.size > 0) this.beatBy(this.#place.tick() + nextMs);
  };
}
