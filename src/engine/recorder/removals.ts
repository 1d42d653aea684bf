import type { RunStore } from "../../history/run-store.ts";
import type { Clock } from "../../kernel/clock.ts";

/** After so long it is looked again whether another process has removed records, in milliseconds. */
const lookAgainMs = 10_000;

/** Whether records were ever removed: other processes do that too, so that what was seen as none is not known for long. */
export class Removals {
  readonly #clock: Clock;
  #areThere: boolean | undefined;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #looking: Promise<void> | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `undefined` while it is not known; then it is being looked up. */
  areThere(store: RunStore | undefined): boolean | undefined {
    if (!this.#areThere && store && this.#clock.now() - this.#lookedAt >= lookAgainMs) this.#look(store);
    return this.#areThere;
  }

  note(areThere: boolean | undefined): void {
    this.#areThere = areThere;
  }

  /** Until it is known. Never rejects. */
  async known(store: RunStore): Promise<void> {
    this.areThere(store);
    await this.#looking;
  }

  #look(store: RunStore): void {
    this.#lookedAt = this.#clock.now();
    this.#areThere = undefined;
    this.#looking = store.cacheEvents.list({ limit: 1 }).then(
      (events) => void (this.#areThere ??= events.length > 0),
      () => void (this.#areThere ??= false),
    );
  }
}
