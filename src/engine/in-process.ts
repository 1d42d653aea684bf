import { ConfigurationError } from "../kernel/errors.ts";
import type { TaskPool, TaskRunner } from "./task-runner.ts";

/** Runs submitted tasks in this process, interleaved by the event loop. */
class InProcessPool implements TaskPool {
  readonly concurrency: number;
  readonly #waiting: Array<(() => Promise<unknown>) | undefined> = [];
  #next = 0;
  #running = 0;

  constructor(concurrency: number) {
    this.concurrency = concurrency;
  }

  submit(job: () => Promise<unknown>): void {
    if (this.#running < this.concurrency) this.#start(job);
    else this.#waiting.push(job);
  }

  #start(job: () => Promise<unknown>): void {
    this.#running += 1;
    void job().then(this.#finish, this.#finish);
  }

  readonly #finish = (): void => {
    this.#running -= 1;
    // An index instead of shift(): a queue of a million is as quick as one of ten.
    const job = this.#waiting[this.#next];
    if (!job) return;
    this.#waiting[this.#next++] = undefined;
    if (this.#next === this.#waiting.length || this.#next > 65_536) {
      this.#waiting.splice(0, this.#next);
      this.#next = 0;
    }
    this.#start(job);
  };
}

/** How many tasks the in-process runner runs at a time. */
export interface InProcessOptions {
  /** @default the setting `tasks.concurrency` */
  readonly concurrency?: number;
}

/**
 * The default task runner: submitted tasks run in this process, `concurrency` at a time. Tasks that a task submits
 * are counted apart from it, so a task may wait for them.
 *
 * @throws {ConfigurationError} where `concurrency` is not a whole number of at least 1
 */
export function inProcess(options: InProcessOptions = {}): TaskRunner {
  const { concurrency } = options;
  if (concurrency !== undefined && !(Number.isSafeInteger(concurrency) && concurrency >= 1)) {
    throw new ConfigurationError(
      "OXBOW_OPTION_INVALID",
      `concurrency: ${String(concurrency)} is not a whole number of at least 1`,
    );
  }
  return { kind: "in-process", open: (fallback) => new InProcessPool(concurrency ?? fallback) };
}
