import { ConfigurationError, StorageError } from "../../../kernel/errors.ts";
import { newId } from "../../../kernel/ids.ts";
import type { Lease, LockManager } from "../../../locks/lock-manager.ts";
import { fencedOff, isFencedOff } from "../fencing.ts";
import type { ObjectMedium } from "../object-medium.ts";
import type { Payload } from "../../storage.ts";
import { readInPlace } from "./read-record.ts";

/*
 * DESIGN: writes that depend on what is there.
 *
 * What it does: where the store keeps conditions (`If-None-Match`, `If-Match`), a write says what it expects to replace, and the store
 * compares and writes in one step. Where it does not, a lock stands in for "only where there is none".
 * What it promises: with conditions, that nothing comes in between. With a lock, the same among those who use locks of the same place
 * for this; a `put` without `ifAbsent` takes no lock.
 * What the caller must do: without conditions, write records with a fencing token like any other: nothing could be promised.
 */

/**
 * Each try that fails is one that somebody else has won, so it ends sooner; those who hold a fencing token hold the lock of the
 * record, or held it a moment ago.
 */
const tries = 40;

/** As long as all who wait are writing large objects. */
const lockTimeout = "10 min";

/**
 * Writes a record only where there is none.
 *
 * @returns whether it was written
 * @throws {ConfigurationError} `OXBOW_LOCKS_MISSING` where neither conditions nor locks are to be had
 */
export async function writeIfAbsent(
  medium: ObjectMedium,
  locks: LockManager | undefined,
  name: string,
  payload: Payload,
): Promise<boolean> {
  if (await medium.conditions()) return medium.write(name, payload, { absent: true });
  if (locks === undefined) throw noLocks(medium);
  const lease = await lockOf(name, locks, medium);
  try {
    if ((await medium.begin(name, 1)) !== undefined) return false;
    await stillHeld(lease, name, medium);
    return await medium.write(name, payload);
  } finally {
    await release(lease);
  }
}

/**
 * Writes a record that has a fencing token, on a store that keeps conditions.
 *
 * @throws {LockError} `OXBOW_LOCK_LOST` where a record with a higher token is there
 */
export async function writeFenced(
  medium: ObjectMedium,
  name: string,
  key: string,
  fence: number,
  payload: Payload,
): Promise<boolean> {
  for (let i = 0; i < tries; i += 1) {
    const inPlace = await readInPlace(medium, name, key);
    if (isFencedOff(fence, inPlace?.fence)) throw fencedOff(key, medium.location);
    if (await medium.write(name, payload, inPlace === undefined ? { absent: true } : { tag: inPlace.tag })) return true;
  }
  throw new StorageError(
    `Cannot write the record ${JSON.stringify(key)} to ${medium.location}: it was replaced ${tries} times by others in the meantime`,
    { hint: "let those who write it wait for its lock, or write it less often" },
  );
}

/** Not the name alone: it might be a key that the caller, or a transaction, has locked already. */
const lockKey = (name: string): string => `object ${name}`;

async function lockOf(name: string, locks: LockManager, medium: ObjectMedium): Promise<Lease> {
  const lease = await viaLocks(name, medium, () => locks.acquire(lockKey(name), newId(), { timeout: lockTimeout }));
  if (lease !== undefined) return lease;
  throw new StorageError(`${cannotWrite(name, medium)}: its lock was not to be had within ${lockTimeout}`, {
    hint: `see who holds ${JSON.stringify(lockKey(name))} in ${locks.location}`,
  });
}

async function stillHeld(lease: Lease, name: string, medium: ObjectMedium): Promise<void> {
  await viaLocks(name, medium, () => lease.confirm());
}

async function release(lease: Lease): Promise<void> {
  try {
    await lease.release();
  } catch {
    // The record is written, or the reason why not is on its way: a lock that cannot be let go ends with its lease.
  }
}

async function viaLocks<T>(name: string, medium: ObjectMedium, work: () => T | PromiseLike<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new StorageError(`${cannotWrite(name, medium)}: its lock cannot be had`, { cause: error });
  }
}

function cannotWrite(name: string, medium: ObjectMedium): string {
  return `Cannot write the object ${JSON.stringify(name)} of ${medium.location} only where there is none`;
}

function noLocks(medium: ObjectMedium): ConfigurationError {
  return new ConfigurationError(
    "OXBOW_LOCKS_MISSING",
    `${medium.location} keeps no conditions, so a record cannot be written only where there is none`,
    { hint: "pass `locks` to the storage: a lock manager that all who write there share, such as redisLocks()" },
  );
}
