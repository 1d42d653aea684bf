import { type Awaitable, isPromise, quiet } from "../../kernel/awaitable.ts";
import type { Lease } from "../lock-manager.ts";
import { Ear } from "./ear.ts";
import type { Heartbeat } from "./heartbeat.ts";
import { Holding, type HoldingOwner } from "./holding.ts";
import type { Wish } from "./options.ts";
import type { Place } from "./place.ts";
import { type Granted, Turn, type TurnOwner } from "./turn.ts";
import { Waiter } from "./waiter.ts";

/*
 * DESIGN: one key within one lock manager: who holds it, and who waits.
 *
 * What it does: first come, first served. Holders wait, not acquires, so that a holder never waits for itself. While one of this
 * process holds the key nobody asks the medium; else the first of the queue does. A released key goes back to the medium, so
 * that other processes have their chance, and then the next one asks.
 * What it promises: who gives up leaves the queue at once. A grant that comes for somebody who has left is given back.
 * What the caller must do: drop it when it says so (`forget`): nobody holds the key and nobody waits.
 */
export class KeyQueue implements HoldingOwner, TurnOwner {
  readonly key: string;
  readonly #place: Place;
  readonly #heartbeat: Heartbeat;
  readonly #forget: (queue: KeyQueue) => void;
  readonly #ear: Ear;
  /** By holder, in the order of their coming. */
  readonly #turns = new Map<string, Turn>();
  #holding: Holding | undefined;
  /** The turn that asks the medium: the first, or one that has left during an operation that is not answered yet. */
  #asking: Turn | undefined;
  #isReleasing = false;
  #isAdvancing = false;
  #onRest: (() => void) | undefined;

  constructor(place: Place, heartbeat: Heartbeat, key: string, forget: (queue: KeyQueue) => void) {
    this.key = key;
    this.#place = place;
    this.#heartbeat = heartbeat;
    this.#forget = forget;
    this.#ear = new Ear(place, key, () => this.#asking?.wake());
  }

  acquire(holder: string, wish: Wish): Awaitable<Lease | undefined> {
    const holding = this.#holding;
    if (holding?.isHeld() && holding.holder === holder) {
      const lease = holding.lease(wish.holdMs);
      if (holding.isHeld()) return lease;
    }
    const isWanted = this.#holding !== undefined || this.#isReleasing || this.#turns.size > 0;
    if (wish.timeoutMs === 0 && isWanted) return undefined;
    const turn = this.#turns.get(holder) ?? new Turn(this.#place, this.#ear, this, holder);
    const waiter = new Waiter<Lease>(wish);
    turn.add(waiter);
    this.#turns.set(holder, turn);
    this.#advance();
    return waiter.answer(this.#place.clock, () => {
      turn.leave(waiter);
      this.#dropIfEmpty(turn);
      this.#advance();
    });
  }

  release(holder: string): Awaitable<boolean> {
    return this.#holding?.holder === holder && this.#holding.releaseAll("its holder has let go of all its leases");
  }

  /** Lets go and sends everybody away. @param failures gets what goes wrong */
  close(failures: unknown[]): Awaitable<unknown> {
    const turns = [...this.#turns.values()];
    this.#turns.clear();
    for (const turn of turns) turn.fail(this.#place.closed(this.key));
    const underway: Array<Promise<unknown>> = [];
    try {
      const released = this.#holding?.releaseAll("its lock manager was closed") ?? false;
      if (isPromise(released)) underway.push(released.catch((error: unknown) => failures.push(error)));
    } catch (error) {
      failures.push(error);
    }
    if (!this.#isAtRest) underway.push(new Promise<void>((resolve) => (this.#onRest = resolve)));
    return underway.length > 0 ? Promise.all(underway) : undefined;
  }

  letGo(holding: Holding): Awaitable<boolean> {
    this.#holding = undefined;
    return this.#giveBack(holding.token);
  }

  lost(): void {
    this.#holding = undefined;
    this.#advance();
  }

  ended(turn: Turn, granted: Granted | undefined): void {
    this.#asking = undefined;
    this.#dropIfEmpty(turn);
    if (granted !== undefined) this.#take(turn, granted);
    this.#advance();
  }

  failed(turn: Turn, error: unknown): void {
    this.#asking = undefined;
    turn.fail(error);
    this.#dropIfEmpty(turn);
    this.#advance();
  }

  #take(turn: Turn, { grant, from, forMs }: Granted): void {
    if (turn.isEmpty) {
      try {
        void quiet(this.#giveBack(grant.token));
      } catch {
        // Nobody waits for it, and it ends with its lease.
      }
      return;
    }
    this.#turns.delete(turn.holder);
    const holding = new Holding(this.#place, this.#heartbeat, this, grant, from, forMs);
    this.#holding = holding;
    for (const waiter of turn.waiters) waiter.settle(holding.lease(waiter.wish.holdMs, from));
    // A medium that took longer than the lease has granted what is over.
    holding.isHeld();
  }

  #giveBack(token: number): Awaitable<boolean> {
    this.#isReleasing = true;
    const done = (): void => {
      this.#isReleasing = false;
      this.#advance();
    };
    let answer: Awaitable<boolean>;
    try {
      answer = this.#place.ask(this.key, () => this.#place.medium.release(this.key, token));
    } catch (error) {
      done();
      throw error;
    }
    if (isPromise(answer)) return answer.finally(done);
    done();
    return answer;
  }

  /** Lets the first of the queue ask, where nobody holds the key. */
  #advance(): void {
    if (this.#isAdvancing) return;
    this.#isAdvancing = true;
    while (this.#holding === undefined && !this.#isReleasing && this.#asking === undefined && this.#turns.size > 0) {
      const [first] = this.#turns.values();
      this.#asking = first!;
      first!.start();
    }
    this.#isAdvancing = false;
    if (this.#asking === undefined && this.#turns.size === 0) this.#ear.close();
    if (!this.#isAtRest) return;
    this.#forget(this);
    this.#onRest?.();
  }

  #dropIfEmpty(turn: Turn): void {
    if (turn.isEmpty && this.#turns.get(turn.holder) === turn) this.#turns.delete(turn.holder);
  }

  get #isAtRest(): boolean {
    return this.#holding === undefined && !this.#isReleasing && this.#asking === undefined && this.#turns.size === 0;
  }
}
