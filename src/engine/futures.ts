/*
 * DESIGN. A future stands for the result of a task run that was submitted. It never rejects by itself, so nobody has to
 * watch it: whoever awaits it gets the value or the error. Futures may stand anywhere in the arguments of another task,
 * also inside plain arrays and objects; they are replaced by their values before that task starts.
 */
import { CancelledError, UpstreamError } from "../kernel/errors.ts";
import type { State } from "../states/state.ts";
import { notReady } from "../states/transitions.ts";
import { isOneShot, take } from "./one-shot.ts";
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

/** The futures in a value, and the arrays and plain objects on the way to them. */
export interface FoundFutures<T = unknown> {
  /** The value that was searched. */
  readonly root: T;
  readonly futures: ReadonlyArray<TaskFuture | FutureGroup>;
  readonly holders: ReadonlySet<object>;
}

/** The futures in a value, at any depth of plain arrays and objects; `undefined` where there is none. */
export function findFutures<T>(value: T): FoundFutures<T> | undefined {
  if (!anyFutures) return undefined;
  const search = new Search(value);
  try {
    search.visit(value, 0);
  } catch {
    // A getter that throws, a proxy: whoever put it there meets it in the body, and nobody hides a future behind it.
  }
  return search.futures.length > 0 ? search : undefined;
}

// Deeper than this nobody puts a future.
const deepest = 1000;

class Search<T> implements FoundFutures<T> {
  readonly root: T;
  readonly futures: Array<TaskFuture | FutureGroup> = [];
  readonly holders = new Set<object>();
  readonly #seen = new Set<object>();

  constructor(root: T) {
    this.root = root;
  }

  /** @returns whether there is a future in it */
  visit(value: unknown, depth: number): boolean {
    if (typeof value !== "object" || value === null || depth > deepest) return false;
    if (value instanceof TaskFuture || value instanceof FutureGroup) {
      if (!this.#seen.has(value)) this.futures.push(value);
      this.#seen.add(value);
      return true;
    }
    if (!Array.isArray(value) && !isPlain(value)) return false;
    if (this.#seen.has(value)) return this.holders.has(value);
    this.#seen.add(value);
    let holds = false;
    for (const member of Object.values(value)) {
      if (this.visit(member, depth + 1)) holds = true;
    }
    if (holds) this.holders.add(value);
    return holds;
  }
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Waits until all of them have ended, well or not. */
export async function whenSettled({ futures }: FoundFutures): Promise<void> {
  await Promise.all(
    futures.map((future) => (future instanceof TaskFuture ? future.state() : future.all().catch(() => undefined))),
  );
}

/**
 * The value that was searched, with each future replaced by its value; parts without futures are the same objects.
 *
 * @param onValue sees each value first, and may refuse it
 * @throws {UpstreamError} where a future did not complete; its cause is what that run threw
 */
export async function resolveFutures<T>(
  { root, futures, holders }: FoundFutures<T>,
  onValue?: (future: TaskFuture | FutureGroup, value: unknown) => void,
): Promise<T> {
  const values = new Map<object, unknown>();
  const read = async (future: TaskFuture | FutureGroup): Promise<void> => {
    const value = await (future instanceof TaskFuture ? upstreamValue(future) : upstreamValues(future));
    onValue?.(future, value);
    values.set(future, value);
  };
  await Promise.all(futures.map(read));
  const rebuild = (part: unknown): unknown => {
    if (typeof part !== "object" || part === null) return part;
    if (values.has(part)) return values.get(part);
    if (!holders.has(part)) return part;
    // A copy of the same kind, holes and symbol keys included; known before it is filled, because it may hold itself.
    const copy: object = Array.isArray(part)
      ? part.slice()
      : Object.assign(Object.create(Object.getPrototypeOf(part) as object | null) as object, part);
    values.set(part, copy);
    for (const [name, member] of Object.entries(part)) (copy as Record<string, unknown>)[name] = rebuild(member);
    return copy;
  };
  return rebuild(root) as T;
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
    throw new UpstreamError("An upstream mapped task run did not complete", { cause: error });
  }
}

/** What may hold the futures of a run: its arguments, and what it waits for. */
export type RunValues = readonly [args: readonly unknown[], waitFor: readonly unknown[]];

/** The futures that a run waits for. */
export function futuresOf(run: TaskRun): FoundFutures<RunValues> | undefined {
  return findFutures<RunValues>([run.args, run.task.waitFor]);
}

/**
 * Waits for the futures among the arguments and the `waitFor` of a run, and puts their values in place.
 *
 * @param takes whether the values are used: a stream is there for one run only
 * @returns the state `NotReady` where one of them did not complete
 */
export async function awaitUpstream(
  run: TaskRun,
  found: FoundFutures<RunValues>,
  takes = true,
): Promise<State | undefined> {
  run.upstream = found.futures.filter((future) => future instanceof TaskFuture).map((future) => future.id);
  try {
    const [args] = await resolveFutures(found, takes ? (future, value) => takeInput(run, future, value) : undefined);
    run.replaceArguments(args);
    return undefined;
  } catch (error) {
    return notReady(run.now(), error);
  }
}

/** @throws {UpstreamError} for a stream that another run has been given */
export function takeInput(run: Pick<TaskRun, "args">, future: TaskFuture | FutureGroup, value: unknown): void {
  const values = future instanceof TaskFuture ? [value] : (value as readonly unknown[]);
  const streams = values.filter(isOneShot);
  // What a run only waits for it does not read.
  if (streams.length === 0 || !findFutures(run.args)?.futures.includes(future)) return;
  for (const stream of streams) take(stream, future instanceof TaskFuture ? `task run '${future.id}'` : "map()");
}
