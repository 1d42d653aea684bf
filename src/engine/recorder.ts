/*
 * DESIGN. Writing runs down, beside them.
 *
 *   a run enters a state ─▶ it is in the queue, once ─▶ every 50 ms, or when there are many: rows ─▶ one batch ─▶ the history
 *
 * What it does: keeps the runs, not rows: one that has begun and ended between two batches is one row. The inputs alone are
 * written down when the body is called, because it may change them.
 * What it promises: no run ever waits for the history, but for the moment that a batch takes where the history is a file. The
 * queue is bounded: where the history is slower than the runs, task runs are left out, and that is said. A history that cannot
 * be written is said once, and once more when it can be again. What is queued when the process ends is written then, where the
 * history is a file: also when it ends before the first batch, or has to wait for another process. What is lost then is said.
 * What the caller must do: nothing.
 */
import type { Batch, LogRow, RunStore, TaskSourceRow } from "../history/run-store.ts";
import { type Awaitable, isPromise } from "../kernel/awaitable.ts";
import type { Clock } from "../kernel/clock.ts";
import { messageOf } from "../kernel/errors.ts";
import type { LogRecord, LogSink } from "../logging/logger.ts";
import type { Settings } from "../settings/settings.ts";
import type { State } from "../states/state.ts";
import type { TaskDefinition } from "./definition.ts";
import { FlowRun } from "./flow-run.ts";
import { Removals } from "./recorder/removals.ts";
import { flowRunRow, taskRunRow } from "./recorder/rows.ts";
import { type Limits, secretsOf, show, type Write } from "./recorder/shown.ts";
import { TaskRun } from "./task-run.ts";
import type { RunRecorder } from "./services.ts";

/** What a recorder needs. */
export interface RecorderOptions {
  /** Opens the history: asked once, when the first run begins. One that is a file is there at once. */
  readonly open: () => Awaitable<RunStore>;
  readonly write: Write;
  /** The identity of this process. */
  readonly process: string;
  readonly clock: Clock;
  readonly sink: LogSink;
}

/** Milliseconds from a state to its batch. */
const delayMs = 50;
/** So many runs are a batch: about two milliseconds of writing. */
const batchSize = 256;
/** So many runs may wait for a history that is slow, or being opened. */
const longestQueue = 20_000;

/** Writes runs down in one history. */
export class Recorder implements RunRecorder {
  readonly #options: RecorderOptions;
  #queue: Array<FlowRun | TaskRun> = [];
  #logs: LogRow[] = [];
  #sources: TaskSourceRow[] = [];
  readonly #removals: Removals;
  readonly #seen = new WeakSet<TaskDefinition>();
  #store: RunStore | undefined;
  #opening: Promise<RunStore> | undefined;
  /** Why it could not be opened at once. */
  #refusal: Error | undefined;
  #writing: Promise<void> | undefined;
  /** The batch that {@link #writing} is about. */
  #unfinished: Batch | undefined;
  #timer: NodeJS.Timeout | undefined;
  #hasFailed = false;
  #lost = 0;

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#removals = new Removals(options.clock);
  }

  /** Takes note of a run that has entered a state. */
  note(run: FlowRun | TaskRun, state: State): void {
    const isTask = run instanceof TaskRun;
    // What has not begun is nothing to write down, unless it ends there.
    if (isTask && state.type === "PENDING" && state.name !== "NotReady") return;
    const note = (run.note ??= {
      shown: show(run.given, limitsOf(run.settings), this.#options.write),
      isQueued: false,
    });
    if (note.isQueued) return;
    note.isQueued = true;
    this.#queue.push(run);
    if (isTask && this.#queue.length > longestQueue) this.#leaveOut();
    if (this.#queue.length >= batchSize && this.#store) this.#writeSome();
    else this.#schedule();
  }

  log({ time, level, message }: LogRecord, flowRunId: string | undefined, taskRunId: string | undefined): void {
    this.#logs.push({ time, level, message, flowRunId, taskRunId });
    if (this.#logs.length > longestQueue) this.#logs.shift();
    this.#schedule();
  }

  get hasRemovals(): boolean | undefined {
    return this.#removals.areThere(this.#store);
  }

  set hasRemovals(value: boolean | undefined) {
    this.#removals.note(value);
  }

  /** When it is known what {@link hasRemovals} says. */
  async store(): Promise<RunStore> {
    const store = await this.#open();
    await this.#removals.known(store);
    return store;
  }

  /** Opens the history, or begins to. */
  #open(): Promise<RunStore> {
    return (this.#opening ??= this.#begin());
  }

  #begin(): Promise<RunStore> {
    try {
      const opened = this.#options.open();
      if (!isPromise(opened)) return Promise.resolve((this.#store = opened));
      const opening = Promise.resolve(opened).then((store) => (this.#store = store));
      // Who waits for it is told; before that nobody may.
      opening.catch(() => undefined);
      return opening;
    } catch (error) {
      this.#refusal = error as Error;
      const failed = Promise.reject<RunStore>(error);
      failed.catch(() => undefined);
      return failed;
    }
  }

  /** Writes all that is queued, and waits until it is there. Never rejects. */
  async flush(): Promise<void> {
    if (!this.#isEmpty) await this.#open().catch((error: unknown) => this.#failed(error, this.#take()));
    while (!this.#isEmpty || this.#writing) {
      this.#writeSome();
      await this.#writing;
    }
  }

  /** Writes all that is queued before it returns, where the history can do that: when the process exits. Never throws. */
  flushNow(patienceMs: number): void {
    if (this.#isEmpty && !this.#unfinished) return;
    const until = performance.now() + patienceMs;
    // What is being written goes along with the first batch.
    let lost = this.#unfinished ? sizeOf(this.#unfinished) : 0;
    try {
      void this.#open();
      const store = this.#store;
      if (!store?.writeNow)
        throw this.#refusal ?? new Error("it is no file. `await openHistory()` before process.exit() writes them");
      do {
        const batch = this.#take();
        lost += sizeOf(batch);
        store.writeNow(batch, Math.max(0, until - performance.now()));
        lost = 0;
      } while (!this.#isEmpty);
    } catch (error) {
      lost += this.#queue.length + this.#logs.length;
      this.#tell("error", `The process ends, and ${lost} rows of the run history are not written: ${messageOf(error)}`);
      this.#options.sink.flush();
    }
  }

  get #isEmpty(): boolean {
    return this.#queue.length === 0 && this.#logs.length === 0 && this.#sources.length === 0;
  }

  #schedule(): void {
    if (this.#timer) return;
    // At once: a process may end before the batch.
    void this.#open();
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#store) this.#writeSome();
      else
        void this.#open().then(
          () => this.#writeSome(),
          (error: unknown) => this.#failed(error, this.#take()),
        );
    }, delayMs);
    // The exit writes what is left.
    this.#timer.unref();
  }

  #writeSome(): void {
    if (!this.#store || this.#writing || this.#isEmpty) return;
    const batch = this.#take();
    try {
      const written = this.#store.write(batch);
      if (isPromise(written)) this.#writing = this.#finish(written, batch);
      else this.#written();
    } catch (error) {
      this.#failed(error, batch);
    }
    if (!this.#isEmpty) this.#schedule();
  }

  async #finish(written: PromiseLike<void>, batch: Batch): Promise<void> {
    this.#unfinished = batch;
    try {
      await written;
      this.#written();
    } catch (error) {
      this.#failed(error, batch);
    } finally {
      this.#writing = this.#unfinished = undefined;
      if (!this.#isEmpty) this.#schedule();
    }
  }

  #take(): Batch {
    const runs = this.#queue.length > batchSize ? this.#queue.splice(0, batchSize) : this.#queue;
    if (runs === this.#queue) this.#queue = [];
    const flowRuns = [];
    const taskRuns = [];
    for (const run of runs) {
      run.note!.isQueued = false;
      if (run instanceof TaskRun) {
        taskRuns.push(taskRunRow(run));
        this.#noteSource(run);
      } else flowRuns.push(flowRunRow(run, this.#options.process));
    }
    const batch = { flowRuns, taskRuns, logs: this.#logs, cacheEvents: [], taskSources: this.#sources };
    this.#logs = [];
    this.#sources = [];
    return batch;
  }

  /** The source of a task that counted for a key, once: what acceptance of a change goes back to. */
  #noteSource({ task, cached, state }: TaskRun): void {
    if (!cached || this.#seen.has(task)) return;
    this.#seen.add(task);
    const text = cached.key.component("task-source");
    if (text === undefined) return;
    const digest = cached.key.digests()["task-source"]!;
    this.#sources.push({ taskName: task.name, digest, text, file: task.file(), seenAt: state!.timestamp });
  }

  /** The oldest task runs go: those that have just begun are what somebody looks for. */
  #leaveOut(): void {
    const kept = this.#queue.filter((run, index) => {
      const stays = index >= batchSize || run instanceof FlowRun;
      if (!stays) run.note!.isQueued = false;
      return stays;
    });
    this.#say(this.#queue.length - kept.length, "it is slower than the runs");
    this.#queue = kept;
  }

  #failed(error: unknown, batch: Batch): void {
    // The next use opens it again.
    if (!this.#store) this.#opening = undefined;
    this.#say(sizeOf(batch), messageOf(error));
  }

  #say(lost: number, why: string): void {
    this.#lost += lost;
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.#tell("error", `The run history cannot be written: ${why}. Runs go on, and are not recorded`);
  }

  #written(): void {
    if (!this.#hasFailed) return;
    this.#tell("warn", `The run history is written again; ${this.#lost} rows are missing in it`);
    this.#hasFailed = false;
    this.#lost = 0;
  }

  #tell(level: "error" | "warn", message: string): void {
    this.#options.sink.write({ time: this.#options.clock.now(), level, source: "oxbow", message });
  }
}

function sizeOf({ flowRuns, taskRuns, logs }: Batch): number {
  return flowRuns.length + taskRuns.length + logs.length;
}

const limits = new WeakMap<Settings, Limits>();

function limitsOf(settings: Settings): Limits {
  let found = limits.get(settings);
  if (!found) {
    const { valueBytes: bytes, redact } = settings.history;
    limits.set(settings, (found = { bytes, secrets: secretsOf(redact) }));
  }
  return found;
}
