import { checkFolder, codeOf, diskFailure } from "../../io/disk-failure.ts";
import { isGone } from "../../io/process-identity.ts";
import { type Clock, systemClock } from "../../kernel/clock.ts";
import type { Configuration } from "../../kernel/configuration.ts";
import type { Claim, Grant, LockMedium } from "../lock-medium.ts";
import {
  decodeDetails,
  encodeDetails,
  entryName,
  type GrantDetails,
  type GrantEntry,
  grantAmong,
  slotName,
  unnumberedName,
} from "./grants.ts";
import { Reservations } from "./reservations.ts";
import { Slots } from "./slots.ts";
import { Tokens } from "./tokens.ts";

/** Who fails in between meets others at each step; the next question comes soon enough. */
const mostTries = 5;
const slotsToTidy = 1000;

/*
 * DESIGN: grants as files.
 *
 *   <folder>/<key>~<sha256>.lock/<token>-<expires>   a grant: key, holder and process, as JSON
 *   <folder>/<key>~<sha256>.next/<until>-<waiter>    a reservation (reservations.ts)
 *   <folder>/.last-token/<token>                     tokens.ts
 *   <folder>/.tmp/…                                  what is being made
 *
 * What it does: each key has a slot (slots.ts). A grant is placed in it, gets its token by a move, is extended by a move to the name
 * with the new time, and released by being removed. One that has expired, or whose process has ended, is removed under the name that
 * it was judged by; an extension in that moment has another name, and wins. Then whoever places first has the lock.
 * What it promises: lock-medium.ts. Expiry is judged by the clock of the machine: machines that share the folder must agree about the
 * time, to within a small part of a lease. Nothing waits for the disk: after a power loss no holder lives.
 * What the caller must do: look again by itself; other processes are not woken.
 */
export class FileMedium implements LockMedium {
  readonly kind = "file";
  readonly location: string;
  readonly configuration: Configuration;
  readonly #slots: Slots;
  readonly #tokens: Tokens;
  readonly #reservations: Reservations;
  readonly #clock: Clock;
  #isTidy = false;

  /** @param options what the lock manager was given: plain data */
  constructor(folder: string, clock: Clock = systemClock, options: object = {}) {
    this.location = folder;
    this.configuration = { type: "file", args: [folder, options] };
    this.#slots = new Slots(folder);
    this.#tokens = new Tokens(this.#slots);
    this.#reservations = new Reservations(this.#slots);
    this.#clock = clock;
  }

  tryAcquire({ key, holder, leaseMs, waiter, reserveMs = 0 }: Claim): Grant | undefined {
    return this.#guarded("write to the folder", () => {
      const now = this.#clock.now();
      if (!this.#isTidy) this.#tidy(now);
      const name = slotName(key);
      const reserved = `${name}.next`;
      if (this.#reservations.isForAnother(reserved, waiter, now)) return undefined;
      const token = this.#place(`${name}.lock`, now, leaseMs, encodeDetails(key, holder));
      if (waiter !== undefined && token !== undefined) this.#reservations.end(reserved, waiter);
      if (waiter !== undefined && token === undefined) this.#reservations.make(reserved, waiter, now, now + reserveMs);
      return token === undefined ? undefined : { holder, token };
    });
  }

  renew(key: string, token: number, leaseMs: number): boolean {
    return this.#guarded("write to the folder", () => {
      const slot = `${slotName(key)}.lock`;
      for (let tries = 0; tries < mostTries; tries += 1) {
        const now = this.#clock.now();
        const found = this.#find(slot);
        if (found?.token !== token || found.expiresAt <= now) return false;
        if (this.#slots.move(slot, found.name, entryName(token, now + leaseMs))) return true;
      }
      return false;
    });
  }

  release(key: string, token: number): boolean {
    return this.#guarded("write to the folder", () => {
      const slot = `${slotName(key)}.lock`;
      for (let tries = 0; tries < mostTries; tries += 1) {
        const now = this.#clock.now();
        const found = this.#find(slot);
        if (found?.token !== token) return false;
        if (this.#slots.remove(slot, found.name)) return found.expiresAt > now;
      }
      return false;
    });
  }

  look(key: string): Grant | undefined {
    return this.#guarded("read the folder", () => {
      const slot = `${slotName(key)}.lock`;
      for (let tries = 0; tries < mostTries; tries += 1) {
        const names = this.#slots.read(slot);
        if (names === undefined) {
          checkFolder(this.location);
          return undefined;
        }
        const found = grantAmong(names);
        if (found !== undefined && found.expiresAt <= this.#clock.now()) return undefined;
        const details = found && this.#detailsOf(slot, found);
        // Nothing there, or no more: it is being extended, or another one's by now.
        if (found === undefined || details === undefined) continue;
        return isGone(details.process, { severalMachines: true })
          ? undefined
          : { holder: details.holder, token: found.token };
      }
      return undefined;
    });
  }

  close(): void {}

  /** @returns the token of the new grant, or `undefined` where somebody holds the slot */
  #place(slot: string, now: number, leaseMs: number, details: string): number | undefined {
    const expiresAt = now + leaseMs;
    for (let tries = 0; tries < mostTries && this.#isFree(slot, now, leaseMs); tries += 1) {
      const unnumbered = unnumberedName(expiresAt);
      if (!this.#slots.place(slot, unnumbered, details)) continue;
      // Only now: a token that was taken before could be smaller than that of a grant which came and went meanwhile.
      const token = this.#tokens.next(now);
      if (this.#slots.move(slot, unnumbered, entryName(token, expiresAt))) return token;
    }
    return undefined;
  }

  /** Whether nobody holds a slot; what is as good as nobody is removed. */
  #isFree(slot: string, now: number, leaseMs: number): boolean {
    const names = this.#slots.read(slot);
    if (names === undefined || names.length === 0) return true;
    const found = grantAmong(names);
    if (found === undefined) return this.#slots.clear(slot, names, now - leaseMs);
    if (found.expiresAt > now && !this.#isOfTheGone(slot, found)) return false;
    // Under exactly this name. Where it has another one by now, placing will tell.
    this.#slots.remove(slot, found.name);
    return true;
  }

  #isOfTheGone(slot: string, found: GrantEntry): boolean {
    const details = this.#detailsOf(slot, found);
    return details !== undefined && isGone(details.process, { severalMachines: true });
  }

  #detailsOf(slot: string, { name }: GrantEntry): GrantDetails | undefined {
    const content = this.#slots.contentOf(slot, name);
    return content === undefined ? undefined : decodeDetails(content);
  }

  #find(slot: string): GrantEntry | undefined {
    return grantAmong(this.#slots.read(slot) ?? []);
  }

  /** Removes what was left behind, and nobody came to take over. Once: what lives on leaves nothing behind. */
  #tidy(now: number): void {
    this.#isTidy = true;
    this.#slots.tidy();
    for (const slot of this.#slots.some(slotsToTidy)) {
      if (slot.endsWith(".next")) this.#reservations.isForAnother(slot, undefined, now);
      const found = slot.endsWith(".lock") ? this.#find(slot) : undefined;
      if (found !== undefined && found.expiresAt <= now) this.#slots.remove(slot, found.name);
    }
  }

  #guarded<T>(action: string, work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (codeOf(error) === "ENOTDIR") checkFolder(this.location);
      throw diskFailure(action, this.location, error);
    }
  }
}
