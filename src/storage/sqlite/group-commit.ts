import type { Awaitable } from "../../kernel/awaitable.ts";

interface Job<Context> {
  readonly work: (context: Context) => unknown;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/*
 * DESIGN: many durable writes for the price of one.
 *
 * What it does: waiting for the disk costs the same for one row and for a hundred. Work that arrives in one turn of
 * the event loop, or while a group is being written, is done in one transaction.
 * What it promises: the promise of each piece of work settles after the commit. Where one fails, the others are done
 * all the same: the group is then tried piece by piece.
 * What the caller must do: pass work that can be repeated, and that does not depend on buffers that may change.
 */
export class GroupCommit<Context> {
  readonly #inTransaction: (work: (context: Context) => unknown[]) => Awaitable<unknown[]>;
  #jobs: Array<Job<Context>> = [];
  #isRunning = false;

  /** @param inTransaction does work in one transaction, and waits for a lock that is taken */
  constructor(inTransaction: (work: (context: Context) => unknown[]) => Awaitable<unknown[]>) {
    this.#inTransaction = inTransaction;
  }

  /** Does work in the next group. */
  add<T>(work: (context: Context) => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#jobs.push({ work, resolve: resolve as Job<Context>["resolve"], reject });
      if (!this.#isRunning) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    try {
      while (this.#jobs.length > 0) {
        await new Promise((resolve) => setImmediate(resolve));
        const jobs = this.#jobs;
        this.#jobs = [];
        await this.#commit(jobs);
      }
    } finally {
      this.#isRunning = false;
    }
  }

  async #commit(jobs: ReadonlyArray<Job<Context>>): Promise<void> {
    try {
      const results = await this.#inTransaction((context) => jobs.map((job) => job.work(context)));
      jobs.forEach((job, i) => job.resolve(results[i]));
    } catch (error) {
      if (jobs.length === 1) jobs[0]!.reject(error);
      else for (const job of jobs) await this.#commit([job]);
    }
  }
}
