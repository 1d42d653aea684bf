import { resolve } from "node:path";
import { checkSqlite } from "../io/sqlite/module.ts";
import { leaseLocks, type LockOptions } from "./lease-locks.ts";
import type { LockManager } from "./lock-manager.ts";
import { SqliteMedium } from "./sqlite/medium.ts";

/**
 * Locks among all processes and threads of this machine, in one SQLite file of its own, `locks.db`. It uses Node's own
 * SQLite, so there is nothing to install. A holder whose process ends loses its locks at once. The folder is made by the
 * first lock; it has to be on a local disk, because the write-ahead log needs shared memory.
 *
 * @param folder where the file goes; a relative path starts at the working directory of this moment
 * @throws {OxbowError} `OXBOW_DRIVER_MISSING` where this Node has no `node:sqlite`
 *
 * @example
 * ```ts
 * const locks = sqliteLocks("./results");
 * ```
 */
export function sqliteLocks(folder: string, options: LockOptions = {}): LockManager {
  checkSqlite();
  return leaseLocks(new SqliteMedium(resolve(folder), undefined, options), options);
}
