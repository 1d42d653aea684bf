/*
 * The front door: everything that `import { … } from "oxbow"` gives, by name.
 */
export { flow, type Flow, type FlowOf } from "./authoring/flow.ts";
export { task, type GeneratorTask, type Task, type TaskOf } from "./authoring/task.ts";
export type {
  FlowHook,
  FlowOptions,
  RetryDelay,
  RunOptions,
  TaskHook,
  TaskOptions,
  Template,
} from "./authoring/options.ts";
export type { AnyFunction, Futurable, FuturableArguments, Settled } from "./authoring/futurable.ts";
export { exponentialBackoff } from "./authoring/retry-delay.ts";
export { withSettings } from "./authoring/with-settings.ts";
export { pauseFlowRun, suspendFlowRun, type PauseOptions } from "./authoring/pause.ts";
export { resumeFlowRun, retryTaskRun, type ResumeOptions } from "./authoring/resume.ts";
export { openHistory } from "./authoring/open-history.ts";
export { getLogger, getRunContext } from "./authoring/context.ts";

export {
  cacheKey,
  cacheKeyFn,
  DEFAULT,
  FLOW_PARAMETERS,
  INPUTS,
  NO_CACHE,
  RUN_ID,
  TASK_NAME,
  TASK_SOURCE,
} from "./defaults.ts";
export { CachePolicy } from "./caching/cache-policy.ts";
export type { CacheKeyFn } from "./caching/cache-policy.ts";
export type { IsolationLevel, PolicyConfiguration } from "./caching/policy-configuration.ts";
export { fileInput, type FileInput, type FileInputOptions } from "./hashing/file-input.ts";
export { registerStabilizer } from "./hashing/stabilizers.ts";

export { getTransaction, transaction } from "./authoring/transaction.ts";
export type { TransactionOptions } from "./engine/transaction-options.ts";
export type {
  CommitMode,
  Transaction,
  TransactionHook,
  TransactionHooks,
  TransactionState,
} from "./transactions/transaction.ts";
export { fileLocks } from "./locks/file.ts";
export { leaseLocks, type LockOptions } from "./locks/lease-locks.ts";
export { memoryLocks } from "./locks/memory.ts";
export { sqliteLocks } from "./locks/sqlite.ts";
export type { AcquireOptions, Lease, LockManager } from "./locks/lock-manager.ts";
export type { Claim, Grant, LockMedium } from "./locks/lock-medium.ts";

export { deleteBlock, inspectBlock, listBlocks, loadBlock, saveBlock } from "./defaults/blocks.ts";
export type { BlockDescription, BlockResource, BlockSummary, SaveBlockOptions } from "./blocks/blocks.ts";

export { ResultStore } from "./results/result-store.ts";
export type { ResultStoreOptions } from "./results/result-store.ts";
export { fileStorage, type FileStorageOptions } from "./storage/file.ts";
export { memoryStorage } from "./storage/memory.ts";
export { sqliteStorage, type SqliteStorageOptions } from "./storage/sqlite.ts";
export type {
  FileArea,
  ListOptions,
  Payload,
  PutOptions,
  RecordMetadata,
  Storage,
  StorageCapabilities,
  StoredFile,
  StoredRecord,
  ValueArea,
} from "./storage/storage.ts";

export { inProcess, type InProcessOptions } from "./engine/in-process.ts";
export type { TaskPool, TaskRunner } from "./engine/task-runner.ts";
export { Plan, type PlannedTask } from "./engine/planner.ts";
export { TaskFuture } from "./engine/futures.ts";
export { TaskFutures, type Items } from "./engine/task-map.ts";
export type { FlowRunView, RunContext, RunView, SubjectView, TaskRunView } from "./engine/views.ts";

export type {
  Batch,
  CacheEventRow,
  FlowRunRow,
  FlowSummary,
  LogRow,
  Question,
  RunCounts,
  RunFilter,
  RunStore,
  Shown,
  StateRow,
  TaskRunRow,
  TaskSourceRow,
  TaskStats,
} from "./history/run-store.ts";
export { State } from "./states/state.ts";
export type { StateType } from "./states/state.ts";
export { Decision } from "./states/decision.ts";
export type { DecisionOutcome, DecisionRecord } from "./states/decision.ts";
export type { ByteSource } from "./kernel/byte-source.ts";
export type { CacheMode } from "./kernel/cache-mode.ts";
export type { Configuration } from "./kernel/configuration.ts";
export type { Awaitable } from "./kernel/awaitable.ts";
export type { Duration, DurationParts } from "./kernel/duration.ts";
export {
  CachingError,
  CancelledError,
  ConfigurationError,
  HashError,
  HistoryError,
  LockError,
  MissingResultError,
  OxbowError,
  RecordError,
  SerializationError,
  StorageError,
  SuspendedError,
  TimeoutError,
  TransactionCommitError,
  TransactionError,
  UpstreamError,
  ValidationError,
} from "./kernel/errors.ts";
export type { ErrorCode } from "./kernel/errors.ts";
export type { LogLevel, LogRecord, LogSink, Logger } from "./logging/logger.ts";
export type { Settings, SettingsOverrides } from "./settings/settings.ts";
