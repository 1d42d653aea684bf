/*
 * DESIGN. A future stands for the result of a task run that was submitted. It never rejects by itself, so nobody has to
 * watch it: whoever awaits it gets the value or the error. Futures may stand anywhere in the arguments of another task,
 * also inside plain arrays and objects; they are replaced by their values before that task starts.
 */
import { CancelledError, MissingResultError, UpstreamError } from "../kernel/errors.ts";
import type { State } from "../states/state.ts";
import { notReady } from "../states/transitions.ts";
import type { TaskRun } from "./task-run.ts";

// Arguments are searched only in processes that have made a future at all: large plain inputs cost nothing.
let anyFutures = false;

/** The result of a submitted task run, to come. Await it for the value. */
export class TaskFuture<R = unknown> implements PromiseLike<R> {
  readonly #run: TaskRun;
  readonly #final: Promise<State>;

  /** @param final settles with the last state of the run; must not reject */
  constructor(run: TaskRun, final: Promise<State>) {
    anyFutures = true;
    this.#run = run;
    this.#final = final;
  }

  /** The id of the task run. */
  get id(): string {
    return this.#run.id;
  }

  /** The state that the run is in now; `undefined` while it waits for its turn. */
  get current(): State | undefined {
    return this.#run.state;
  }

  /** The final state of the run. Never rejects. */
  state(): Promise<State<R>> {
    return this.#final as Promise<State<R>>;
  }

  /** Ends the run: one that has not started never does. Its signal is aborted; later calls change nothing. */
  cancel(reason?: string): void {
    this.#run.cancel(new CancelledError(reason ?? `Task run '${this.#run.name}' was cancelled`));
  }

  then<A = R, B = never>(
    onValue?: ((value: R) => A | PromiseLike<A>) | null,
    onError?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#final.then((state) => valueOf(state) as R).then(onValue, onError);
  }
}

/** The value of a final state. @throws what the run threw */
export function valueOf(state: State): unknown {
  if (state.name === "NotReady") throw state.error;
  return state.result();
}

/** A group of futures that can stand as one argument: what `map` gives. */
export abstract class FutureGroup<R = unknown> {
  constructor() {
    anyFutures = true;
  }

  /** The values in order. @throws what the first run that did not complete threw */
  abstract all(): Promise<R[]>;
}

/** Whether arguments hold a future, at any depth of plain arrays and objects. */
export function holdFutures(values: readonly unknown[]): boolean {
  return anyFutures && values.some((value) => holds(value, 0));
}

// Deeper than this nobody puts a future; it also ends the walk through a cycle.
const deepest = 16;

function holds(value: unknown, depth: number): boolean {
  if (typeof value !== "object" || value === null || depth > deepest) return false;
  if (value instanceof TaskFuture || value instanceof FutureGroup) return true;
  if (Array.isArray(value)) return value.some((member) => holds(member, depth + 1));
  if (!isPlain(value)) return false;
  for (const name in value) {
    if (holds((value as Record<string, unknown>)[name], depth + 1)) return true;
  }
  return false;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** What {@link resolveFutures} collects on its way. */
export interface Resolution {
  readonly upstream: string[];
}

/**
 * The same value with each future replaced by its value; parts without futures are the same objects.
 *
 * @throws {UpstreamError} where a future did not complete; its cause is what that run threw
 */
export async function resolveFutures(value: unknown, resolution: Resolution, depth = 0): Promise<unknown> {
  if (typeof value !== "object" || value === null || !holds(value, depth)) return value;
  if (value instanceof TaskFuture) {
    resolution.upstream.push(value.id);
    return upstreamValue(value);
  }
  if (value instanceof FutureGroup) return upstreamValues(value);
  if (Array.isArray(value)) return Promise.all(value.map((member) => resolveFutures(member, resolution, depth + 1)));
  const names = Object.keys(value);
  const members = await Promise.all(
    names.map((name) => resolveFutures((value as Record<string, unknown>)[name], resolution, depth + 1)),
  );
  return Object.fromEntries(names.map((name, index) => [name, members[index]]));
}

async function upstreamValue(future: TaskFuture): Promise<unknown> {
  const state = await future.state();
  if (state.isCompleted) return state.result();
  throw new UpstreamError(`Upstream task run '${future.id}' did not reach a completed state: ${state}`, {
    cause: state.error,
  });
}

async function upstreamValues(group: FutureGroup): Promise<readonly unknown[]> {
  try {
    return await group.all();
  } catch (error) {
    throw error instanceof MissingResultError
      ? error
      : new UpstreamError("An upstream mapped task run did not complete", { cause: error });
  }
}

/**
 * Waits for the futures among the arguments and the `waitFor` of a run, and puts their values in place.
 *
 * @returns the state `NotReady` where one of them did not complete
 */
export async function awaitUpstream(run: TaskRun): Promise<State | undefined> {
  const upstream: string[] = [];
  try {
    const args = await Promise.all(run.args.map((argument) => resolveFutures(argument, { upstream })));
    await Promise.all(run.task.waitFor.map((dependency) => resolveFutures(dependency, { upstream })));
    run.replaceArguments(args);
    run.upstream = upstream;
    return undefined;
  } catch (error) {
    run.upstream = upstream;
    return notReady(run.now(), error);
  }
}
