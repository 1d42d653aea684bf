import { type Awaitable, isPromise, quiet } from "../../kernel/awaitable.ts";
import { formatMs } from "../../kernel/duration.ts";
import type { LockError } from "../../kernel/errors.ts";
import type { Grant } from "../lock-medium.ts";
import type { Extensible, Heartbeat } from "./heartbeat.ts";
import { HeldLease, type Shared } from "./held-lease.ts";
import type { Moment, Place } from "./place.ts";

/** Who wants to know that a holding has ended: the queue of its key. */
export interface HoldingOwner {
  readonly key: string;
  /** Gives it back to the medium. @returns whether it was still held */
  letGo(holding: Holding): Awaitable<boolean>;
  /** It is held no more, and the medium need not be told. */
  lost(): void;
}

/*
 * DESIGN: one grant of the medium, and the leases of its holder that share it.
 *
 * What it does: extends the grant, as far as one of its leases may be held. A lease whose hold time-out is over ends by itself.
 * What it promises: once the grant has run out by the local time, no method says that it is held, also when no timer has fired:
 * each of them looks first (`#review`).
 */

/** A key that a holder of this process holds. */
export class Holding implements Extensible, Shared {
  readonly holder: string;
  readonly token: number;
  readonly #place: Place;
  readonly #heartbeat: Heartbeat;
  readonly #owner: HoldingOwner;
  #leases: HeldLease[] = [];
  /** Before the last operation was sent that has granted or extended it, and for how long that was. */
  #from: Moment;
  #forMs: number;
  #renewal: Promise<boolean> | undefined;
  #isOver = false;

  constructor(place: Place, heartbeat: Heartbeat, owner: HoldingOwner, grant: Grant, from: Moment, forMs: number) {
    this.holder = grant.holder;
    this.token = grant.token;
    this.#place = place;
    this.#heartbeat = heartbeat;
    this.#owner = owner;
    this.#from = from;
    this.#forMs = forMs;
    // From its beginning, not from now: where the answer was late, little may be left.
    heartbeat.add(this, place.tickOf(from) + Math.min(place.leaseMs / 3, forMs));
  }

  get key(): string {
    return this.#owner.key;
  }

  /** One more lease. @param from when its hold time began */
  lease(holdMs: number, from: Moment = this.#place.now()): HeldLease {
    const lease = new HeldLease(this, from, holdMs);
    this.#leases.push(lease);
    if (holdMs !== Number.POSITIVE_INFINITY) this.#heartbeat.beatBy(this.#place.tickOf(from) + holdMs);
    // A grant that was cut to the hold time-out of another lease may be too short for this one.
    if (this.#forMs < this.#place.leaseMs && this.#isExtensible()) this.#extend();
    return lease;
  }

  isHeld(): boolean {
    this.#review();
    return !this.#isOver;
  }

  confirm(): Awaitable<boolean> {
    if (!this.isHeld()) return false;
    if (this.#place.since(this.#from) < this.#place.leaseMs / 3) return true;
    const unsure = (error: unknown): boolean => {
      if (this.isHeld()) throw error;
      return false;
    };
    try {
      const answer = this.#renew();
      return isPromise(answer) ? answer.catch(unsure) : answer;
    } catch (error) {
      return unsure(error);
    }
  }

  release(lease: HeldLease): Awaitable<boolean> {
    this.#leases = this.#leases.filter((each) => each !== lease);
    if (this.#leases.length > 0) return true;
    this.#end();
    return this.#owner.letGo(this);
  }

  /** Ends all leases, and says why to those who are still at work. */
  releaseAll(why: string): Awaitable<boolean> {
    if (!this.isHeld()) return false;
    this.#end(this.#place.lost(this.key, why));
    return this.#owner.letGo(this);
  }

  beat(): number {
    if (!this.isHeld()) return Number.POSITIVE_INFINITY;
    // Half a beat: one that has just been extended is left alone, one that failed has its turn at the next beat.
    if (this.#place.since(this.#from) >= this.#place.leaseMs / 6 && this.#isExtensible()) this.#extend();
    return this.#leases.reduce(
      (least, lease) => Math.min(least, this.#holdLeft(lease)),
      this.#forMs - this.#place.since(this.#from),
    );
  }

  #review(): void {
    if (this.#isOver) return;
    this.#endOverdue();
    if (!this.#isOver && this.#place.since(this.#from) >= this.#forMs) this.#lose(this.#place.ranOut(this.key));
  }

  #endOverdue(): void {
    const overdue = this.#leases.filter((lease) => this.#holdLeft(lease) <= 0);
    if (overdue.length === 0) return;
    this.#leases = this.#leases.filter((lease) => !overdue.includes(lease));
    if (this.#leases.length === 0) this.#end();
    for (const lease of overdue) {
      lease.end(this.#place.lost(this.key, `its holdTimeout of ${formatMs(lease.holdMs)} is over`));
    }
    if (this.#isOver) this.#inBackground(() => this.#owner.letGo(this));
  }

  #renew(): Awaitable<boolean> {
    if (this.#renewal !== undefined) return this.#renewal;
    const from = this.#place.now();
    const forMs = this.#place.grantMs(Math.max(...this.#leases.map((lease) => this.#holdLeft(lease))));
    const answer = this.#place.ask(this.key, () => this.#place.medium.renew(this.key, this.token, forMs));
    if (!isPromise(answer)) return this.#renewed(answer, from, forMs);
    this.#renewal = answer
      .finally(() => (this.#renewal = undefined))
      .then((isHeld) => this.#renewed(isHeld, from, forMs));
    return this.#renewal;
  }

  #renewed(isHeld: boolean, from: Moment, forMs: number): boolean {
    if (!isHeld) {
      this.#lose(this.#place.lost(this.key, "another holder has taken it over, or may do so at any moment"));
      return false;
    }
    if (!this.#isOver) {
      this.#from = from;
      this.#forMs = forMs;
      this.#review();
    }
    // The answer came too late, so nobody has the use of what it extended.
    if (this.#isOver) {
      this.#inBackground(() => this.#place.ask(this.key, () => this.#place.medium.release(this.key, this.token)));
    }
    return !this.#isOver;
  }

  /** Whether a lease may be held for longer than the grant lasts. */
  #isExtensible(): boolean {
    const left = this.#forMs - this.#place.since(this.#from);
    return this.#leases.some((lease) => this.#holdLeft(lease) > left);
  }

  #holdLeft(lease: HeldLease): number {
    return lease.holdMs === Number.POSITIVE_INFINITY ? lease.holdMs : lease.holdMs - this.#place.since(lease.from);
  }

  /** What fails is tried again at the next beat, until the lease has run out. */
  #extend(): void {
    this.#inBackground(() => this.#renew());
  }

  #inBackground(operation: () => Awaitable<unknown>): void {
    try {
      void quiet(operation());
    } catch {
      // The lock then ends with its lease.
    }
  }

  #lose(why: LockError): void {
    if (this.#isOver) return;
    this.#end(why);
    this.#owner.lost();
  }

  /** Ends it here, before anybody is told: who hears that a lease has ended may ask for the lock at once. */
  #end(why?: LockError): void {
    const leases = this.#leases;
    this.#leases = [];
    this.#isOver = true;
    this.#heartbeat.remove(this);
    if (why !== undefined) for (const lease of leases) lease.end(why);
  }
}
