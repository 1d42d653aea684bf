import type { LongOperation, Progress } from "./place.ts";

/** So long the event loop is kept at most, by work of many small pieces. */
const sliceMs = 2;
const reportEveryMs = 100;

/*
 * DESIGN. Operations on all records run in the process of a user, beside flows. Embedded storages answer synchronously, and awaiting
 * what is at hand never gives way: so work is cut here into slices, and after each of them everything else has its turn.
 *
 * What it promises: nobody waits longer than a slice and the largest single piece of work.
 * What the caller must do: await {@link Pace.turn} after every piece, and keep pieces well below a slice.
 */
export class Pace {
  readonly #operation: LongOperation;
  #begunAt: number = performance.now();
  #reportedAt: number = performance.now();
  #done = 0;
  #bytes = 0;

  constructor(operation: LongOperation = {}) {
    this.#operation = operation;
    operation.signal?.throwIfAborted();
  }

  /** One more record is done. */
  advance(bytes: number): void {
    this.#done += 1;
    this.#bytes += bytes;
  }

  /**
   * Gives way where the slice is used up.
   *
   * @returns what is to be awaited; `undefined` where work goes on at once
   * @throws the signal's reason, where the operation was ended
   */
  turn(): Promise<void> | undefined {
    this.#operation.signal?.throwIfAborted();
    const now = performance.now();
    if (now - this.#begunAt < sliceMs) return undefined;
    if (now - this.#reportedAt > reportEveryMs) this.report();
    return this.#nextTurn();
  }

  /** Says how far the operation is. */
  report(total?: number): void {
    this.#reportedAt = performance.now();
    const progress: Progress = { done: this.#done, bytes: this.#bytes, ...(total === undefined ? {} : { total }) };
    this.#operation.onProgress?.(progress);
  }

  /** The last word: everything is done. */
  end(): void {
    this.report(this.#done);
  }

  async #nextTurn(): Promise<void> {
    await new Promise((resolve) => {
      const immediate = setImmediate(resolve);
      if (this.#operation.isBackground === true) immediate.unref();
    });
    this.#begunAt = performance.now();
  }
}

/** Items in groups of `size`, the last one smaller. */
export async function* inGroups<T>(items: AsyncIterable<T>, size: number): AsyncGenerator<readonly T[], void> {
  let group: T[] = [];
  for await (const item of items) {
    group.push(item);
    if (group.length < size) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}

/** Calls `work` for each item, a few at a time, in no order. The first failure ends it. */
export async function forEachOf<T>(
  items: AsyncIterable<T> | Iterable<T>,
  atOnce: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const running = new Set<Promise<void>>();
  let failure: { readonly error: unknown } | undefined;
  for await (const item of items) {
    const job: Promise<void> = work(item)
      .catch((error: unknown) => void (failure ??= { error }))
      .finally(() => running.delete(job));
    running.add(job);
    if (running.size >= atOnce) await Promise.race(running);
    if (failure) break;
  }
  await Promise.all(running);
  if (failure) throw failure.error;
}
