import { StorageError } from "../../kernel/errors.ts";
import type { Slots } from "./slots.ts";

const slot = ".last-token";
/** Whoever fails here has lost against somebody who succeeded; so many in a row are no accident. */
const mostTries = 1000;

/**
 * Whole numbers that grow, among all processes that use a folder: the time in microseconds, and more where one that was
 * given before is not smaller. The last one is the name of the entry of a slot.
 */
export class Tokens {
  readonly #slots: Slots;
  /** As far as is known here. */
  #last: string | undefined;

  constructor(slots: Slots) {
    this.#slots = slots;
  }

  /** @param now milliseconds since 1970 */
  next(now: number): number {
    for (let tries = 0; tries < mostTries; tries += 1) {
      const last = this.#last ?? this.#read();
      const token = Math.max(Math.trunc(now * 1000), Number(last ?? 0) + 1);
      const isOurs =
        last === undefined ? this.#slots.place(slot, `${token}`, "") : this.#slots.move(slot, last, `${token}`);
      this.#last = isOurs ? `${token}` : undefined;
      if (isOurs) return token;
    }
    throw new StorageError(`Cannot count in ${this.#slots.pathOf(slot)}: it is changed all the time, or cannot be`, {
      hint: "look what is in it: there should be one file, whose name is a number",
    });
  }

  #read(): string | undefined {
    const names = this.#slots.read(slot) ?? [];
    const tokens = names.filter((name) => /^\d{1,16}$/.test(name));
    if (tokens.length < names.length && tokens.length === 0) this.#slots.clear(slot, names, Number.POSITIVE_INFINITY);
    return tokens.sort((left, right) => Number(right) - Number(left))[0];
  }
}
