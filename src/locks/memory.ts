import { type Clock, systemClock } from "../kernel/clock.ts";
import { leaseLocks, type LockOptions } from "./lease-locks.ts";
import type { LockManager } from "./lock-manager.ts";
import type { Claim, Grant, LockMedium } from "./lock-medium.ts";

interface Held extends Grant {
  until: number;
}

interface Reservation {
  readonly waiter: string;
  until: number;
}

let places = 0;

/**
 * Locks in the memory of this process: for tests, and for results that no other process computes. Every call makes a place of its
 * own.
 *
 * @throws {ConfigurationError} as {@link leaseLocks} does
 *
 * @example
 * ```ts
 * const locks = memoryLocks();
 * ```
 */
export function memoryLocks(options: LockOptions = {}): LockManager {
  return leaseLocks(new MemoryMedium(options.clock ?? systemClock), options);
}

/** What {@link memoryLocks} are made of; two lock managers over one of it are as those of two processes. @internal */
export class MemoryMedium implements LockMedium {
  readonly kind = "memory";
  readonly location: string = `memory #${(places += 1)}`;
  readonly #clock: Clock;
  readonly #held = new Map<string, Held>();
  readonly #reserved = new Map<string, Reservation>();
  readonly #wakes = new Map<string, Set<() => void>>();
  /** One row of tokens for all keys: what has been released need not be remembered. */
  #token = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  tryAcquire(claim: Claim): Grant | undefined {
    const { key, holder } = claim;
    const now = this.#clock.now();
    if (!this.#isFreeFor(claim, now)) return undefined;
    this.#token = Math.max(this.#token + 1, Math.floor(now * 1000));
    const held = { holder, token: this.#token, until: now + claim.leaseMs };
    this.#held.set(key, held);
    return held;
  }

  renew(key: string, token: number, leaseMs: number): boolean {
    const held = this.#current(key);
    if (held?.token !== token) return false;
    held.until = this.#clock.now() + leaseMs;
    return true;
  }

  release(key: string, token: number): boolean {
    if (this.#current(key)?.token !== token) return false;
    this.#held.delete(key);
    const wakes = this.#wakes.get(key);
    if (wakes !== undefined) for (const wake of [...wakes]) wake();
    return true;
  }

  look(key: string): Grant | undefined {
    return this.#current(key);
  }

  subscribe(key: string, wake: () => void): () => void {
    const wakes = this.#wakes.get(key) ?? new Set();
    this.#wakes.set(key, wakes.add(wake));
    return () => {
      wakes.delete(wake);
      if (wakes.size === 0 && this.#wakes.get(key) === wakes) this.#wakes.delete(key);
    };
  }

  close(): void {}

  /** Whether a claim is granted; one that is not makes or extends its reservation. */
  #isFreeFor({ key, waiter, reserveMs }: Claim, now: number): boolean {
    const isHeld = this.#current(key) !== undefined;
    let reservation = this.#reserved.get(key);
    if (reservation !== undefined && reservation.until <= now) {
      this.#reserved.delete(key);
      reservation = undefined;
    }
    const isOwn = reservation === undefined || reservation.waiter === waiter;
    if (!isHeld && isOwn) {
      if (reservation !== undefined) this.#reserved.delete(key);
      return true;
    }
    if (waiter !== undefined && isOwn) this.#reserved.set(key, { waiter, until: now + (reserveMs ?? 0) });
    return false;
  }

  #current(key: string): Held | undefined {
    const held = this.#held.get(key);
    if (held === undefined || held.until > this.#clock.now()) return held;
    this.#held.delete(key);
    return undefined;
  }
}
