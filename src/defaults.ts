/*
 * The composition root: the one file of the SDK that names implementations. What a task gets when it asks for nothing
 * is chosen here; everything below knows contracts only.
 */
import { isAbsolute, join, resolve } from "node:path";
import { CachePolicy, type CacheKeyFn } from "./caching/cache-policy.ts";
import { FlowParametersMember } from "./caching/flow-parameters.ts";
import { InputsMember } from "./caching/inputs.ts";
import { KeyFnMember } from "./caching/key-fn.ts";
import { RunIdMember } from "./caching/run-id.ts";
import { TaskNameMember } from "./caching/task-name.ts";
import { TaskSourceMember } from "./caching/task-source.ts";
import { inProcess } from "./engine/in-process.ts";
import { scopeForRun } from "./engine/scope.ts";
import type { Services, StoreChoice } from "./engine/services.ts";
import type { RunContext } from "./engine/views.ts";
import { systemClock } from "./kernel/clock.ts";
import { ConfigurationError, messageOf } from "./kernel/errors.ts";
import { fileLocks } from "./locks/file.ts";
import type { LockOptions } from "./locks/lease-locks.ts";
import type { LockManager } from "./locks/lock-manager.ts";
import { memoryLocks } from "./locks/memory.ts";
import { sqliteLocks } from "./locks/sqlite.ts";
import { createLogger } from "./logging/logger.ts";
import { stderrSink } from "./logging/stderr-sink.ts";
import { ResultStore } from "./results/result-store.ts";
import { serializerFor } from "./serializers/registry.ts";
import type { Serializer } from "./serializers/serializer.ts";
import { structured } from "./serializers/structured.ts";
import { describeSettings, type Settings } from "./settings/settings.ts";
import { fileStorage } from "./storage/file.ts";
import { sqliteStorage } from "./storage/sqlite.ts";
import type { Storage } from "./storage/storage.ts";

/** The inputs of the call. Alone it holds no task: tasks with equal inputs share records. */
export const INPUTS: CachePolicy = new CachePolicy([new InputsMember()]);
/** The task's name, `version` and own code; comments, formatting and options do not count. */
export const TASK_SOURCE: CachePolicy = new CachePolicy([new TaskSourceMember()]);
/** The flow run, or the task run where there is no flow: records serve one run only. */
export const RUN_ID: CachePolicy = new CachePolicy([new RunIdMember()]);
/** What the surrounding flow was called with. */
export const FLOW_PARAMETERS: CachePolicy = new CachePolicy([new FlowParametersMember()]);
/** The name that the task was given. */
export const TASK_NAME: CachePolicy = new CachePolicy([new TaskNameMember()]);
/** Never a key: no lookup, no record. */
export const NO_CACHE: CachePolicy = new CachePolicy([]);
/** What a task has that asks for no policy: equal calls of the same code are computed once in each run. */
export const DEFAULT: CachePolicy = INPUTS.and(TASK_SOURCE).and(RUN_ID);

/**
 * A policy whose key is what a function returns. Alone, that string is the key itself; joined with others it is a part.
 *
 * @param fn gets the run context and the inputs by parameter name; `undefined` means that the call is not cached
 */
export function cacheKeyFn(fn: CacheKeyFn<RunContext>): CachePolicy {
  return new CachePolicy([new KeyFnMember(fn)]);
}

/** A policy whose key is always this string. */
export function cacheKey(key: string): CachePolicy {
  return cacheKeyFn(() => key);
}

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
const filesAt = byPath(fileStorage);

/** A path means one file per result, named by its key; no storage at all means the embedded database. */
function storageOf(choice: Storage | string | undefined, settings: Settings): Storage {
  if (choice === undefined) return sqliteAt(settings.results.storagePath);
  return typeof choice === "string" ? filesAt(choice) : choice;
}

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
function resultStore(settings: Settings, choice: StoreChoice): ResultStore {
  const storage = storageOf(choice.storage, settings);
  const keyStorage = choice.keyStorage === undefined ? undefined : storageOf(choice.keyStorage, settings);
  const serializer = choice.serializer ?? defaultSerializer(settings);
  let made = stores.get(storage);
  if (!made) stores.set(storage, (made = []));
  for (const each of made) {
    if (each.keyStorage === keyStorage && each.serializer === serializer) return each.store;
  }
  const memory = { entries: settings.results.memoryEntries, bytes: settings.results.memoryBytes };
  // A serializer of the user's own reads what it wrote, registered or not.
  const reader = (format: string): Serializer => (format === serializer.format ? serializer : serializerFor(format));
  const store = new ResultStore({ storage, keyStorage, serializer, serializerFor: reader, memory });
  made.push({ keyStorage, serializer, store });
  return store;
}

const lockManagers = new WeakMap<Storage, Map<number, LockManager>>();
/** Two storages of one place have one lock manager: a transaction must know a lock for its own, whichever of them it comes by. */
const locksByPlace = new Map<string, LockManager>();

/** The locks that belong to a storage: beside its records, seen by the same processes. */
function locksOf(storage: Storage, settings: Settings): LockManager | undefined {
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
      if (!isAbsolute(location)) return undefined;
      return sharedLocks(`${kind} ${lease} ${location}`, () => fileLocks(join(location, ".locks"), options));
    default:
      return undefined;
  }
}

function sharedLocks(place: string, make: () => LockManager): LockManager {
  let locks = locksByPlace.get(place);
  if (!locks) locksByPlace.set(place, (locks = make()));
  return locks;
}

/** What the engine is given. */
export const services: Services = {
  resultStore,
  locksOf,
  copier: structured(),
  defaultPolicy: DEFAULT,
  taskRunner: inProcess(),
  clock: systemClock,
  sink: stderrSink(),
};

/** Says something that is not of one run: about a definition, say. */
export function warn(source: string, message: string): void {
  const { settings, sink, clock } = scopeForRun(services);
  createLogger(source, { level: settings.logging.level, sink, clock }).warn(message);
}
