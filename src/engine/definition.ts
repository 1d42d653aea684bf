/*
 * What a task and a flow are to the engine: checked options, durations in milliseconds, nothing left to interpret.
 */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { CachePolicy } from "../caching/cache-policy.ts";
import type { Parameters } from "../hashing/parameters.ts";
import type { Awaitable } from "../kernel/awaitable.ts";
import type { CacheMode } from "../kernel/cache-mode.ts";
import type { Serializer } from "../serializers/serializer.ts";
import type { State } from "../states/state.ts";
import type { RecordMetadata, Storage } from "../storage/storage.ts";
import type { TransactionHook } from "../transactions/transaction.ts";
import type { FlowRunView, RunContext, TaskRunView } from "./views.ts";
import type { TaskRunner } from "./task-runner.ts";

/** Called when a run enters a state. One that throws is logged, and stops neither the others nor the run. */
export interface StateHook<V> {
  readonly name: string;
  call(run: V, state: State): unknown;
}

/** How long to wait before an attempt, in milliseconds, by the number of failed attempts so far (1, 2, …). */
export type DelayFn = (failures: number) => number;

/** What tasks and flows have in common. */
export interface RunDefinition {
  readonly name: string;
  readonly version: string | undefined;
  readonly description: string | undefined;
  /** Looks up the file that it was defined in, as a URL or a path: where it is found again to be resumed. */
  readonly file: () => string | undefined;
  readonly tags: readonly string[];
  readonly fn: (...args: never[]) => unknown;
  parameters(): Parameters;
  readonly persist: boolean | undefined;
  readonly storage: Storage | string | undefined;
  readonly serializer: Serializer | undefined;
  readonly cacheMode: CacheMode | undefined;
  readonly retries: number | undefined;
  readonly retryDelay: DelayFn | undefined;
  readonly retryJitter: number;
  readonly timeoutMs: number | undefined;
}

export interface TaskDefinition extends RunDefinition {
  /** What the user chose: a policy, or one made of `cacheKeyFn`; `undefined` means the default policy. */
  readonly policy: CachePolicy | undefined;
  readonly expirationMs: number | undefined;
  readonly refresh: boolean | undefined;
  /** The path of the plain file that its result goes to, made for each run. */
  readonly target: ((context: RunContext, now: number) => Awaitable<string>) | undefined;
  /** Whether the function is a generator: its result is what it yields. */
  readonly yields: boolean;
  /** Whether an option says that results are wanted, so that `persistResult` need not. */
  readonly impliesPersistence: boolean;
  readonly inMemory: boolean;
  /** Whether somebody has to say yes before the body is called. */
  readonly isManual: boolean;
  readonly retryWhen: ((error: unknown, run: TaskRunView) => Awaitable<boolean>) | undefined;
  readonly input: StandardSchemaV1 | undefined;
  readonly output: StandardSchemaV1 | undefined;
  readonly validate: ((record: RecordMetadata, context: RunContext) => Awaitable<boolean>) | undefined;
  readonly waitFor: readonly unknown[];
  readonly onCommit: readonly TransactionHook[];
  readonly onRollback: readonly TransactionHook[];
  readonly onRunning: ReadonlyArray<StateHook<TaskRunView>>;
  readonly onCompletion: ReadonlyArray<StateHook<TaskRunView>>;
  readonly onFailure: ReadonlyArray<StateHook<TaskRunView>>;
}

export interface FlowDefinition extends RunDefinition {
  readonly schema: StandardSchemaV1 | undefined;
  readonly taskRunner: TaskRunner | undefined;
  readonly onRunning: ReadonlyArray<StateHook<FlowRunView>>;
  readonly onCompletion: ReadonlyArray<StateHook<FlowRunView>>;
  readonly onFailure: ReadonlyArray<StateHook<FlowRunView>>;
  readonly onCancellation: ReadonlyArray<StateHook<FlowRunView>>;
  readonly onCrashed: ReadonlyArray<StateHook<FlowRunView>>;
}
