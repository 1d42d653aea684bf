/*
 * Locks as leases: what a lock manager promises, and what its users may rely on. The terms are those of the literature:
 * Gray and Cheriton, "Leases" (SOSP 1989), for time-limited ownership; Kleppmann, "How to do distributed locking" (2016), for
 * fencing tokens.
 */
import type { Awaitable } from "../kernel/awaitable.ts";
import type { Configuration } from "../kernel/configuration.ts";
import type { Duration } from "../kernel/duration.ts";

/** How a lock is asked for. */
export interface AcquireOptions {
  /**
   * How long to wait for it. `0` means not at all: the medium is asked once, and not even that where others of this lock manager hold
   * it or wait for it.
   *
   * @default as long as it takes
   */
  readonly timeout?: Duration | 0 | undefined;
  /**
   * After so long, counted from the moment before it was granted, the lock is let go whatever its holder does: no heartbeat extends it
   * beyond, so that it ends also where its process is frozen.
   *
   * @default no limit
   */
  readonly holdTimeout?: Duration | undefined;
  /** Ends the wait; `acquire` is then rejected with the signal's reason. @default none */
  readonly signal?: AbortSignal | undefined;
}

/**
 * A lock that is held. It is extended in the background (heartbeat) until it is released, lost, or its hold time-out is over.
 */
export interface Lease {
  readonly key: string;
  readonly holder: string;
  /**
   * The fencing token: a whole number, greater than that of every lease of this key before. What is written under the lock carries it,
   * so that a holder that was taken over unawares is refused.
   */
  readonly token: number;
  /**
   * Aborted, with a {@link LockError} `OXBOW_LOCK_LOST`, as soon as it is known that this lease has ended in another way than by its own
   * `release`: taken over, not extended in time, hold time-out over, let go by {@link LockManager.release} or {@link LockManager.close}.
   */
  readonly signal: AbortSignal;

  /**
   * Makes sure that the lock is still held, and will be for most of a lease to come. Asks the medium unless that was done a moment ago.
   *
   * @throws {LockError} `OXBOW_LOCK_LOST` where it is not held any more, released ones included; `OXBOW_LOCK_FAILED` where nobody can
   * tell
   */
  confirm(): Awaitable<void>;

  /**
   * Lets the lock go and wakes who waits for it. Harmless when repeated, and when the lock is another's by now: that one keeps it.
   *
   * @returns whether it was still held
   * @throws {LockError} `OXBOW_LOCK_FAILED` where the medium cannot be reached: the lock then ends with its lease
   */
  release(): Awaitable<boolean>;
}

/**
 * Hands out locks by key.
 *
 * What an implementation promises:
 * - **One holder.** Of all who use the same place, one at a time holds a key. A key is any well-formed Unicode string of 1 to 10,000
 *   characters, anything else is refused with a {@link ConfigurationError} `OXBOW_KEY_INVALID`; two different keys never share a lock.
 * - **Leases.** A holder that dies, freezes or is cut off loses the lock after the lease at most; where the medium can tell that its
 *   process is gone, at once. Live holders keep theirs: a heartbeat extends it.
 * - **Tokens.** Each grant of a key has a greater token than all before, also when the medium has lost its memory in between.
 * - **Taking over is safe.** What the old holder still does (confirm, release) leaves the new holder's lock alone, and says so.
 * - **Waiting.** No waiter starves: within a process it is first come, first served; among processes a waiter that has waited for a while
 *   goes first. Waiters are woken where the medium can do that, else they look again at growing, randomised intervals
 *   of 250 ms at most.
 * - **Re-entrance.** A holder that acquires, of the same lock manager, a key that it holds already gets it at once, with the same token,
 *   also while others wait. Each lease is released by itself; the lock is free when the last one is.
 * - **Errors.** A medium that cannot be reached is a {@link LockError} `OXBOW_LOCK_FAILED`, never a lock that is not there.
 */
export interface LockManager {
  /** `memory`, `sqlite`, `file`, `redis`, `postgres`, …: the name that logs and reports use. */
  readonly kind: string;
  /**
   * Where the locks are, for people: a folder, a URL without credentials. Lock managers of one kind and one location share their locks, and
   * no others do: by that a transaction knows its own locks again.
   */
  readonly location: string;
  /**
   * How it could be made again, for blocks. Absent where it was made of something alive. It may hold passwords, so it is no property of the
   * object's own: what prints or copies the object must not find it.
   */
  readonly configuration?: Configuration | undefined;

  /**
   * Acquires the lock of a key.
   *
   * @param holder who asks: any string. Equal strings are one holder of this lock manager; one of the same name in another is somebody
   * else, and waits
   * @returns `undefined` where the time-out passed
   * @throws the signal's reason; {@link LockError} `OXBOW_LOCK_FAILED`; {@link ConfigurationError} for a key or an option that cannot be
   */
  acquire(key: string, holder: string, options?: AcquireOptions): Awaitable<Lease | undefined>;

  /**
   * Lets go what a holder has of a key: all of its leases, through this lock manager. Leases of others stay, and so does what the holder
   * still waits for.
   *
   * @returns whether it held it
   * @throws {LockError} as {@link Lease.release}
   */
  release(key: string, holder: string): Awaitable<boolean>;

  /** Whether anybody holds the key. */
  isLocked(key: string): Awaitable<boolean>;

  /** Whether a holder of this name holds the key, as the medium knows it. */
  isHolder(key: string, holder: string): Awaitable<boolean>;

  /**
   * Waits until nobody holds the key; it may be taken again at once.
   *
   * @returns `false` where the time-out passed; with the time-out `0`, where somebody holds it
   * @throws the signal's reason; {@link LockError} `OXBOW_LOCK_FAILED`
   */
  wait(key: string, options?: Pick<AcquireOptions, "timeout" | "signal">): Awaitable<boolean>;

  /**
   * Lets go all locks that were acquired through this object, and all handles. The signals of their leases are aborted, for whoever is
   * still at work under a lock. Who waits is told by a {@link LockError} `OXBOW_LOCK_FAILED`. It may be used again afterwards.
   *
   * @throws {LockError} `OXBOW_LOCK_FAILED` where a lock could not be let go; all else has been done by then
   */
  close(): Awaitable<void>;
}
