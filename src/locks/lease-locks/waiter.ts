import type { Awaitable } from "../../kernel/awaitable.ts";
import type { Clock } from "../../kernel/clock.ts";
import type { Wish } from "./options.ts";

type Outcome<T> = { readonly value: T | undefined } | { readonly error: unknown };

/**
 * Somebody who waits for a value: until it is there, the time-out has passed (`undefined`) or the signal is aborted. Who has the value
 * at once costs no promise and no timer.
 */
export class Waiter<T> {
  readonly wish: Wish;
  #outcome: Outcome<T> | undefined;
  #tell: ((outcome: Outcome<T>) => void) | undefined;

  constructor(wish: Wish) {
    this.wish = wish;
  }

  settle(value: T | undefined): void {
    this.#end({ value });
  }

  fail(error: unknown): void {
    this.#end({ error });
  }

  /**
   * The value, or a promise of it; to be called once.
   *
   * @param leave called where the waiter gives up
   */
  answer(clock: Clock, leave: () => void): Awaitable<T | undefined> {
    const known = this.#outcome;
    if (known === undefined) return this.#promise(clock, leave);
    if ("error" in known) throw known.error;
    return known.value;
  }

  #promise(clock: Clock, leave: () => void): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      const { timeoutMs, signal } = this.wish;
      const giveUp = (outcome: Outcome<T>): void => {
        this.#end(outcome);
        leave();
      };
      const onAbort = (): void => giveUp({ error: signal!.reason });
      const isTimed = timeoutMs > 0 && timeoutMs !== Number.POSITIVE_INFINITY;
      const cancel = isTimed ? clock.schedule(timeoutMs, () => giveUp({ value: undefined })) : undefined;
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#tell = (outcome) => {
        cancel?.();
        signal?.removeEventListener("abort", onAbort);
        if ("error" in outcome) reject(outcome.error);
        else resolve(outcome.value);
      };
    });
  }

  #end(outcome: Outcome<T>): void {
    if (this.#outcome !== undefined) return;
    this.#outcome = outcome;
    this.#tell?.(outcome);
  }
}
