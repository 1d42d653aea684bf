/* Which storage a command is about. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { historyOf } from "../../defaults/history.ts";
import { storageOf } from "../../defaults/storages.ts";
import type { RecordPlace } from "../../maintenance/index.ts";
import { loadSettings } from "../../settings/settings.ts";
import { sqliteStorage } from "../../storage/sqlite.ts";
import type { Storage } from "../../storage/storage.ts";
import { misuse, refuseEmpty } from "../output.ts";
import type { Terminal } from "../terminal.ts";

/** How a storage is named on a command line. */
export interface PlaceOptions {
  /** A folder or a block. */
  readonly storage?: string;
  /** Where the metadata are, if apart. */
  readonly keyStorage?: string;
}

/** Hands a place and the history to a function, and lets go of them afterwards. */
export async function withPlace<T>(
  { storage, keyStorage }: PlaceOptions,
  terminal: Terminal,
  use: (place: RecordPlace) => Promise<T>,
): Promise<T> {
  refuseEmpty({ storage, keyStorage });
  const settings = loadSettings();
  const history = settings.history.enabled ? await historyOf(settings) : undefined;
  const place: RecordPlace = {
    storage: await storageNamed(storage, terminal),
    keyStorage: keyStorage === undefined ? undefined : await storageNamed(keyStorage, terminal),
    history,
  };
  try {
    return await use(place);
  } finally {
    await Promise.all([place.storage.close(), place.keyStorage?.close(), history?.close()]);
  }
}

/** The storage of a folder or a block; the default one where nothing is named. @throws {ConfigurationError} */
export async function storageNamed(text: string | undefined, terminal: Terminal): Promise<Storage> {
  const settings = loadSettings();
  if (text === undefined || text.startsWith("block:")) return storageOf(text, settings);
  if (/^[a-z][a-z\d+.-]+:\/\//i.test(text)) {
    throw misuse(
      `A storage is named by its folder or its block, and ${text.split(":", 1)[0]!}://… is neither`,
      "saveBlock(name, storage) makes a block of it: block:s3/results",
    );
  }
  const folder = resolve(terminal.cwd, text);
  if (folder === settings.results.storagePath) return storageOf(undefined, settings);
  if (!existsSync(folder)) throw misuse(`There is no folder ${text}`);
  return existsSync(join(folder, "records.db")) ? sqliteStorage(folder) : storageOf(folder, settings);
}
