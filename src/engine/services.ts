import type { CachePolicy } from "../caching/cache-policy.ts";
import type { Awaitable } from "../kernel/awaitable.ts";
import type { Clock } from "../kernel/clock.ts";
import type { LockManager } from "../locks/lock-manager.ts";
import type { RunStore } from "../history/run-store.ts";
import type { LogRecord, LogSink } from "../logging/logger.ts";
import type { ResultStore } from "../results/result-store.ts";
import type { Serializer } from "../serializers/serializer.ts";
import type { Settings, SettingsOverrides } from "../settings/settings.ts";
import type { Storage } from "../storage/storage.ts";
import type { Waiter } from "../transactions/deadlock.ts";
import type { TransactionNode } from "../transactions/node.ts";
import type { TaskRunner } from "./task-runner.ts";
import type { Watchers } from "./watchers.ts";

/** What the engine needs and does not choose: the composition root gives it. */
export interface Services {
  /** The place for results of a task that asks for this storage, key storage and serializer; the defaults where it does not. */
  resultStore(settings: Settings, choice: StoreChoice): Awaitable<ResultStore>;
  /**
   * The place for the result of a task with a `target`: one file, and nothing but the result in it.
   *
   * @param expirationMs how long after it was written the file counts
   */
  targetStore(
    settings: Settings,
    storage: Storage | string | undefined,
    path: string,
    expirationMs: number | undefined,
  ): Awaitable<{ readonly store: ResultStore; readonly location: string }>;
  /** The lock manager that belongs to a storage; `undefined` where it brings none. */
  locksOf(storage: Storage, settings: Settings): LockManager | undefined;
  /** The lock manager that somebody named; a text names a block. @throws {ConfigurationError} where that is not there, or no lock manager */
  lockManager(choice: LockManager | string, settings: Settings): Awaitable<LockManager>;
  /** Copies the values that code keeps in a transaction. */
  readonly copier: Serializer;
  readonly defaultPolicy: CachePolicy;
  readonly taskRunner: TaskRunner;
  readonly clock: Clock;
  readonly sink: LogSink;
  /** Who follows the runs. */
  readonly watchers: Watchers;
  /** Writes down what happens; `undefined` where the settings want no history. */
  recorder(settings: Settings): RunRecorder | undefined;
}

/** Writes down runs, and what is said in them. */
export interface RunRecorder {
  /** Takes note of a line of a run. Returns at once. */
  log(record: LogRecord, flowRunId: string | undefined, taskRunId: string | undefined): void;
  /** Whether records were ever removed, so that it is worth asking for one; `undefined` while that is not known. */
  hasRemovals: boolean | undefined;
  /** The history itself. */
  store(): Promise<RunStore>;
}

/** What a task chose of its result store. */
export interface StoreChoice {
  readonly storage: Storage | string | undefined;
  readonly keyStorage: Storage | string | undefined;
  readonly serializer: Serializer | undefined;
}

/** What a run takes over from where it begins. */
export interface Surroundings {
  readonly services: Services;
  readonly settings: Settings;
  /** What `withSettings` laid over all other sources of settings. */
  readonly overrides: SettingsOverrides | undefined;
  readonly clock: Clock;
  readonly sink: LogSink;
  /** The transaction of this place itself, where one has been opened: see `transactionIn`. */
  readonly node: TransactionNode | undefined;
  /** The transaction whose hook is running here: what begins here is no part of it. */
  readonly hookOf: Waiter | undefined;
}
