/* Result stores for what tasks choose, and for what they leave to the settings. Equal choices share one. */
import { andThen, isPromise, type Awaitable } from "../kernel/awaitable.ts";
import { ConfigurationError, messageOf } from "../kernel/errors.ts";
import type { StoreChoice } from "../engine/services.ts";
import { ResultStore } from "../results/result-store.ts";
import { TargetStore } from "../results/target-store.ts";
import { extensionOf } from "../serializers/file-formats.ts";
import { serializerFor } from "../serializers/registry.ts";
import type { Serializer } from "../serializers/serializer.ts";
import { describeSettings, type Settings } from "../settings/settings.ts";
import type { FileArea, Storage } from "../storage/storage.ts";
import { evictionOf } from "./eviction.ts";
import { filesAt, storageOf } from "./storages.ts";

function defaultSerializer(settings: Settings): Serializer {
  const format = settings.results.defaultSerializer;
  try {
    return serializerFor(format);
  } catch (error) {
    const setting = describeSettings().find(({ name }) => name === "results.defaultSerializer");
    const source = setting?.value === format ? setting.source : "withSettings";
    throw new ConfigurationError(
      "OXBOW_SETTING_INVALID",
      `results.defaultSerializer in ${source}: ${messageOf(error)}`,
      { cause: error },
    );
  }
}

interface MadeStore {
  readonly keyStorage: Storage | undefined;
  readonly serializer: Serializer;
  readonly store: ResultStore;
}

const stores = new WeakMap<Storage, MadeStore[]>();

/** Tasks that choose the same share one store, and with it one memory tier. */
export function resultStore(settings: Settings, choice: StoreChoice): Awaitable<ResultStore> {
  const storage = storageOf(choice.storage, settings);
  const keyStorage = choice.keyStorage === undefined ? undefined : storageOf(choice.keyStorage, settings);
  if (!isPromise(storage) && !isPromise(keyStorage)) return storeIn(storage, keyStorage, settings, choice);
  return andThen(storage, (found) => andThen(keyStorage, (keys) => storeIn(found, keys, settings, choice)));
}

function storeIn(
  storage: Storage,
  keyStorage: Storage | undefined,
  settings: Settings,
  choice: StoreChoice,
): ResultStore {
  const serializer = choice.serializer ?? defaultSerializer(settings);
  let made = stores.get(storage);
  if (!made) stores.set(storage, (made = []));
  for (const each of made) {
    if (each.keyStorage === keyStorage && each.serializer === serializer) return each.store;
  }
  const memory = { entries: settings.results.memoryEntries, bytes: settings.results.memoryBytes };
  const { spoolPath } = settings.results;
  const isDefault = choice.storage === undefined && keyStorage === undefined;
  const onWrite = isDefault ? evictionOf(storage, settings) : undefined;
  const store = new ResultStore({ storage, keyStorage, serializer, memory, spoolPath, onWrite });
  made.push({ keyStorage, serializer, store });
  return store;
}

const targetStores = new WeakMap<FileArea, Map<string, TargetStore>>();

/** Where the file of a `target` goes: into the storage that was chosen, where that has files; else into the working directory. */
export async function targetStore(
  settings: Settings,
  choice: Storage | string | undefined,
  path: string,
  expirationMs: number | undefined,
): Promise<{ readonly store: ResultStore; readonly location: string }> {
  const files = await filesOf(choice, settings);
  const { spoolPath } = settings.results;
  const made = targetStores.get(files) ?? new Map<string, TargetStore>();
  targetStores.set(files, made);
  const name = `${extensionOf(path)}\n${expirationMs}\n${spoolPath}`;
  let store = made.get(name);
  if (!store) made.set(name, (store = new TargetStore({ files, path, expirationMs, spoolPath })));
  return { store, location: files.locate(path) };
}

async function filesOf(choice: Storage | string | undefined, settings: Settings): Promise<FileArea> {
  if (choice === undefined && settings.results.defaultStorageBlock === undefined) return filesAt(process.cwd()).files!;
  const { files, kind } = await storageOf(choice, settings);
  if (files) return files;
  throw new ConfigurationError("OXBOW_OPTION_INVALID", `A target is a plain file, and the ${kind} storage keeps none`, {
    hint: "name a folder as resultStorage, or fileStorage(), s3Storage(), gcsStorage() or azureStorage()",
  });
}
