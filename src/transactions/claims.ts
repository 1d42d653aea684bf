/*
 * DESIGN. The locks of one root transaction and all transactions inside it, which are one holder to the outside.
 *
 * - A key is acquired once. A transaction inside the one that acquired it goes through (re-entrance).
 * - A sibling does not: it waits until the one that works under the key has ended, and then finds what that one staged. So equal calls run
 *   once inside a transaction too.
 * - The lock stays with the transaction that acquired it, until that is committed or rolled back, and with it the
 *   transactions around it that it joined.
 * - Waits that could never end are refused: deadlock.ts.
 */
import { isPromise, type Awaitable } from "../kernel/awaitable.ts";
import { newId } from "../kernel/ids.ts";
import type { Lease, LockManager } from "../locks/lock-manager.ts";
import { isCircle, isWithin, noteWait, refuseCircles, type Waiter } from "./deadlock.ts";
import { deadlock, timedOut, unlessOver, type WaitRules } from "./lock-wait.ts";

/** Who asks for a lock. */
export interface Claimant extends Waiter {
  /** Whether it works no more: it has staged its value, or has been rolled back. */
  readonly isSettled: boolean;
  /** Fulfilled when it is settled. */
  whenSettled(): Promise<void>;
  /** The transaction whose end lets its locks go: itself, or the one that it will be committed with. */
  readonly releasedWith: Waiter;
}

/** A key that the root holds, or is about to. */
interface Held {
  /** The place of the lock and its key: the same for all managers of that place. */
  readonly id: string;
  readonly manager: LockManager;
  readonly key: string;
  owner: Claimant;
  /** Who works under the key at the moment. */
  worker: Claimant;
  lease: Lease | undefined;
}

/** Which root of this process holds which key. */
const heldByAll = new Map<string, Held>();

const nothingWrong: readonly unknown[] = [];

/** The locks of a root transaction. */
export class Claims {
  #holder: string | undefined;
  readonly #held = new Map<string, Held>();
  readonly #byOwner = new Map<Claimant, Held[]>();

  /** Who the root is to lock managers. */
  get holder(): string {
    return (this.#holder ??= `process ${process.pid}, ${newId()}`);
  }

  /**
   * Takes a lock for a transaction.
   *
   * @returns the lease under which it works: its own, or that of one around it
   * @throws {LockError} `OXBOW_LOCK_TIMED_OUT`, `OXBOW_LOCK_DEADLOCK`, `OXBOW_LOCK_FAILED`; the signal's reason
   */
  acquire(claimant: Claimant, manager: LockManager, key: string, rules: WaitRules): Awaitable<Lease> {
    const id = `${manager.kind}\0${manager.location}\0${key}`;
    const held = this.#held.get(id);
    if (!held) return this.#acquire({ id, manager, key, owner: claimant, worker: claimant, lease: undefined }, rules);
    if (held.lease && (held.worker.isSettled || isWithin(claimant, held.worker))) {
      if (held.worker.isSettled) held.worker = claimant;
      return held.lease;
    }
    return this.#waitInside(claimant, held, rules);
  }

  /** The locks that a transaction acquired. */
  of(owner: Claimant): readonly Lease[] {
    return (this.#byOwner.get(owner) ?? []).flatMap(({ lease }) => lease ?? []);
  }

  /** Lets go the locks that a transaction acquired. @returns what went wrong */
  release(owner: Claimant): Awaitable<readonly unknown[]> {
    const all = this.#byOwner.get(owner);
    return all ? this.#release(all) : nothingWrong;
  }

  async #release(all: readonly Held[]): Promise<readonly unknown[]> {
    const errors: unknown[] = [];
    for (const held of all) {
      const { lease, worker } = held;
      if (!lease) continue;
      if (worker !== held.owner && !worker.isSettled) {
        this.#handOver(held, worker);
        continue;
      }
      this.#forget(held);
      try {
        const released = lease.release();
        if (isPromise(released)) await released;
      } catch (error) {
        errors.push(error);
      }
    }
    return errors;
  }

  /** Somebody else has gone on to work under the key: the lock ends with that one. */
  #handOver(held: Held, worker: Claimant): void {
    this.#forget(held);
    held.owner = worker;
    this.#note(held);
    heldByAll.set(held.id, held);
  }

  async #waitInside(claimant: Claimant, held: Held, rules: WaitRules): Promise<Lease> {
    const { manager, key, worker } = held;
    await this.#waiting(
      claimant,
      key,
      () => worker,
      "another task of this transaction",
      rules,
      (watch) => unlessOver(worker.whenSettled(), key, { ...rules, watch }),
    );
    return this.acquire(claimant, manager, key, rules);
  }

  /** Most locks are free: what a wait needs is made only where there is one. */
  #acquire(held: Held, rules: WaitRules): Awaitable<Lease> {
    this.#note(held);
    try {
      const tried = held.manager.acquire(held.key, this.holder, { timeout: 0 });
      if (tried && !isPromise(tried)) return this.#granted(held, tried);
      return this.#acquireLater(held, tried, rules);
    } catch (error) {
      this.#forget(held);
      throw error;
    }
  }

  async #acquireLater(held: Held, tried: Awaitable<Lease | undefined>, rules: WaitRules): Promise<Lease> {
    try {
      return this.#granted(held, (await tried) ?? (await this.#waitFor(held, rules)));
    } catch (error) {
      this.#forget(held);
      throw error;
    }
  }

  #waitFor({ id, manager, key, owner }: Held, rules: WaitRules): Promise<Lease> {
    const holder = (): Waiter | undefined => heldByAll.get(id)?.owner.releasedWith;
    const who = holder() ? "another transaction of this process" : "another process";
    return this.#waiting(owner, key, holder, who, rules, async (watch) => {
      const waiting = new AbortController();
      const unwatch = watch((reason) => waiting.abort(reason));
      const { timeoutMs } = rules;
      try {
        const timeout = timeoutMs === undefined ? undefined : ({ milliseconds: timeoutMs } as const);
        const lease = await manager.acquire(key, this.holder, { signal: waiting.signal, timeout });
        if (!lease) throw timedOut(key);
        return lease;
      } finally {
        unwatch();
      }
    });
  }

  /** A wait that others know of, and that is refused where it would never end. */
  async #waiting<T>(
    waiter: Claimant,
    key: string,
    target: () => Waiter | undefined,
    holder: string,
    rules: WaitRules,
    work: (watch: WaitRules["watch"]) => Promise<T>,
  ): Promise<T> {
    const now = target();
    if (now && isCircle(waiter, now)) throw deadlock(key);
    let refuse = (): void => undefined;
    const ended = noteWait({ waiter, target, refuse: () => refuse() });
    const quiet = rules.onWait(holder);
    try {
      return await work((stop) => {
        refuse = () => stop(deadlock(key));
        return rules.watch(stop);
      });
    } finally {
      quiet();
      ended();
    }
  }

  #granted(held: Held, lease: Lease): Lease {
    held.lease = lease;
    heldByAll.set(held.id, held);
    refuseCircles(held.owner.releasedWith);
    return lease;
  }

  #note(held: Held): void {
    this.#held.set(held.id, held);
    const others = this.#byOwner.get(held.owner);
    if (others) others.push(held);
    else this.#byOwner.set(held.owner, [held]);
  }

  #forget(held: Held): void {
    if (this.#held.get(held.id) === held) this.#held.delete(held.id);
    if (heldByAll.get(held.id) === held) heldByAll.delete(held.id);
    const others = this.#byOwner.get(held.owner)?.filter((each) => each !== held) ?? [];
    if (others.length > 0) this.#byOwner.set(held.owner, others);
    else this.#byOwner.delete(held.owner);
  }
}
