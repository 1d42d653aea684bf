/*
 * What a new kind of lock has to bring: five operations on one medium. Everything else (queues, waiting, heartbeats, re-entrance,
 * time-outs) is lease-locks.ts, the same for all.
 */
import type { Awaitable } from "../kernel/awaitable.ts";
import type { Configuration } from "../kernel/configuration.ts";

/** A key that was granted, or is held. */
export interface Grant {
  readonly holder: string;
  readonly token: number;
}

/** What is asked of {@link LockMedium.tryAcquire}. */
export interface Claim {
  readonly key: string;
  readonly holder: string;
  /** How long the grant lasts, in milliseconds: a whole number, 1 at least. */
  readonly leaseMs: number;
  /**
   * Who waits, where this claim has been waiting for a while: the medium notes it for the key, and until `reserveMs` have passed grants
   * the key to nobody else. One reservation at a time: a later one does not replace it while it lasts; the same waiter extends its own.
   * A grant to its waiter ends it. A claim without `waiter` is refused while a reservation lasts. Unique to a lock manager, which has one
   * waiter for a key at a time.
   */
  readonly waiter?: string | undefined;
  readonly reserveMs?: number | undefined;
}

/**
 * A place that remembers who holds which key, until when.
 *
 * What an implementation promises, beside what lock-manager.ts says of tokens, keys and errors:
 * - Each operation is atomic among all processes that use the place, and is one command, statement or transaction.
 * - A grant that has expired is as good as none. Expiry is judged by one clock: that of the medium where it has one.
 * - A key that is held is refused to everybody, to a holder of the same name too: lease-locks.ts counts who comes again.
 * - Where nothing has to be waited for, operations may answer synchronously.
 * - Each operation ends: where the place does not answer, with an error after a while.
 * - Other errors than {@link LockError} are turned into `OXBOW_LOCK_FAILED` by lease-locks.ts.
 */
export interface LockMedium {
  readonly kind: string;
  readonly location: string;
  /**
   * How the lock manager over this medium could be made again, its options included; lease-locks.ts hands it on, unless a clock was
   * given. Absent where the medium was made of something alive.
   */
  readonly configuration?: Configuration | undefined;

  /** Grants a key that is free, or whose grant has expired, or whose holder's process is known to be gone. */
  tryAcquire(claim: Claim): Awaitable<Grant | undefined>;

  /** Extends a grant to `leaseMs` from now. @returns `false` where it is not the current one any more, expired ones included */
  renew(key: string, token: number, leaseMs: number): Awaitable<boolean>;

  /** Ends a grant, and wakes those who wait for the key. @returns `false` where it was not the current one any more */
  release(key: string, token: number): Awaitable<boolean>;

  /** The current grant of a key; `undefined` where there is none, or it has expired. */
  look(key: string): Awaitable<Grant | undefined>;

  /**
   * Calls `wake` whenever the key may have become free, from the moment on when the promise is fulfilled. A wake-up that is lost costs
   * time and nothing else: waiters look again by themselves. `wake` asks at once; it never throws. Absent where the medium cannot tell.
   *
   * @returns a function that ends the subscription
   */
  subscribe?(key: string, wake: () => void): Awaitable<() => void>;

  /** Releases handles; grants stay. It may be used again afterwards: it opens itself. */
  close(): Awaitable<void>;
}
