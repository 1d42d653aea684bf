import { type Awaitable, andThen } from "../../kernel/awaitable.ts";
import type { Place } from "./place.ts";

/** A subscription to one key, made when it is first needed and kept until nobody waits any more. */
export class Ear {
  readonly #place: Place;
  readonly #key: string;
  readonly #wake: () => void;
  #unsubscribe: (() => void) | undefined;

  constructor(place: Place, key: string, wake: () => void) {
    this.#place = place;
    this.#key = key;
    this.#wake = wake;
  }

  /** Whether the medium can wake. */
  get canHear(): boolean {
    return this.#place.medium.subscribe !== undefined;
  }

  get isOpen(): boolean {
    return this.#unsubscribe !== undefined;
  }

  /** To be called once, and not to be followed by `close` before it has answered. */
  open(): Awaitable<void> {
    const subscribed = this.#place.ask(this.#key, () => this.#place.medium.subscribe!(this.#key, this.#wake));
    return andThen(subscribed, (unsubscribe) => {
      this.#unsubscribe = unsubscribe;
    });
  }

  close(): void {
    const unsubscribe = this.#unsubscribe;
    this.#unsubscribe = undefined;
    try {
      unsubscribe?.();
    } catch {
      // Nobody listens any more, whatever the medium thinks.
    }
  }
}
