/* The locks that belong to a storage. */
import { isAbsolute, join } from "node:path";
import type { Awaitable } from "../kernel/awaitable.ts";
import { fileLocks } from "../locks/file.ts";
import type { LockOptions } from "../locks/lease-locks.ts";
import type { LockManager } from "../locks/lock-manager.ts";
import { memoryLocks } from "../locks/memory.ts";
import { sqliteLocks } from "../locks/sqlite.ts";
import type { Settings } from "../settings/settings.ts";
import type { Storage } from "../storage/storage.ts";
import { locksOfBlock } from "./blocks.ts";

const lockManagers = new WeakMap<Storage, Map<number, LockManager>>();
/** Two storages of one place have one lock manager: a transaction must know a lock for its own, whichever of them it comes by. */
const locksByPlace = new Map<string, LockManager>();

/** The lock manager of a choice. @throws {ConfigurationError} where a block is not there, or is no lock manager */
export function lockManager(choice: LockManager | string, settings: Settings): Awaitable<LockManager> {
  return typeof choice === "string" ? locksOfBlock(choice, settings) : choice;
}

/** The locks that belong to a storage: beside its records, seen by the same processes. */
export function locksOf(storage: Storage, settings: Settings): LockManager | undefined {
  const lease = settings.locks.lease;
  const made = lockManagers.get(storage) ?? new Map<number, LockManager>();
  const manager = made.get(lease) ?? makeLocks(storage, lease);
  if (manager) lockManagers.set(storage, made.set(lease, manager));
  return manager;
}

/** A storage of somebody else may call itself anything; one of this machine has a folder for its place. */
function makeLocks({ kind, location }: Storage, lease: number): LockManager | undefined {
  const options: LockOptions = { lease: { milliseconds: lease } };
  switch (kind) {
    case "memory":
      return memoryLocks(options);
    case "sqlite":
      if (!isAbsolute(location)) return undefined;
      return sharedLocks(`${kind} ${lease} ${location}`, () => sqliteLocks(location, options));
    case "file":
    case "target":
      if (!isAbsolute(location)) return undefined;
      return sharedLocks(`file ${lease} ${location}`, () => fileLocks(join(location, ".locks"), options));
    default:
      return undefined;
  }
}

function sharedLocks(place: string, make: () => LockManager): LockManager {
  let locks = locksByPlace.get(place);
  if (!locks) locksByPlace.set(place, (locks = make()));
  return locks;
}
