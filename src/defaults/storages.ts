/* Which storage a choice means: one that was made, a folder, a block, or nothing at all. */
import { isAbsolute, resolve } from "node:path";
import type { Awaitable } from "../kernel/awaitable.ts";
import type { Settings } from "../settings/settings.ts";
import { fileStorage } from "../storage/file.ts";
import { sqliteStorage } from "../storage/sqlite.ts";
import type { Storage } from "../storage/storage.ts";
import { isBlockReference, storageOfBlock } from "./blocks.ts";

/** One storage for each path, so that tasks share it. Relative paths are those of the moment. */
function byPath(make: (path: string) => Storage): (path: string) => Storage {
  const made = new Map<string, Storage>();
  return (path) => {
    const place = isAbsolute(path) ? path : resolve(path);
    let storage = made.get(place);
    if (!storage) made.set(place, (storage = make(place)));
    return storage;
  };
}

const sqliteAt = byPath(sqliteStorage);
/** The storage in a folder: one for each. */
export const filesAt: (folder: string) => Storage = byPath(fileStorage);

/**
 * The storage of a choice. A path means one file per result, named by its key; none at all the block that the settings name,
 * else the embedded database.
 *
 * @throws {ConfigurationError} where a block is not there, or cannot be used
 */
export function storageOf(choice: Storage | string | undefined, settings: Settings): Awaitable<Storage> {
  const chosen = choice ?? settings.results.defaultStorageBlock;
  if (chosen === undefined) return sqliteAt(settings.results.storagePath);
  if (typeof chosen !== "string") return chosen;
  return isBlockReference(chosen) || choice === undefined ? storageOfBlock(chosen, settings) : filesAt(chosen);
}
