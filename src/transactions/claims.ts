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
interface Claim {
  readonly manager: LockManager;
  readonly key: string;
  readonly owner: Claimant;
  /** Who works under the key at the moment. */
  worker: Claimant;
  lease: Lease | undefined;
}

type Held = Map<string, Claim>;

/** Which root of this process holds which key. */
const holders = new WeakMap<LockManager, Held>();

/** The locks of a root transaction. */
export class Claims {
  #holder: string | undefined;
  readonly #held = new Map<LockManager, Held>();

  /** Who the root is to lock managers. */
  get holder(): string {
    return (this.#holder ??= newId());
  }

  /**
   * Takes a lock for a transaction.
   *
   * @returns the lease under which it works: its own, or that of one around it
   * @throws {LockError} `OXBOW_LOCK_TIMED_OUT`, `OXBOW_LOCK_DEADLOCK`, `OXBOW_LOCK_FAILED`; the signal's reason
   */
  acquire(claimant: Claimant, manager: LockManager, key: string, rules: WaitRules): Awaitable<Lease> {
    const claim = this.#find(manager, key);
    if (!claim) return this.#acquire(claimant, manager, key, rules);
    if (claim.lease && (claim.worker.isSettled || isWithin(claimant, claim.worker))) {
      if (claim.worker.isSettled) claim.worker = claimant;
      return claim.lease;
    }
    return this.#waitInside(claimant, claim, rules);
  }

  /** The locks that a transaction acquired. */
  *of(owner: Claimant): Iterable<Lease> {
    for (const held of this.#held.values())
      for (const claim of held.values()) if (claim.owner === owner && claim.lease) yield claim.lease;
  }

  /** Lets go the locks that a transaction acquired. @returns what went wrong */
  async release(owner: Claimant): Promise<readonly unknown[]> {
    const errors: unknown[] = [];
    for (const held of this.#held.values()) {
      for (const claim of [...held.values()]) {
        if (claim.owner !== owner || !claim.lease) continue;
        this.#forget(claim);
        try {
          await claim.lease.release();
        } catch (error) {
          errors.push(error);
        }
      }
    }
    return errors;
  }

  #find(manager: LockManager, key: string): Claim | undefined {
    return this.#held.get(manager)?.get(key);
  }

  async #waitInside(claimant: Claimant, claim: Claim, rules: WaitRules): Promise<Lease> {
    const { manager, key, worker } = claim;
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
  #acquire(claimant: Claimant, manager: LockManager, key: string, rules: WaitRules): Awaitable<Lease> {
    const claim: Claim = { manager, key, owner: claimant, worker: claimant, lease: undefined };
    const held = this.#held.get(manager) ?? new Map<string, Claim>();
    this.#held.set(manager, held.set(key, claim));
    try {
      const tried = manager.acquire(key, this.holder, { timeout: 0 });
      if (tried && !isPromise(tried)) return this.#granted(claim, tried);
      return this.#acquireLater(claim, tried, rules);
    } catch (error) {
      this.#forget(claim);
      throw error;
    }
  }

  async #acquireLater(claim: Claim, tried: Awaitable<Lease | undefined>, rules: WaitRules): Promise<Lease> {
    try {
      return this.#granted(claim, (await tried) ?? (await this.#waitFor(claim, rules)));
    } catch (error) {
      this.#forget(claim);
      throw error;
    }
  }

  #waitFor({ manager, key, owner }: Claim, rules: WaitRules): Promise<Lease> {
    const holder = (): Waiter | undefined => holders.get(manager)?.get(key)?.owner.releasedWith;
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

  #granted(claim: Claim, lease: Lease): Lease {
    claim.lease = lease;
    const held = holders.get(claim.manager) ?? new Map<string, Claim>();
    holders.set(claim.manager, held.set(claim.key, claim));
    refuseCircles(claim.owner.releasedWith);
    return lease;
  }

  #forget(claim: Claim): void {
    const own = this.#held.get(claim.manager);
    if (own?.get(claim.key) === claim) own.delete(claim.key);
    const all = holders.get(claim.manager);
    if (all?.get(claim.key) === claim) all.delete(claim.key);
  }
}
