import type { Awaitable } from "../kernel/awaitable.ts";
import type { DecisionOutcome } from "../states/decision.ts";
import type { StateType } from "../states/state.ts";

/*
 * DESIGN. The history of runs: what is written down of them, and what can be asked. Times are milliseconds since 1970, with a
 * fraction; ids are those of runs; texts that are JSON say so.
 */

/** One state of a run. */
export interface StateRow {
  readonly type: StateType;
  readonly name: string;
  readonly timestamp: number;
  readonly message?: string | undefined;
}

/** What flow runs and task runs have in common. */
interface RunRow {
  readonly id: string;
  /** `outgoing-cicada`, `add-one-d85`. */
  readonly name: string;
  /** The run around it: a flow's or a task's. */
  readonly parentId?: string | undefined;
  readonly version?: string | undefined;
  readonly tags: readonly string[];
  /** All states so far, in order; never empty. */
  readonly states: readonly StateRow[];
  /** Which attempt is running, or ended it: 1 for the first. */
  readonly attempt: number;
  /** What was thrown, for a run that did not complete: its stack, cut to 8 KiB. */
  readonly error?: string | undefined;
}

/** One run of a flow. */
export interface FlowRunRow extends RunRow {
  readonly flowName: string;
  /** The process that runs it: see io/process-identity.ts. */
  readonly process: string;
  /** The file that the flow was defined in, as a URL: where `resume` finds it. */
  readonly file?: string | undefined;
  /** The parameters, as {@link Shown} makes them. */
  readonly parameters: Shown;
  /** The key in the default result storage under which the parameters are, where {@link parameters} does not have all of them. */
  readonly parametersKey?: string | undefined;
  readonly counts: RunCounts;
}

/** What the task runs of a flow run did. */
export interface RunCounts {
  readonly tasks: number;
  readonly failed: number;
  readonly hit: number;
  readonly miss: number;
  readonly refreshed: number;
  readonly uncached: number;
  readonly disabled: number;
  readonly savedMs: number;
}

/** One run of a task. */
export interface TaskRunRow extends RunRow {
  readonly taskName: string;
  readonly flowRunId?: string | undefined;
  readonly inputs: Shown;
  /** The key in the default result storage under which the resolved inputs are, while the run will have to run again. */
  readonly inputsKey?: string | undefined;
  /** The ids of the runs that had to complete first. */
  readonly upstream: readonly string[];
  readonly outcome?: DecisionOutcome | undefined;
  /** Why, in words. */
  readonly reason?: string | undefined;
  /** The cache key, where one was made. */
  readonly key?: string | undefined;
  /** A short digest per component of the key. */
  readonly components?: Readonly<Record<string, string>> | undefined;
  /** Where its record is: the location of the storage. */
  readonly storage?: string | undefined;
  readonly persisted: boolean;
  /** How long the computation took, or took once, on a hit; milliseconds. */
  readonly durationMs?: number | undefined;
  readonly savedMs: number;
}

/**
 * Values as they are written down, for people and for running again.
 */
export interface Shown {
  /** By name, in the tagged JSON of the `json` serializer; what is too large or secret is left out of it. */
  readonly json: string;
  /** Why the values of these names are not there: `secret`, `48 KiB`, `not serializable`. */
  readonly left?: Readonly<Record<string, string>> | undefined;
}

/** One line of a log of a run. */
export interface LogRow {
  readonly time: number;
  readonly level: "debug" | "info" | "warn" | "error";
  readonly message: string;
  readonly flowRunId?: string | undefined;
  readonly taskRunId?: string | undefined;
}

/** What happened to a record beside runs. */
export interface CacheEventRow {
  readonly time: number;
  readonly kind: "evicted" | "removed" | "damaged" | "accepted" | "revoked" | "pulled";
  readonly key?: string | undefined;
  readonly taskName?: string | undefined;
  readonly storage?: string | undefined;
  /** Why, in words. */
  readonly detail: string;
}

/** A definition of a task that ran: what acceptance of a change goes back to. */
export interface TaskSourceRow {
  readonly taskName: string;
  /** The digest of the component `task-source` in records. */
  readonly digest: string;
  /** The component itself, as in caching/task-source.ts. */
  readonly text: string;
  readonly file?: string | undefined;
  readonly seenAt: number;
}

/** What a paused or suspended run waits for. */
export interface Question {
  readonly flowRunId: string;
  /** Which of the run's questions: equal ones are asked once, also when the run is resumed. */
  readonly name: string;
  readonly askedAt: number;
  /** From this moment on no answer counts. */
  readonly deadline?: number | undefined;
  /** What is asked, for people. */
  readonly text: string;
  /** The answer as tagged JSON; `undefined` while there is none. */
  readonly answer?: string | undefined;
  readonly answeredAt?: number | undefined;
}

/** Everything that is written at once. */
export interface Batch {
  /** Rows of runs that are there already are replaced; the latest of several of one id counts. */
  readonly flowRuns: readonly FlowRunRow[];
  readonly taskRuns: readonly TaskRunRow[];
  readonly logs: readonly LogRow[];
  readonly cacheEvents: readonly CacheEventRow[];
  readonly taskSources: readonly TaskSourceRow[];
}

/** Which runs a list gives, the newest first. */
export interface RunFilter {
  readonly name?: string | undefined;
  /** The name of the flow, or of the task. */
  readonly of?: string | undefined;
  readonly flowRunId?: string | undefined;
  readonly state?: string | undefined;
  readonly tag?: string | undefined;
  readonly outcome?: DecisionOutcome | undefined;
  /** Only task runs that stored their result: those that a later run can be compared with. */
  readonly stored?: true | undefined;
  readonly key?: string | undefined;
  /** Only runs that began at or after this moment. */
  readonly since?: number | undefined;
  /** Only runs that began before this moment. */
  readonly before?: number | undefined;
  /** @default 50 */
  readonly limit?: number | undefined;
}

/** A run that {@link RunStore.flows} and the like give, with what is asked of it most. */
export interface FlowSummary {
  readonly name: string;
  readonly runs: number;
  readonly lastRunAt: number;
  readonly lastState: string;
}

/** Hits, misses and time saved, of one task. */
export interface TaskStats {
  readonly taskName: string;
  readonly runs: number;
  readonly hits: number;
  readonly misses: number;
  readonly refreshed: number;
  readonly uncached: number;
  readonly failed: number;
  readonly savedMs: number;
  readonly computedMs: number;
  readonly lastRunAt: number;
}

/**
 * The history: where runs are written down.
 *
 * What an implementation promises:
 * - **Whole batches.** `write` writes all of a batch or nothing of it. What was written survives the death of the process.
 * - **Several processes** may write and read at once.
 * - **Speed.** With 1e6 task runs every question is answered in under 300 ms.
 * - **Errors** are {@link StorageError}s without credentials; what is not there is `undefined` or an empty list.
 * - Nothing is opened before it is used; where the database is not there, questions are answered with nothing, and the first
 *   write makes it.
 */
export interface RunStore {
  /** `sqlite`, `postgres`. */
  readonly kind: string;
  /** Where it is, for people, without credentials. */
  readonly location: string;

  /** Answers synchronously where the medium does: such a store can be written when the process exits. */
  write(batch: Batch): Awaitable<void>;
  /**
   * Writes before it returns, with all that was handed over earlier: when the process exits. Present where the medium can do that.
   *
   * @param patienceMs how long it waits for another process that is writing; the event loop stands still meanwhile
   * @throws {StorageError}
   */
  writeNow?(batch: Batch, patienceMs: number): void;

  readonly flows: {
    list(): Promise<readonly FlowSummary[]>;
  };
  readonly flowRuns: {
    list(filter?: RunFilter): Promise<readonly FlowRunRow[]>;
    /** By id, the beginning of an id (at least 4 characters) or by name, the newest of several. */
    find(idOrName: string): Promise<FlowRunRow | undefined>;
    /** Removes runs with their task runs, logs and questions. @returns how many flow runs there were */
    delete(ids: readonly string[]): Promise<number>;
    /** Those that are not in a final state and not paused or suspended. */
    unfinished(): Promise<readonly FlowRunRow[]>;
  };
  readonly taskRuns: {
    list(filter?: RunFilter): Promise<readonly TaskRunRow[]>;
    find(idOrName: string): Promise<TaskRunRow | undefined>;
    /** When records were last used, by key; without those that no run used. */
    lastUses(keys: readonly string[]): Promise<ReadonlyMap<string, number>>;
    /** How many runs hit records, by key; without those that no run did. Present where it is known without reading all runs. */
    hits?(keys: readonly string[]): Promise<ReadonlyMap<string, number>>;
    stats(filter?: RunFilter): Promise<readonly TaskStats[]>;
  };
  readonly logs: {
    /** In the order of time. @param runId of a flow run, with those of its task runs, or of a task run */
    list(runId: string, options?: { readonly limit?: number; readonly after?: number }): Promise<readonly LogRow[]>;
  };
  readonly cacheEvents: {
    list(filter?: {
      readonly key?: string;
      readonly taskName?: string;
      readonly limit?: number;
    }): Promise<readonly CacheEventRow[]>;
  };
  readonly taskSources: {
    /** The newest first. */
    list(taskName?: string): Promise<readonly TaskSourceRow[]>;
  };
  readonly questions: {
    /** Writes a question; where it is there already, it stays. @returns it, with its answer where there is one */
    ask(question: Question): Promise<Question>;
    list(flowRunId: string): Promise<readonly Question[]>;
    /** @returns false where there is no such question or it has an answer */
    answer(flowRunId: string, name: string, answer: string, at: number): Promise<boolean>;
  };
  readonly requests: {
    /** Asks the process of a flow run to cancel it. */
    cancel(flowRunId: string, at: number): Promise<void>;
    /** Takes that back: the run is gone on with. */
    withdraw(flowRunId: string): Promise<void>;
    /** Which of these flow runs somebody asked to cancel. */
    cancelled(flowRunIds: readonly string[]): Promise<readonly string[]>;
  };

  /** Removes what ended before a moment, in steps that do not stop the event loop. @returns how many flow runs and lone task runs */
  prune(before: number): Promise<number>;

  /** Whether it can be reached, is migrated and can be written. @throws {StorageError} */
  check(): Promise<{ readonly schema: number; readonly flowRuns: number; readonly taskRuns: number }>;

  /** Ends all use. A store that is closed opens itself when it is used again. */
  close(): Awaitable<void>;
}
