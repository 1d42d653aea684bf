import assert from "node:assert/strict";
import type { Awaitable } from "../../kernel/awaitable.ts";
import type { Clock } from "../../kernel/clock.ts";
import type { Duration } from "../../kernel/duration.ts";
import { LockError } from "../../kernel/errors.ts";
import type { AcquireOptions, Lease, LockManager } from "../../locks/lock-manager.ts";

/** How the lock manager of a check is to be made. */
export interface LockPlaceOptions {
  /** Its lease, and that of all others of the place. */
  readonly lease: Duration;
  /**
   * Its clock, for `locks` alone: that of a process which is hardly given any time. `another()` always has the clock of the machine.
   *
   * @default the clock of the machine
   */
  readonly clock?: Clock;
}

/** An empty place for locks, and the lock manager that is judged there. */
export interface LockPlace {
  readonly locks: LockManager;
  /** A second lock manager of the same place, as another process would have it. */
  readonly another?: (() => Awaitable<LockManager>) | undefined;
  /** Removes the place; the lock managers have been closed by then. */
  readonly dispose?: (() => Awaitable<void>) | undefined;
}

/** Makes a new, empty place: once per check. */
export type OpenLockPlace = (options: LockPlaceOptions) => Awaitable<LockPlace>;

/** One promise of the contract, and how to find out whether it is kept. */
export interface LockCheck {
  /** A sentence. */
  readonly title: string;
  /** Whether {@link LockPlace.another} is needed. */
  readonly needsAnother: boolean;
  /** Throws where the promise is not kept. */
  run(open: OpenLockPlace): Promise<void>;
}

/** The lease of checks that wait for its end, in milliseconds. */
export const shortLeaseMs = 300;
/** Where a check hangs longer, a promise of waiting is broken. */
const limitMs = 25_000;

export const longLease: LockPlaceOptions = { lease: "30s" };
export const shortLease: LockPlaceOptions = { lease: { milliseconds: shortLeaseMs } };

/** Makes a check that uses one lock manager. */
export function check(
  title: string,
  body: (locks: LockManager) => Promise<void>,
  options: LockPlaceOptions = longLease,
): LockCheck {
  return { title, needsAnother: false, run: (open) => inPlace(open, options, ({ locks }) => body(locks)) };
}

/** Makes a check that uses two lock managers of one place. */
export function checkTwo(
  title: string,
  body: (locks: LockManager, other: LockManager) => Promise<void>,
  options: () => LockPlaceOptions = () => longLease,
): LockCheck {
  return {
    title,
    needsAnother: true,
    run: (open) =>
      inPlace(open, options(), async ({ locks, another }) => {
        assert.ok(another, "The place has no `another()`: add it, or skip the check and say why");
        const other = await another();
        try {
          await limited(body(locks, other));
        } finally {
          await other.close();
        }
      }),
  };
}

async function inPlace(
  open: OpenLockPlace,
  options: LockPlaceOptions,
  body: (place: LockPlace) => Promise<void>,
): Promise<void> {
  const place = await open(options);
  try {
    await limited(body(place));
  } finally {
    await place.locks.close();
    await place.dispose?.();
  }
}

/** Fails where a check hangs. */
export async function limited(body: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new assert.AssertionError({ message: "The check does not end" })), limitMs);
  });
  try {
    await Promise.race([body, limit]);
  } finally {
    clearTimeout(timer);
  }
}

/** A lease that has to be had: at once where nobody holds the key, else within ten seconds. */
export async function acquired(
  locks: LockManager,
  key: string,
  holder: string,
  options: AcquireOptions = {},
): Promise<Lease> {
  const lease = await locks.acquire(key, holder, { timeout: "10s", ...options });
  assert.ok(lease, `${holder} waits in vain for the lock`);
  assert.equal(lease.key, key, "The lease is that of the key");
  assert.equal(lease.holder, holder, "The lease is that of the holder");
  return lease;
}

/** Begins something that ends later, or fails once the check has ended. */
export function begin<T>(operation: () => Awaitable<T>): Promise<T> {
  const begun = (async () => operation())();
  begun.catch(() => undefined);
  return begun;
}

/** Fails unless nobody but the holder can have the key. */
export async function expectHeld(locks: LockManager, key: string, holder: string): Promise<void> {
  assert.equal(await locks.acquire(key, "an intruder", { timeout: 0 }), undefined, "The lock is had by two holders");
  assert.equal(await locks.isLocked(key), true, "isLocked() denies a lock that is held");
  assert.equal(await locks.isHolder(key, holder), true, "isHolder() denies the holder");
}

/** Fails unless the key can be had at once. */
export async function expectFree(locks: LockManager, key: string): Promise<void> {
  assert.equal(await locks.isLocked(key), false, "isLocked() says that a free key is locked");
  const lease = await locks.acquire(key, "the next one", { timeout: 0 });
  assert.ok(lease, "A free key cannot be had");
  await lease.release();
}

/** Fails unless the operation says that the lock is lost. */
export async function expectLost(operation: () => Awaitable<unknown>, what: string): Promise<void> {
  const isLost = (error: unknown): boolean => error instanceof LockError && error.code === "OXBOW_LOCK_LOST";
  await assert.rejects(async () => operation(), isLost, `${what} says OXBOW_LOCK_LOST`);
}

/** Fails unless the signal has been aborted with the right error. */
export function expectAborted({ signal }: Lease): void {
  assert.equal(signal.aborted, true, "The signal of a lease that is lost is aborted");
  const { reason } = signal as { reason: unknown };
  assert.ok(reason instanceof LockError && reason.code === "OXBOW_LOCK_LOST", "Its reason is OXBOW_LOCK_LOST");
}

/** Real time. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** A turn of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
