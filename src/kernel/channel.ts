/**
 * Hands items from one side to the other, one at a time: who pushes waits until the item has been dealt with, which is when
 * the other side asks for the next one. So neither runs ahead, and an item may be changed by who pushed it afterwards.
 */
export class Channel<T> implements AsyncIterableIterator<T, void> {
  #item: { readonly value: T; readonly done: (taken: boolean) => void } | undefined;
  /** Dealt with at this moment by the other side. */
  #current: ((taken: boolean) => void) | undefined;
  #waiting: PromiseWithResolvers<IteratorResult<T, void>> | undefined;
  #end: { readonly error?: unknown } | undefined;

  /** @returns whether it was dealt with: `false` where nobody wants items any more */
  push(value: T): Promise<boolean> {
    if (this.#end) return Promise.resolve(false);
    return new Promise((done) => {
      if (!this.#waiting) {
        this.#item = { value, done };
        return;
      }
      this.#current = done;
      this.#answer().resolve({ value, done: false });
    });
  }

  /** No more items come. */
  close(): void {
    this.#finish({});
  }

  /** The other side gets an error after the items so far. */
  fail(error: unknown): void {
    this.#finish({ error });
  }

  /** Whether the other side has gone, or has been told that there are no more. */
  get isClosed(): boolean {
    return this.#end !== undefined;
  }

  next(): Promise<IteratorResult<T, void>> {
    this.#current?.(true);
    this.#current = undefined;
    const item = this.#item;
    if (item) {
      this.#item = undefined;
      this.#current = item.done;
      return Promise.resolve({ value: item.value, done: false });
    }
    if (this.#end) return this.#over(this.#end);
    this.#waiting = Promise.withResolvers();
    return this.#waiting.promise;
  }

  /** The other side stops early. */
  return(): Promise<IteratorResult<T, void>> {
    this.#finish({});
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #answer(): PromiseWithResolvers<IteratorResult<T, void>> {
    const waiting = this.#waiting!;
    this.#waiting = undefined;
    return waiting;
  }

  #finish(end: { readonly error?: unknown }): void {
    if (this.#end) return;
    this.#end = end;
    for (const done of [this.#current, this.#item?.done]) done?.(false);
    this.#current = this.#item = undefined;
    if (!this.#waiting) return;
    const waiting = this.#answer();
    this.#over(end).then(waiting.resolve, waiting.reject);
  }

  #over(end: { readonly error?: unknown }): Promise<IteratorResult<T, void>> {
    if (!("error" in end)) return Promise.resolve({ value: undefined, done: true });
    this.#end = {};
    return Promise.reject(end.error);
  }
}
