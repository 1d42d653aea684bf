/*
 * DESIGN. Goes through the items of a `map`: takes one when there is room, hands it to be run, and takes the next. What it
 * needs is a place for each of `width` runs; it holds none while it waits for an item or for what the runs depend on, so
 * that those can have it.
 *
 * It ends when the items do, when one of them cannot be read, or when it is stopped: by `cancel`, or because the run
 * around it was cancelled or took too long. Then no further item is taken, and the runs in flight are waited for.
 */
import { isPromise } from "../kernel/awaitable.ts";
import { Roster, type RosterEntry } from "../kernel/roster.ts";
import type { State } from "../states/state.ts";
import type { TaskRun } from "./task-run.ts";

/** Where items come from. */
export type Items<T> = Iterable<T> | AsyncIterable<T> | PromiseLike<Iterable<T> | AsyncIterable<T>>;

/** What going through items needs of the run in which it happens. */
export interface FeedJob {
  /** How many runs may be in flight. */
  readonly width: number;
  /** Settles when everything has ended that each of the runs waits for; absent where that is nothing. */
  readonly ready: Promise<unknown> | undefined;
  /** Begins a run for an item. `done` is called once, with its final state. */
  launch(item: unknown, done: (state: State) => void): TaskRun;
  /** Calls `stop` when the surrounding run ends early, at once where it has. @returns a function that ends the watch */
  watch(stop: (error: unknown) => void): () => void;
  /** Says that an item could not be read: perhaps nobody awaits the map. */
  sourceFailed(error: unknown): void;
}

// Runs that wait for nothing never leave the turn of the event loop; signals and timers need their turn too.
const longestTurnMs = 10;

export class ItemFeed {
  readonly #items: Items<unknown>;
  readonly #job: FeedJob;
  readonly #inFlight = new Roster<TaskRun>();
  #stopped: { readonly error: unknown } | undefined;
  #wake: (() => void) | undefined;
  /** Values that were made and that nobody has taken yet: only a stream counts them. */
  #untaken = 0;

  constructor(items: Items<unknown>, job: FeedJob) {
    this.#items = items;
    this.#job = job;
    // A promise of items may fail before it is its turn to be looked at.
    if (isPromise(items)) Promise.resolve(items).catch(() => undefined);
  }

  /** Takes no further item, and ends the runs in flight. */
  stop(error: unknown): void {
    this.#stopped ??= { error };
    for (const run of this.#inFlight.members()) run.cancel(error);
    this.#wake?.();
  }

  /** A stream handed out a value: there is room for another one. */
  taken(): void {
    this.#untaken -= 1;
    this.#wake?.();
  }

  /**
   * Goes through the items.
   *
   * @param onLaunch called for each item, in order; gives what is called with the final state of its run
   * @param keeps whether values are kept until {@link taken} is called for each
   * @throws what reading the items threw, or what the feed was stopped with; after all runs have ended
   */
  async run(onLaunch: (place: number) => (state: State) => void, keeps: boolean): Promise<void> {
    const unwatch = this.#job.watch((error) => this.stop(error));
    try {
      if (this.#job.ready) await this.#unlessStopped(this.#job.ready);
      await this.#feed(onLaunch, keeps);
    } finally {
      while (this.#inFlight.size > 0) await this.#change();
      unwatch();
    }
    if (this.#stopped) throw this.#stopped.error;
  }

  async #feed(onLaunch: (place: number) => (state: State) => void, keeps: boolean): Promise<void> {
    const source = await this.#open();
    let turn = performance.now();
    for (let place = 0; source && !this.#stopped; ) {
      if (this.#inFlight.size >= this.#job.width || this.#untaken >= this.#job.width) {
        await this.#change();
        continue;
      }
      if (performance.now() - turn > longestTurnMs) {
        await new Promise((resolve) => setImmediate(resolve));
        turn = performance.now();
        continue;
      }
      const next = await this.#pull(source);
      if (!next || next.done) break;
      if (keeps) this.#untaken += 1;
      this.#launch(next.value, onLaunch(place++));
    }
    // A generator closes what it has open; one that never answers is not waited for.
    if (this.#stopped) (async () => source?.return?.())().catch(() => undefined);
  }

  async #open(): Promise<Iterator<unknown> | AsyncIterator<unknown> | undefined> {
    try {
      const items = await this.#unlessStopped(Promise.resolve(this.#items));
      if (items === undefined) return undefined;
      const source = Object(items) as AsyncIterable<unknown> & Iterable<unknown>;
      return typeof source[Symbol.asyncIterator] === "function"
        ? source[Symbol.asyncIterator]()
        : source[Symbol.iterator]();
    } catch (error) {
      this.#job.sourceFailed(error);
      throw error;
    }
  }

  async #pull(source: Iterator<unknown> | AsyncIterator<unknown>): Promise<IteratorResult<unknown> | undefined> {
    try {
      const next = source.next();
      return isPromise(next) ? await this.#unlessStopped(next) : next;
    } catch (error) {
      this.#job.sourceFailed(error);
      throw error;
    }
  }

  #launch(item: unknown, done: (state: State) => void): void {
    let entry: RosterEntry<TaskRun> | undefined;
    let hasEnded = false;
    const run = this.#job.launch(item, (state) => {
      hasEnded = true;
      if (entry) this.#inFlight.remove(entry);
      done(state);
      this.#wake?.();
    });
    if (!hasEnded) entry = this.#inFlight.add(run);
  }

  /** The value of a promise; `undefined` as soon as the feed is stopped. */
  async #unlessStopped<T>(promise: Promise<T>): Promise<T | undefined> {
    let isSettled = false;
    const settle = (): void => {
      isSettled = true;
      this.#wake?.();
    };
    promise.then(settle, settle);
    while (!isSettled && !this.#stopped) await this.#change();
    return isSettled ? promise : undefined;
  }

  /** Waits until something has happened. One waits at a time: the feed itself. */
  async #change(): Promise<void> {
    await new Promise<void>((resolve) => (this.#wake = resolve));
    this.#wake = undefined;
  }
}
