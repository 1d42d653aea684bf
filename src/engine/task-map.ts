/*
 * DESIGN. `map` over any number of items, a bounded number in flight. An item is taken from its source when there is
 * room for it; no run exists before that, and none is kept after it.
 *
 * - Awaited (or left alone), it runs through all items and keeps their values, in order.
 * - Iterated with `for await`, it hands out values in order and holds at most `concurrency` of them: the source is read
 *   no faster than the loop goes on.
 * - Spread or indexed (`[...mapped]`, `for … of`), it gives one future per item.
 *
 * Which of these it is shows in the turn in which it was made; it begins at the end of that turn.
 */
import { isPromise } from "../kernel/awaitable.ts";
import { Roster } from "../kernel/roster.ts";
import type { State } from "../states/state.ts";
import { FutureGroup, TaskFuture, valueOf } from "./futures.ts";
import type { TaskPool } from "./task-runner.ts";
import type { TaskRun } from "./task-run.ts";

/** Where items come from. */
export type Items<T> = Iterable<T> | AsyncIterable<T> | PromiseLike<Iterable<T> | AsyncIterable<T>>;

/** How an item is run. */
export interface MapJob {
  readonly pool: TaskPool;
  makeRun(item: unknown): TaskRun;
  run(run: TaskRun): Promise<State>;
  /** Work that must end before the surrounding run does. */
  track(work: Promise<unknown>): void;
}

/** The results of `map`, to come. */
export class TaskFutures<R = unknown>
  extends FutureGroup<R>
  implements PromiseLike<R[]>, AsyncIterable<R>, Iterable<TaskFuture<R>>
{
  readonly #items: Items<unknown>;
  readonly #job: MapJob;
  #collected: Promise<R[]> | undefined;
  #futures: Array<TaskFuture<R>> | undefined;
  #streaming = false;
  #cancelled: string | undefined;
  readonly #inFlight = new Roster<TaskRun>();

  constructor(items: Items<unknown>, job: MapJob) {
    super();
    this.#items = items;
    this.#job = job;
    queueMicrotask(() => {
      if (!this.#streaming && !this.#futures) void this.#collect();
    });
  }

  /** The values of all items, in order. @throws what the first item (in order of ending) that did not complete threw */
  all(): Promise<R[]> {
    return this.#futures ? Promise.all(this.#futures) : this.#collect();
  }

  then<A = R[], B = never>(
    onValue?: ((values: R[]) => A | PromiseLike<A>) | null,
    onError?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.all().then(onValue, onError);
  }

  /** One future per item; makes them all. @throws {TypeError} where the items are asynchronous */
  [Symbol.iterator](): IterableIterator<TaskFuture<R>> {
    return this.futures()[Symbol.iterator]();
  }

  /** One future per item; makes them all. @throws {TypeError} where the items are asynchronous */
  futures(): Array<TaskFuture<R>> {
    if (this.#futures) return this.#futures;
    if (this.#collected || this.#streaming)
      throw new TypeError("map() has begun: take its futures in the turn in which it is called");
    const items = this.#items as Iterable<unknown>;
    if (typeof items[Symbol.iterator] !== "function")
      throw new TypeError("map() over asynchronous items has no list of futures; use for await");
    this.#futures = Array.from(items, (item) => this.#submit(item));
    return this.#futures;
  }

  #submit(item: unknown): TaskFuture<R> {
    const run = this.#job.makeRun(item);
    const { promise, resolve } = Promise.withResolvers<State>();
    this.#job.pool.submit(async () => resolve(await this.#job.run(run)));
    this.#job.track(promise);
    return new TaskFuture<R>(run, promise);
  }

  /** Ends all runs in flight and starts no further ones. */
  cancel(reason = "The mapped task runs were cancelled"): void {
    this.#cancelled = reason;
    for (const future of this.#futures ?? []) future.cancel(reason);
    for (const run of this.#inFlight.members()) run.cancel();
  }

  #collect(): Promise<R[]> {
    if (!this.#collected) {
      this.#collected = this.#runAll();
      this.#job.track(this.#collected.catch(() => undefined));
    }
    return this.#collected;
  }

  async #runAll(): Promise<R[]> {
    const values: R[] = [];
    const failure: { error?: unknown } = {};
    const source = await this.#source();
    const { pool } = this.#job;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    let index = 0;
    let lanes = 0;
    let done = false;
    // Each lane is one place in the pool's queue at a time: it takes an item, runs it, and queues up again.
    const step = async (): Promise<void> => {
      try {
        const pulled = done || this.#cancelled !== undefined ? undefined : source.next();
        const next = pulled && isPromise(pulled) ? await pulled : pulled;
        if (!next || next.done) {
          done = true;
          lanes -= 1;
          if (lanes === 0) resolve();
          return;
        }
        const place = index++;
        const state = await this.#runItem(next.value);
        if (state.isCompleted) values[place] = state.result() as R;
        else failure.error ??= errorOf(state);
        pool.submit(step);
      } catch (error) {
        done = true;
        reject(error);
      }
    };
    const width = Math.max(1, pool.concurrency);
    for (lanes = 0; lanes < width && !done; ) {
      lanes += 1;
      pool.submit(step);
    }
    await promise;
    if ("error" in failure) throw failure.error;
    return values;
  }

  async #runItem(item: unknown): Promise<State> {
    const run = this.#job.makeRun(item);
    const entry = this.#inFlight.add(run);
    try {
      return await this.#job.run(run);
    } finally {
      this.#inFlight.remove(entry);
    }
  }

  /** The values in the order of the items, each as soon as it and those before it are there. */
  async *[Symbol.asyncIterator](): AsyncIterator<R> {
    if (this.#futures || this.#collected) {
      yield* await this.all();
      return;
    }
    this.#streaming = true;
    const source = await this.#source();
    const { pool } = this.#job;
    const ahead: Array<Promise<State>> = [];
    let done = false;
    try {
      for (;;) {
        while (!done && ahead.length < pool.concurrency) {
          const next = await source.next();
          if (next.done) done = true;
          else ahead.push(this.#submitItem(next.value));
        }
        const first = ahead.shift();
        if (!first) return;
        yield valueOf(await first) as R;
      }
    } finally {
      // A loop that stops early wants no more; what is in flight is ended.
      if (!done || ahead.length > 0) this.cancel();
      await Promise.all(ahead);
      await source.return?.();
    }
  }

  #submitItem(item: unknown): Promise<State> {
    const { promise, resolve } = Promise.withResolvers<State>();
    this.#job.pool.submit(async () => resolve(await this.#runItem(item)));
    this.#job.track(promise);
    return promise;
  }

  async #source(): Promise<Iterator<unknown> | AsyncIterator<unknown>> {
    const items = await this.#items;
    return Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  }
}

function errorOf(state: State): unknown {
  try {
    valueOf(state);
  } catch (error) {
    return error;
  }
  return undefined;
}
