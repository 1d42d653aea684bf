/*
 * DESIGN. `map` over any number of items, a bounded number in flight. No run exists before its item is taken, and none is
 * kept after it.
 *
 * - Awaited (or left alone), it runs through all items and keeps their values, in order.
 * - Iterated with `for await`, it hands out values in order, each as soon as it and those before it are there, and reads no
 *   further ahead than `concurrency`.
 * - Spread or gone through with `for … of`, it gives one future per item.
 *
 * Which of these it is shows in the turn in which it was made; it begins at the end of that turn.
 */
import { CancelledError } from "../kernel/errors.ts";
import type { State } from "../states/state.ts";
import { FutureGroup, type TaskFuture, valueOf } from "./futures.ts";
import { ItemFeed, type FeedJob, type Items } from "./item-feed.ts";

export type { Items } from "./item-feed.ts";

/** What a map needs of the run in which it is made. */
export interface MapJob extends FeedJob {
  /** Hands in a run for an item, as `submit` does. */
  submit(item: unknown): TaskFuture;
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
  readonly #feed: ItemFeed;
  #collected: Promise<R[]> | undefined;
  #futures: Array<TaskFuture<R>> | undefined;
  #isStreamed = false;

  constructor(items: Items<unknown>, job: MapJob) {
    super();
    this.#items = items;
    this.#job = job;
    this.#feed = new ItemFeed(items, job);
    queueMicrotask(() => {
      if (!this.#isStreamed && !this.#futures) void this.#collect();
    });
  }

  /**
   * The values of all items, in order.
   *
   * @throws what the first run (in order of ending) that did not complete threw; a {@link CancelledError}; what reading
   * the items threw. All runs have ended by then.
   */
  all(): Promise<R[]> {
    if (this.#isStreamed)
      return Promise.reject(new TypeError("map() was gone through with for await: its values are gone"));
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
    if (this.#collected || this.#isStreamed) {
      throw new TypeError("map() has begun: take its futures in the turn in which it is called");
    }
    const items = this.#items as Iterable<unknown>;
    if (typeof items[Symbol.iterator] !== "function") {
      throw new TypeError("map() over asynchronous items has no list of futures; use for await");
    }
    this.#futures = Array.from(items, (item) => this.#future(item));
    return this.#futures;
  }

  #future(item: unknown): TaskFuture<R> {
    return this.#job.submit(item) as TaskFuture<R>;
  }

  /** Ends all runs in flight and starts no further ones. */
  cancel(reason = "The mapped task runs were cancelled"): void {
    for (const future of this.#futures ?? []) future.cancel(reason);
    this.#feed.stop(new CancelledError(reason));
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
    let failure: State | undefined;
    const onLaunch = (place: number) => (state: State) => {
      if (state.isCompleted) values[place] = state.result() as R;
      else failure ??= state;
    };
    await this.#feed.run(onLaunch, false);
    if (failure) valueOf(failure);
    return values;
  }

  async *[Symbol.asyncIterator](): AsyncIterator<R> {
    if (this.#futures || this.#collected) {
      yield* await this.all();
      return;
    }
    if (this.#isStreamed) throw new TypeError("map() was gone through with for await already: its values are gone");
    this.#isStreamed = true;
    const ahead: Array<Promise<State>> = [];
    let grown = Promise.withResolvers<void>();
    const onLaunch = (): ((state: State) => void) => {
      const { promise, resolve } = Promise.withResolvers<State>();
      ahead.push(promise);
      // The runs have to end before the surrounding run does; the loop itself may be left for good.
      this.#job.track(promise);
      grown.resolve();
      return resolve;
    };
    let isOver = false;
    const done = this.#feed.run(onLaunch, true).finally(() => {
      isOver = true;
      grown.resolve();
    });
    done.catch(() => undefined);
    try {
      for (;;) {
        const first = ahead.shift();
        if (first) {
          yield valueOf(await first) as R;
          this.#feed.taken();
        } else if (isOver) {
          return await done;
        } else {
          await grown.promise;
          if (!isOver) grown = Promise.withResolvers();
        }
      }
    } finally {
      // A loop that stops early wants no more.
      if (!isOver) this.#feed.stop(new CancelledError("The loop over the mapped task runs has ended"));
    }
  }
}
