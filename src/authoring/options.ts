import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { CacheKeyFn, CachePolicy } from "../caching/cache-policy.ts";
import type { Awaitable } from "../kernel/awaitable.ts";
import type { CacheMode } from "../kernel/cache-mode.ts";
import type { Duration } from "../kernel/duration.ts";
import type { FlowRunView, RunContext, SubjectView, TaskRunView } from "../engine/views.ts";
import type { TaskRunner } from "../engine/task-runner.ts";
import type { Serializer } from "../serializers/serializer.ts";
import type { State } from "../states/state.ts";
import type { TransactionHook } from "../transactions/transaction.ts";
import type { RecordMetadata, Storage } from "../storage/storage.ts";

/** What a hook of a task is called with. The hook may be asynchronous; its error is logged. */
export type TaskHook = (task: SubjectView, run: TaskRunView, state: State) => unknown;

/** What a hook of a flow is called with. The hook may be asynchronous; its error is logged. */
export type FlowHook = (flow: SubjectView, run: FlowRunView, state: State) => unknown;

/** How long to wait before each retry: one for all, one for each (the last repeats), or by the number of failures so far. */
export type RetryDelay = Duration | readonly Duration[] | ((failures: number) => Duration);

/**
 * A name or a path that is made for each call. In a text, `{taskName}`, `{flowName}`, `{flowRunId}`, `{taskRunId}`, `{date:yyyy-MM-dd}`
 * (also `today`, `yesterday`, `tomorrow`; in UTC), `{parameters.name}`, each parameter of the flow and each input by its name; inputs win.
 */
export type Template = string | ((context: RunContext, inputs: Readonly<Record<string, unknown>>) => Awaitable<string>);

/** Retries, time limits and what else a flow and a task have in common. */
export interface RunOptions {
  /** Changes with the meaning of the function; part of `TASK_SOURCE`. @default none */
  readonly version?: string;
  /** @default none */
  readonly description?: string;
  /** @default [] */
  readonly tags?: readonly string[];
  /** The names of the function's parameters, where they cannot be read from it (minified code). @default read from the function */
  readonly params?: readonly string[];
  /** How many attempts may follow the first. @default the setting `tasks.defaultRetries` or `flows.defaultRetries`: 0 */
  readonly retries?: number;
  /** @default the setting `tasks.defaultRetryDelay` or `flows.defaultRetryDelay`: "0s" */
  readonly retryDelay?: RetryDelay;
  /** 0.3 makes each delay up to 30 % longer, at random. @default 0 */
  readonly retryJitter?: number;
  /** How long one attempt may take. @default no limit */
  readonly timeout?: Duration;
  /** Whether results are stored. @default see "Persistence" in the guide: implied by caching options, else settings */
  readonly persistResult?: boolean;
  /**
   * Where results are stored: a storage, the path of a folder, or a block: `"block:s3/results"`.
   *
   * @default the flow's, else the setting
   * `results.defaultStorageBlock`, else `sqliteStorage` in `results.storagePath`
   */
  readonly resultStorage?: Storage | string;
  /** @default the flow's, else the setting `results.defaultSerializer`: "json" */
  readonly resultSerializer?: Serializer;
  /**
   * What may be done with stored results; that of a flow is for all tasks inside. The flows around, the setting `caching.mode` and the
   * `mode` of the store can only take away: what all of them allow is done. @default "read-write"
   */
  readonly cacheMode?: CacheMode;
}

/** The options of a task. */
export interface TaskOptions extends RunOptions {
  /** The recipe of the cache key. @default DEFAULT, where results are stored at all */
  readonly cachePolicy?: CachePolicy;
  /** Makes the key itself; wins over `cachePolicy`. @default none */
  readonly cacheKeyFn?: CacheKeyFn<RunContext>;
  /**
   * The name of the record, in place of a key of a policy: a template such as `"{flowName}/{date:yyyy-MM-dd}/{url}"`, or a function.
   * It knows the inputs, the flow's parameters and the run. Wins over `cacheKeyFn` and `cachePolicy`. @default none
   */
  readonly resultStorageKey?: Template;
  /**
   * The path of a plain file that holds the result, for other programs to read: a template as above, or a function. A file that is
   * there means that the work is done, whatever the inputs. Its extension says how it is written: json, ndjson, csv, tsv, txt, parquet,
   * anything else as bytes. It lies in the `resultStorage`, where that keeps files, else in the working directory. @default none
   */
  readonly target?: Template;
  /** From when on a stored result is not used, counted from its computation. @default never */
  readonly cacheExpiration?: Duration;
  /** `true` computes anew and overwrites; `false` does not even where the setting `tasks.refreshCache` is on. @default the setting */
  readonly refreshCache?: boolean;
  /** Whether hits are kept in memory too. @default true */
  readonly cacheResultInMemory?: boolean;
  /**
   * `"manual"`: where there is no stored result, somebody has to say yes before the function is called: at the terminal, or by
   * resuming the flow run, which is suspended until then. @default "automatic"
   */
  readonly trigger?: "automatic" | "manual";
  /** Asked about a record that was found: `false` makes it a miss. @default none */
  readonly validate?: (record: RecordMetadata, context: RunContext) => Awaitable<boolean>;
  /** Asked about an error, before a retry: `false` ends the run. @default every error is retried */
  readonly retryWhen?: (error: unknown, run: TaskRunView) => Awaitable<boolean>;
  /** A Standard Schema for the inputs by parameter name; what it makes of them is what the function gets. @default none */
  readonly input?: StandardSchemaV1;
  /** A Standard Schema for the result, of the function and of a record alike. @default none */
  readonly output?: StandardSchemaV1;
  /** Futures that have to complete before the task starts. @default [] */
  readonly waitFor?: readonly unknown[];
  /**
   * Called once the result is durable: at once, or when the transaction around the task is committed. One that throws rolls the
   * transaction back. Not called on a hit. @default []
   */
  readonly onCommit?: TransactionHook | readonly TransactionHook[];
  /** Undoes what the task did: called where it has completed and its transaction is rolled back. Not called on a hit. @default [] */
  readonly onRollback?: TransactionHook | readonly TransactionHook[];
  /** Called at the start of each attempt. @default [] */
  readonly onRunning?: TaskHook | readonly TaskHook[];
  /** Called when the run has completed, from the cache or not. @default [] */
  readonly onCompletion?: TaskHook | readonly TaskHook[];
  /** Called when the run has failed for good. @default [] */
  readonly onFailure?: TaskHook | readonly TaskHook[];
}

/** The options of a flow. */
export interface FlowOptions extends RunOptions {
  /** A Standard Schema for the parameters by name; what it makes of them is what the function gets. @default none */
  readonly parameters?: StandardSchemaV1;
  /** Runs the tasks that are submitted. @default inProcess() */
  readonly taskRunner?: TaskRunner;
  /** Called at the start of the run. @default [] */
  readonly onRunning?: FlowHook | readonly FlowHook[];
  /** @default [] */
  readonly onCompletion?: FlowHook | readonly FlowHook[];
  /** @default [] */
  readonly onFailure?: FlowHook | readonly FlowHook[];
  /** @default [] */
  readonly onCancellation?: FlowHook | readonly FlowHook[];
  /** @default [] */
  readonly onCrashed?: FlowHook | readonly FlowHook[];
}
