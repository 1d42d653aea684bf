import { type Awaitable, andThen } from "../../kernel/awaitable.ts";
import type { Lease } from "../lock-manager.ts";
import type { Claim, Grant } from "../lock-medium.ts";
import { type Asker, Asking } from "./asking.ts";
import type { Ear } from "./ear.ts";
import type { Patience } from "./patience.ts";
import type { Moment, Place } from "./place.ts";
import type { Waiter } from "./waiter.ts";

/** A grant, and since when and for how long it counts. */
export interface Granted {
  readonly grant: Grant;
  readonly from: Moment;
  readonly forMs: number;
}

/** What becomes of a turn: the queue that it stands in. */
export interface TurnOwner {
  readonly key: string;
  /** It asks no more. @param granted what it got, also where all of its waiters have left by now */
  ended(turn: Turn, granted: Granted | undefined): void;
  failed(turn: Turn, error: unknown): void;
}

/** A holder that waits for a key, with all of its acquires. */
export class Turn implements Asker<Granted> {
  readonly holder: string;
  readonly #place: Place;
  readonly #ear: Ear;
  readonly #owner: TurnOwner;
  readonly #waiters = new Set<Waiter<Lease>>();
  #asking: Asking<Granted> | undefined;

  constructor(place: Place, ear: Ear, owner: TurnOwner, holder: string) {
    this.holder = holder;
    this.#place = place;
    this.#ear = ear;
    this.#owner = owner;
  }

  get isEmpty(): boolean {
    return this.#waiters.size === 0;
  }

  get waiters(): Iterable<Waiter<Lease>> {
    return this.#waiters;
  }

  add(waiter: Waiter<Lease>): void {
    this.#waiters.add(waiter);
  }

  /** Takes out one who gives up; without waiters it asks no more. */
  leave(waiter: Waiter<Lease>): void {
    this.#waiters.delete(waiter);
    if (this.isEmpty) this.#asking?.stop();
  }

  /** Sends all of its waiters away. */
  fail(error: unknown): void {
    for (const waiter of this.#waiters) waiter.fail(error);
    this.#waiters.clear();
    this.#asking?.stop();
  }

  /** Begins to ask; ends with a call of {@link TurnOwner.ended} or {@link TurnOwner.failed}, perhaps at once. */
  start(): void {
    this.#asking = new Asking(this.#place, this.#ear, this);
    this.#asking.ask();
  }

  wake(): void {
    this.#asking?.ask();
  }

  ask(patience: Patience | undefined): Awaitable<Granted | undefined> {
    const from = this.#place.now();
    const forMs = this.#place.grantMs(this.#longestHoldMs());
    const claim = this.#claim(forMs, patience?.reserveMs);
    const answer = this.#place.ask(claim.key, () => this.#place.medium.tryAcquire(claim));
    return andThen(answer, (grant) => (grant === undefined ? this.#refused() : { grant, from, forMs }));
  }

  ended(granted: Granted | undefined): void {
    this.#owner.ended(this, granted);
  }

  failed(error: unknown): void {
    this.#owner.failed(this, error);
  }

  #claim(leaseMs: number, reserveMs: number | undefined): Claim {
    const claim = { key: this.#owner.key, holder: this.holder, leaseMs };
    return reserveMs === undefined ? claim : { ...claim, waiter: this.#place.waiter, reserveMs };
  }

  /** One try was enough for those who do not want to wait. */
  #refused(): undefined {
    for (const waiter of this.#waiters) {
      if (waiter.wish.timeoutMs > 0) continue;
      waiter.settle(undefined);
      this.leave(waiter);
    }
  }

  #longestHoldMs(): number {
    let longest = 0;
    for (const { wish } of this.#waiters) longest = Math.max(longest, wish.holdMs);
    return longest;
  }
}
