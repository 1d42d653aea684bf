import { resolve } from "node:path";
import { FileMedium } from "./file/medium.ts";
import { leaseLocks, type LockOptions } from "./lease-locks.ts";
import type { LockManager } from "./lock-manager.ts";

/**
 * Locks among all processes that use a folder: one small file for each lock that is held. It needs nothing but a file system, and is a
 * good deal slower than `sqliteLocks`. A holder whose process ends on this machine loses its locks at once.
 *
 * A folder on a network share works too, where the share renames in one step (NFS and SMB do). The clocks of its machines must then
 * agree to within a small part of a lease, and who waits may learn of a release some seconds late, as late as the share's client looks
 * again. A share that lets machines write while they are cut off, and puts the files together later, is no place for locks.
 *
 * @param folder where the files go, best one of its own; a relative path starts at the working directory of this moment. It is made by
 * the first lock
 *
 * @example
 * ```ts
 * const locks = fileLocks("./locks");
 * ```
 */
export function fileLocks(folder: string, options: LockOptions = {}): LockManager {
  return leaseLocks(new FileMedium(resolve(folder), undefined, options), options);
}
