/**
 * Runs what `submit` and `map` hand in, a bounded number at a time.
 *
 * What an implementation promises: every job that was handed in is started exactly once, in the order of handing in,
 * never more than `concurrency` at a time; at once and synchronously where there is room. Jobs never reject.
 */
export interface TaskPool {
  readonly concurrency: number;
  submit(job: () => Promise<unknown>): void;
}

/** Makes a pool for each run that submits tasks. */
export interface TaskRunner {
  /** `in-process`, …: the name that logs and reports use. */
  readonly kind: string;
  /** @param concurrency the setting `tasks.concurrency`, for runners that were not told another one */
  open(concurrency: number): TaskPool;
}
