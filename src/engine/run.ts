/*
 * What flow runs and task runs have in common: an id, states, cancelling, work of their own still going on.
 */
import { bindInputs } from "../hashing/parameters.ts";
import { CancelledError, type SuspendedError, type TimeoutError } from "../kernel/errors.ts";
import { newId } from "../kernel/ids.ts";
import { Roster, type RosterEntry } from "../kernel/roster.ts";
import { createLogger, isEnabled, moreOf, type LogLevel, type LogSink, type Logger } from "../logging/logger.ts";
import { mayFollow } from "../states/transitions.ts";
import type { State } from "../states/state.ts";
import type { Shown } from "../history/run-store.ts";
import type { RunDefinition } from "./definition.ts";
import type { Services, Surroundings } from "./services.ts";
import type { TaskPool } from "./task-runner.ts";
import type { Waiter } from "../transactions/deadlock.ts";
import type { TransactionNode } from "../transactions/node.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Settings, SettingsOverrides } from "../settings/settings.ts";

/** What the recorder keeps of a run until it is written down. */
export interface RunNote {
  /** The inputs as they were when the body was called. */
  readonly shown: Shown;
  isQueued: boolean;
}

/** How a run was ended from outside. */
export interface Interruption {
  readonly kind: "cancel" | "crash" | "timeout";
  readonly error: unknown;
}

export abstract class Run {
  /** What the body is called with. Futures are replaced by their values before that. */
  args: readonly unknown[];
  /** All states so far, in order. */
  readonly states: State[] = [];
  /** Where it began. */
  readonly outer: Surroundings;
  /** The transaction around it that it is a part of: set when it begins. */
  joins: TransactionNode | undefined;
  /** One that it is no part of, whose end may wait for it. */
  behind: Waiter | undefined;
  /** Its own transaction, once somebody needed one. */
  node: TransactionNode | undefined;
  /** Which attempt is running, or will be: 1 for the first. */
  attempt = 1;
  /** What the last attempt that took too long was ended with. */
  overrun: TimeoutError | undefined;
  /** The key under which its inputs are kept, while it may have to run again. */
  keptInputs: string | undefined;
  /** What is to be written down of it: see recorder.ts. */
  note: RunNote | undefined;
  /** What its body was ended with, where it waits for somebody. */
  suspension: SuspendedError | undefined;
  /** Set once, by the first cancel or crash. */
  interruption: Interruption | undefined;
  readonly #definition: RunDefinition;
  #inputs: Record<string, unknown> | undefined;
  #given: Record<string, unknown> | undefined;
  #id: string | undefined;
  #logger: Logger | undefined;
  #userLogger: Logger | undefined;
  #controller: AbortController | undefined;
  #children: Roster<Run> | undefined;
  #membership: RosterEntry<Run> | undefined;
  #outstanding: Roster<Promise<unknown>> | undefined;
  #watchers: Set<(error: unknown) => void> | undefined;
  #pool: TaskPool | undefined;
  #rejectAttempt: ((error: unknown) => void) | undefined;

  /** @param id of a run that is gone on with; a new run makes its own */
  constructor(definition: RunDefinition, args: readonly unknown[], scope: Surroundings, id?: string) {
    this.#definition = definition;
    this.#id = id;
    this.outer = scope;
    this.args = args;
  }

  // What is the same all around is asked for there: of millions of runs, each field less is felt.
  get services(): Services {
    return this.outer.services;
  }

  get settings(): Settings {
    return this.outer.settings;
  }

  get overrides(): SettingsOverrides | undefined {
    return this.outer.overrides;
  }

  get clock(): Clock {
    return this.outer.clock;
  }

  get sink(): LogSink {
    return this.outer.sink;
  }

  get hookOf(): Waiter | undefined {
    return undefined;
  }

  /** How many hooks of the run are running. */
  hooks = 0;

  /** The task or the flow. */
  get subject(): RunDefinition {
    return this.#definition;
  }

  abstract get name(): string;
  abstract get label(): string;
  /** The ids of the flow run and of the task run that it is in, or is. */
  protected abstract get place(): readonly [flowRunId: string | undefined, taskRunId: string | undefined];

  /** Made when somebody asks: a run that nobody looks at needs none. */
  get id(): string {
    return (this.#id ??= newId());
  }

  /** The arguments by parameter name, defaults filled in where they are literals. */
  get inputs(): Record<string, unknown> {
    return (this.#inputs ??= bindInputs(this.#definition.parameters(), this.args));
  }

  /** Replaces the arguments: futures by values. */
  replaceArguments(args: readonly unknown[]): void {
    this.args = args;
    this.#inputs = undefined;
  }

  /** Replaces the arguments by what a schema made of them. Another run of it begins with those that it was given. */
  refineArguments(args: readonly unknown[]): void {
    this.#given ??= this.inputs;
    this.replaceArguments(args);
  }

  /** The inputs before a schema has changed them. */
  get given(): Record<string, unknown> {
    return this.#given ?? this.inputs;
  }

  /** For what the engine says; what is a warning or worse goes to the history too. */
  get logger(): Logger {
    return (this.#logger ??= this.#loggerFrom("warn"));
  }

  /** For the code of users: what it says goes to the history too. */
  get userLogger(): Logger {
    return (this.#userLogger ??= this.#loggerFrom("debug"));
  }

  #loggerFrom(least: LogLevel): Logger {
    const { settings, clock, sink } = this;
    const { logging, history } = settings;
    const recorder = history.logLevel === "off" ? undefined : this.services.recorder(settings);
    if (!recorder) return createLogger(this.label, { level: logging.level, sink, clock });
    const threshold = isEnabled(history.logLevel, least) ? least : history.logLevel;
    const both: LogSink = {
      write: (record) => {
        if (isEnabled(logging.level, record.level)) sink.write(record);
        if (isEnabled(threshold, record.level)) recorder.log(record, ...this.place);
      },
      flush: () => sink.flush(),
    };
    return createLogger(this.label, { level: moreOf(logging.level, threshold), sink: both, clock });
  }

  /** Whether a line of this level would be written: asked before the line is made. */
  tells(level: LogLevel): boolean {
    return isEnabled(this.settings.logging.level, level);
  }

  get state(): State | undefined {
    return this.states.at(-1);
  }

  /** Aborted when the run is cancelled, and when its attempt takes too long. */
  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.interruption) this.#controller.abort(this.interruption.error);
    }
    return this.#controller.signal;
  }

  /** A time for the next state: strictly after the last one. */
  now(): number {
    const last = this.states.at(-1)?.timestamp ?? 0;
    const now = this.clock.now();
    return now > last ? now : last + 0.001;
  }

  enter<S extends State>(state: S): S {
    const last = this.states.at(-1);
    if (last && !mayFollow(last.type, state.type)) throw new Error(`A run cannot go from ${last} to ${state}`);
    this.states.push(state);
    this.services.watchers.entered(this, state);
    return state;
  }

  /** The pool for what this run submits. */
  pool(): TaskPool {
    return (this.#pool ??= this.openPool());
  }

  protected openPool(): TaskPool {
    return this.services.taskRunner.open(this.settings.tasks.concurrency);
  }

  /** Ends the run early. Its signal is aborted, and so are those of the runs inside it. Later calls change nothing. */
  cancel(error: unknown = new CancelledError(`${this.label} was cancelled`)): void {
    this.interrupt({ kind: "cancel", error });
  }

  /** How the run was ended from outside by now: to be asked again after each wait. */
  ended(): Interruption | undefined {
    return this.interruption;
  }

  /** Ends a run that has not started: set where it waits for its turn. */
  endEarly: (() => void) | undefined;

  /** Calls `stop` when the run, or its attempt, ends early; at once where it has. @returns a function that ends the watch */
  watch(stop: (error: unknown) => void): () => void {
    if (this.interruption) stop(this.interruption.error);
    const watchers = (this.#watchers ??= new Set());
    watchers.add(stop);
    return () => watchers.delete(stop);
  }

  interrupt(interruption: Interruption): void {
    if (this.interruption && !(interruption.kind === "crash" && this.interruption.kind === "cancel")) return;
    this.interruption = interruption;
    const children = this.#children?.members() ?? [];
    for (const child of children) child.interrupt(interruption);
    for (const stop of this.#watchers ?? []) stop(interruption.error);
    // A body that asked for its signal, or waits for runs of its own, ends by itself. One that never asked cannot
    // know: the run ends at once, and what the body still returns is dropped.
    const deaf = this.#controller === undefined && children.length === 0;
    this.#controller?.abort(interruption.error);
    if (deaf || interruption.kind !== "cancel") this.#rejectAttempt?.(interruption.error);
    this.endEarly?.();
  }

  /** Waits for a body, until it ends or the attempt is abandoned. */
  settle(body: PromiseLike<unknown>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#rejectAttempt = reject;
      body.then(resolve, reject);
    });
  }

  /** Ends the attempt, not the run: the next attempt has a fresh signal. */
  abandonAttempt(error: unknown): void {
    this.#controller?.abort(error);
    this.#controller = undefined;
    for (const child of this.#children?.members() ?? []) child.interrupt({ kind: "timeout", error });
    for (const stop of this.#watchers ?? []) stop(error);
    this.#rejectAttempt?.(error);
  }

  /** Another attempt begins: with a signal of its own. */
  nextAttempt(): void {
    this.attempt += 1;
    this.#controller = undefined;
  }

  /** Takes a run in: what ends this one ends that one too. Each run is taken in once, by the run around it. */
  adopt(child: Run): void {
    child.#membership = (this.#children ??= new Roster()).add(child);
    // What hooks begin at the end of a run is no part of what was ended.
    if (this.hooks > 0 && this.state?.isFinal) return;
    if (this.interruption) child.interrupt(this.interruption);
    // A body whose time was over goes on by itself, and what it still begins belongs to nobody.
    else if (this.state?.isFinal && !this.state.isCompleted) {
      child.cancel(new CancelledError(`${this.label} has ended in state ${this.state.name}`));
    }
  }

  disown(child: Run): void {
    if (child.#membership) this.#children?.remove(child.#membership);
    child.#membership = undefined;
  }

  /** Work that must end before the run does. */
  track(work: Promise<unknown>): void {
    const outstanding = (this.#outstanding ??= new Roster());
    const entry = outstanding.add(work);
    const forget = (): void => outstanding.remove(entry);
    work.then(forget, forget);
  }

  get hasOutstanding(): boolean {
    return this.#outstanding !== undefined && this.#outstanding.size > 0;
  }

  /** Waits until all tracked work has ended, also what it began. */
  async drain(): Promise<void> {
    while (this.hasOutstanding) await Promise.allSettled(this.#outstanding!.members());
  }
}
