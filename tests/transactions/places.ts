import { join } from "node:path";
import { cacheKey } from "../../src/defaults.ts";
import type { TaskOptions } from "../../src/authoring/options.ts";
import type { Duration } from "../../src/kernel/duration.ts";
import type { LockManager } from "../../src/locks/lock-manager.ts";
import { fileStorage } from "../../src/storage/file.ts";
import { sqliteStorage } from "../../src/storage/sqlite.ts";
import type { Storage } from "../../src/storage/storage.ts";
import { openLocks } from "../chaos/open-locks.ts";

/** Where transactions of several processes meet. */
export interface SharedPlace {
  /** Also the kind of its storage; that of Redis is SQLite. */
  readonly kind: "sqlite" | "file" | "redis" | "postgres";
  /** Of this place alone. */
  readonly folder: string;
  /** Where the server is, for those that need one. */
  readonly url?: string | undefined;
}

/** What a process has open of a place. */
export interface OpenedPlace {
  readonly storage: Storage;
  readonly locks: LockManager;
}

/** @param lease of the lock manager @default "30s" */
export async function openPlace({ kind, folder, url }: SharedPlace, lease: Duration = "30s"): Promise<OpenedPlace> {
  const at = url ?? join(folder, "locks");
  return { storage: await openStorage(kind, folder, url), locks: await openLocks({ locks: kind, at }, { lease }) };
}

async function openStorage(kind: SharedPlace["kind"], folder: string, url: string | undefined): Promise<Storage> {
  if (kind === "file") return fileStorage(join(folder, "results"));
  if (kind !== "postgres") return sqliteStorage(join(folder, "results"));
  const { postgresStorage } = await import("../../src/storage/postgres.ts");
  return postgresStorage(url!);
}

/** Options of a task that keeps its result in a place under a key, SERIALIZABLE. */
export function exclusive({ storage, locks }: OpenedPlace, key: string): TaskOptions {
  return {
    cachePolicy: cacheKey(key).configure({ isolationLevel: "SERIALIZABLE", lockManager: locks }),
    resultStorage: storage,
  };
}
