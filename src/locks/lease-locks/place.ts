import { type Awaitable, isPromise } from "../../kernel/awaitable.ts";
import { type Clock, systemClock } from "../../kernel/clock.ts";
import { formatMs } from "../../kernel/duration.ts";
import { hintOf, LockError, messageOf } from "../../kernel/errors.ts";
import { newId } from "../../kernel/ids.ts";
import type { Grant, LockMedium } from "../lock-medium.ts";
import { checkKey } from "./options.ts";

/** A moment by both clocks of this machine, in milliseconds. */
export interface Moment {
  readonly wall: number;
  readonly steady: number;
}

/** What the parts of one lock manager share: the medium, the lease, the time. */
export class Place {
  readonly medium: LockMedium;
  readonly leaseMs: number;
  readonly clock: Clock;
  /** A clock of a test has no second one beside it. */
  readonly #isOfMachine: boolean;
  #waiter: string | undefined;

  constructor(medium: LockMedium, leaseMs: number, clock: Clock) {
    this.medium = medium;
    this.leaseMs = leaseMs;
    this.clock = clock;
    this.#isOfMachine = clock === systemClock;
  }

  /**
   * Who waits, for reservations. One for all keys and holders of this manager, since one at a time waits for a key: who comes
   * after one that gave up has the use of its reservation.
   */
  get waiter(): string {
    return (this.#waiter ??= newId());
  }

  now(): Moment {
    return { wall: this.clock.now(), steady: this.#isOfMachine ? performance.now() : 0 };
  }

  /** Milliseconds since a moment, by the clock that says more. */
  since(moment: Moment): number {
    const byWall = this.clock.now() - moment.wall;
    return this.#isOfMachine ? Math.max(byWall, performance.now() - moment.steady) : byWall;
  }

  /** Milliseconds from any beginning, as timers count them. */
  tick(): number {
    return this.#isOfMachine ? performance.now() : this.clock.now();
  }

  tickOf(moment: Moment): number {
    return this.#isOfMachine ? moment.steady : moment.wall;
  }

  /** How long a grant is asked for that is to be held for `holdMs` more: a whole number of milliseconds. */
  grantMs(holdMs: number): number {
    return Math.max(1, Math.ceil(Math.min(this.leaseMs, holdMs)));
  }

  look(key: string): Awaitable<Grant | undefined> {
    checkKey(key);
    return this.ask(key, () => this.medium.look(key));
  }

  /**
   * One operation of the medium.
   *
   * @throws {LockError} whatever goes wrong
   */
  ask<T>(key: string | undefined, operation: () => Awaitable<T>): Awaitable<T> {
    let answer: Awaitable<T>;
    try {
      answer = operation();
    } catch (error) {
      throw this.#failure(key, error);
    }
    if (!isPromise(answer)) return answer;
    return answer.catch((error: unknown) => {
      throw this.#failure(key, error);
    });
  }

  /** Why a lock is not held any more. */
  lost(key: string, why: string, hint?: string): LockError {
    return new LockError("OXBOW_LOCK_LOST", key, `The lock ${shown(key)} is lost: ${why}`, hint ? { hint } : {});
  }

  /** Why a lock is lost that could not be extended in time. */
  ranOut(key: string): LockError {
    const { kind, location } = this.medium;
    return this.lost(
      key,
      `it was not extended within its lease of ${formatMs(this.leaseMs)}`,
      `either ${kind} at ${location} could not be reached, or this process was too busy: then ask for a longer lease`,
    );
  }

  /** What those are told who wait while the lock manager is closed. */
  closed(key: string): LockError {
    return new LockError(
      "OXBOW_LOCK_FAILED",
      key,
      `Nobody waits for the lock ${shown(key)} any more: ${this.#name} was closed`,
    );
  }

  get #name(): string {
    return `the lock manager ${this.medium.kind} at ${this.medium.location}`;
  }

  #failure(key: string | undefined, error: unknown): LockError {
    if (error instanceof LockError) return error;
    const what = key === undefined ? "Closing" : `The lock ${shown(key)}`;
    return new LockError("OXBOW_LOCK_FAILED", key, `${what}: ${this.#name} failed: ${messageOf(error)}`, {
      cause: error,
      hint: hintOf(error) ?? `look whether ${this.medium.kind} at ${this.medium.location} can be reached`,
    });
  }
}

function shown(key: string): string {
  return JSON.stringify(key.length > 80 ? `${key.slice(0, 80)}…` : key);
}
