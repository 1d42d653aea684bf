import { type Awaitable, andThen } from "../../kernel/awaitable.ts";
import { type Asker, Asking } from "./asking.ts";
import { Ear } from "./ear.ts";
import type { Wish } from "./options.ts";
import type { Place } from "./place.ts";
import { Waiter } from "./waiter.ts";

/** Waits until nobody holds a key, and takes nothing. */
export class Watch implements Asker<true> {
  readonly key: string;
  readonly #place: Place;
  readonly #all: Set<Watch>;
  readonly #waiter: Waiter<true>;
  readonly #ear: Ear;
  readonly #asking: Asking<true>;

  /** @param all where it is kept while it waits */
  constructor(place: Place, key: string, wish: Wish, all: Set<Watch>) {
    this.key = key;
    this.#place = place;
    this.#all = all;
    this.#waiter = new Waiter(wish);
    this.#ear = new Ear(place, key, () => this.#asking.ask());
    this.#asking = new Asking(place, this.#ear, this);
  }

  start(): Awaitable<boolean> {
    this.#all.add(this);
    this.#asking.ask();
    const answer = this.#waiter.answer(this.#place.clock, () => this.#asking.stop());
    return andThen(answer, (isFree) => isFree ?? false);
  }

  ask(): Awaitable<true | undefined> {
    return andThen(this.#place.look(this.key), (grant) => {
      if (grant === undefined) return true;
      if (this.#waiter.wish.timeoutMs === 0) this.#asking.stop();
      return undefined;
    });
  }

  ended(isFree: true | undefined): void {
    this.#close();
    this.#waiter.settle(isFree);
  }

  failed(error: unknown): void {
    this.#close();
    this.#waiter.fail(error);
  }

  /** Ends the wait from outside. */
  fail(error: unknown): void {
    this.#waiter.fail(error);
    this.#asking.stop();
  }

  #close(): void {
    this.#all.delete(this);
    this.#ear.close();
  }
}
