import { sha256 } from "../../hashing/sha256.ts";
import type { Slots } from "./slots.ts";

interface Reservation {
  readonly entry: string;
  readonly until: number;
  readonly waiter: string;
}

/*
 * DESIGN: who goes first, so that nobody waits for ever.
 *
 * What it does: a reservation is a slot beside that of the lock. The name of its entry is until when it lasts, and for whom.
 * What it promises: fairness, not exclusion: a claim that was underway when the reservation was made may still be granted,
 * one for each process. Who holds a lock is decided by the slot of the lock alone.
 * What the caller must do: ask before a claim, and {@link Reservations.end} after the grant.
 */
export class Reservations {
  readonly #slots: Slots;

  constructor(slots: Slots) {
    this.#slots = slots;
  }

  isForAnother(slot: string, waiter: string | undefined, now: number): boolean {
    const found = this.#find(slot);
    if (found === undefined) return false;
    if (found.until > now) return waiter === undefined || found.waiter !== digestOf(waiter);
    this.#slots.remove(slot, found.entry);
    return false;
  }

  /** Reserves, or extends what is reserved for this waiter; another one's reservation stays while it lasts. */
  make(slot: string, waiter: string, now: number, until: number): void {
    const found = this.#find(slot);
    const digest = digestOf(waiter);
    const entry = `${Math.ceil(until)}-${digest}`;
    if (found?.waiter === digest) this.#slots.move(slot, found.entry, entry);
    else if (found === undefined || (found.until <= now && this.#slots.remove(slot, found.entry)))
      this.#slots.place(slot, entry, "");
  }

  end(slot: string, waiter: string): void {
    const found = this.#find(slot);
    if (found?.waiter === digestOf(waiter)) this.#slots.remove(slot, found.entry);
  }

  #find(slot: string): Reservation | undefined {
    const names = this.#slots.read(slot) ?? [];
    for (const entry of names) {
      const [, until, waiter] = /^(\d+)-([0-9a-f]{32})$/.exec(entry) ?? [];
      if (waiter !== undefined) return { entry, until: Number(until), waiter };
    }
    if (names.length > 0) this.#slots.clear(slot, names, Number.POSITIVE_INFINITY);
    return undefined;
  }
}

function digestOf(waiter: string): string {
  return sha256(JSON.stringify(waiter)).slice(0, 32);
}
