/*
 * DESIGN. What a flow run would do, without doing it. The body of the flow is called; its tasks are only looked up. A hit gives
 * its stored value, so that the body goes on. What is not stored never comes: whatever waits for it waits until the plan ends,
 * which is when the body has ended, or when nothing has moved for a while.
 *
 * What it promises: no body of a task is called, nothing is stored, locked, recorded or logged.
 * What the caller must know: code of the flow outside its tasks runs.
 */
import { CancelledError } from "../kernel/errors.ts";
import type { Decision, DecisionOutcome } from "../states/decision.ts";

/** What a plan says of one task run. */
export interface PlannedTask {
  readonly taskName: string;
  /** `unknown`: it waits for a result that is not stored. */
  readonly outcome: DecisionOutcome | "unknown";
  /** Why, in words. */
  readonly reason: string;
  /** How much time a hit saves, in milliseconds. */
  readonly savedMs: number;
}

/** What a flow run would do: see `flow.plan`. */
export class Plan {
  /** In the order in which they were called. */
  readonly tasks: readonly PlannedTask[];
  /** Whether the body of the flow came to its end: then these are all. */
  readonly isComplete: boolean;
  /** What the body of the flow threw. */
  readonly error: unknown;

  constructor(tasks: readonly PlannedTask[], isComplete: boolean, error?: unknown) {
    this.tasks = tasks;
    this.isComplete = isComplete;
    this.error = error;
  }

  /** How many task runs have this outcome. */
  count(outcome: PlannedTask["outcome"]): number {
    return this.tasks.filter((each) => each.outcome === outcome).length;
  }
}

/** A run, as far as a plan needs it. */
interface PlannedRun {
  readonly task: { readonly name: string };
}

/** Code of a flow outside its tasks may take so long. */
const longestMs = 60_000;

/** Watches over one plan. */
export class Planner {
  readonly #tasks = new Map<PlannedRun, PlannedTask | undefined>();
  #looking = 0;
  /** How many wait for what never comes. While there is none, the body is at something of its own. */
  #waiting = 0;
  #last = 0;

  /** A task was called. */
  expect(run: PlannedRun): void {
    this.#tasks.set(run, undefined);
    this.#moved();
  }

  /** Its record is being looked for. */
  begin(): void {
    this.#looking += 1;
    this.#moved();
  }

  /** What the cache would do for it. */
  note(run: PlannedRun, { outcome, reason, savedMs }: Decision): void {
    this.#looking -= 1;
    this.#moved();
    this.#tasks.set(run, { taskName: run.task.name, outcome, reason, savedMs });
  }

  /** What would have to be computed. */
  never(): Promise<never> {
    this.#waiting += 1;
    this.#moved();
    return new Promise(() => undefined);
  }

  /**
   * Waits until the body has ended, or nothing has moved for `quietMs`.
   *
   * @param body settles when the body has ended
   * @param stop ends the body
   */
  async watch(body: Promise<unknown>, quietMs: number, stop: (reason: CancelledError) => void): Promise<boolean> {
    let isOver = false;
    void body.then(() => (isOver = true));
    this.#moved();
    const mayMove = (): boolean =>
      this.#looking > 0 || performance.now() - this.#last < (this.#waiting > 0 ? quietMs : longestMs);
    while (!isOver && mayMove()) {
      await Promise.race([body, new Promise((resolve) => setTimeout(resolve, 5))]);
    }
    if (!isOver) stop(new CancelledError("The plan has ended"));
    return isOver;
  }

  /** What has been found. */
  tasks(): readonly PlannedTask[] {
    return [...this.#tasks].map(
      ([{ task }, planned]) =>
        planned ?? {
          taskName: task.name,
          outcome: "unknown",
          reason: "waits for a result that is not stored",
          savedMs: 0,
        },
    );
  }

  #moved(): void {
    this.#last = performance.now();
  }
}
