import { statSync } from "node:fs";
import { dirname } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { type Awaitable, isPromise } from "../../kernel/awaitable.ts";
import { StorageError } from "../../kernel/errors.ts";
import { checkFolder, quiet } from "../disk-failure.ts";
import { sqliteFailure } from "./failure.ts";

/**
 * Whether there is a database at `path`. An empty file is none: SQLite makes one before it writes.
 *
 * @throws {StorageError} where none can be
 */
export function isDatabaseThere(path: string): boolean {
  const stats = statSync(path, quiet);
  if (stats === undefined) checkFolder(dirname(path));
  else if (!stats.isFile()) throw new StorageError(`Cannot use ${path}: it is not a file`, { hint: "move it away" });
  return stats !== undefined && stats.size > 0;
}

/** Which file a path leads to: another value where it was removed or replaced since. */
export function fileIdentity(path: string): string {
  const stats = statSync(path, quiet);
  return stats === undefined ? "none" : `${stats.dev} ${stats.ino}`;
}

/**
 * Has a database keep a write-ahead log: readers and the writer then never wait for each other.
 *
 * @param otherwise what to use where that cannot be
 * @throws {StorageError} where the file system has no shared memory for it
 */
export function useLog(db: DatabaseSync, path: string, otherwise: string): void {
  const [mode] = Object.values(db.prepare("PRAGMA journal_mode = WAL").get() ?? {});
  if (mode === "wal") return;
  throw new StorageError(
    `Cannot use ${path}: SQLite cannot keep a write-ahead log there (journal mode ${String(mode)})`,
    {
      hint: `the folder may be on a network share: ${otherwise}`,
    },
  );
}

/** Work on a database whose errors name its file. */
export function guarded<T>(action: string, path: string, work: () => Awaitable<T>): Awaitable<T> {
  try {
    const result = work();
    return isPromise(result)
      ? result.catch((error: unknown) => Promise.reject(sqliteFailure(action, path, error)))
      : result;
  } catch (error) {
    throw sqliteFailure(action, path, error);
  }
}
