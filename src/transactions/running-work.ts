/** What runs inside a transaction, counted: its end waits for the end of all of it. */
export class RunningWork {
  #count = 0;
  #change: PromiseWithResolvers<void> | undefined;

  /** Some work begins. @returns what notes its end, to be called once */
  begin(): () => void {
    this.#count += 1;
    return () => {
      this.#count -= 1;
      this.#change?.resolve();
      this.#change = undefined;
    };
  }

  /** Some work goes on until a promise is settled. */
  track(work: Promise<unknown>): void {
    const end = this.begin();
    work.then(end, end);
  }

  get isOver(): boolean {
    return this.#count === 0;
  }

  /**
   * Fulfilled when nothing runs any more, also nothing that was begun meanwhile.
   *
   * @param spared how many may still run @default none
   */
  async ended(spared: () => number = () => 0): Promise<void> {
    while (this.#count > spared()) await (this.#change ??= Promise.withResolvers()).promise;
  }
}
