interface Entry {
  readonly start: () => void;
  readonly refuse: (error: unknown) => void;
}

/*
 * DESIGN: who gets a connection next.
 *
 * What it does: lets as many operations go on at once as there are connections; the others wait in line. The pool has
 * a line of its own, but whoever stands there counts as connecting, and is turned away after the time-out for that:
 * ten thousand writes at once would be ten thousand failures of a server that works.
 * What it promises: first come, first served. Waiting has an end because every operation that goes on has one: when it
 * turns out that the server does not answer, {@link Gate.refuse} tells all who wait.
 */
export class Gate {
  readonly #size: number;
  #running = 0;
  readonly #line: Entry[] = [];
  readonly #whenIdle: Array<() => void> = [];

  constructor(size: number) {
    this.#size = size;
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    // Whoever has finished hands its place over, so that it is never free in between.
    if (this.#running < this.#size) this.#running += 1;
    else await new Promise<void>((start, refuse) => this.#line.push({ start, refuse }));
    try {
      return await work();
    } finally {
      this.#leave();
    }
  }

  /** Ends all waiting. */
  refuse(error: unknown): void {
    for (const { refuse } of this.#line.splice(0)) refuse(error);
  }

  /** Fulfilled when nothing goes on any more. */
  async idle(): Promise<void> {
    if (this.#running > 0) await new Promise<void>((wake) => this.#whenIdle.push(wake));
  }

  #leave(): void {
    const next = this.#line.shift();
    if (next !== undefined) return next.start();
    this.#running -= 1;
    if (this.#running === 0) for (const wake of this.#whenIdle.splice(0)) wake();
  }
}
