import type { Decision } from "../states/decision.ts";
import type { State } from "../states/state.ts";
import type { TaskDefinition } from "../engine/definition.ts";
import { type TaskFuture, valueOf } from "../engine/futures.ts";
import { explainCall, invalidateCall } from "../engine/explain.ts";
import { itemsOf } from "../engine/items.ts";
import { scopeForRun, type Scope } from "../engine/scope.ts";
import { mapJob, submitRun } from "../engine/submit.ts";
import { runTask } from "../engine/task-engine.ts";
import { TaskFutures, type Items } from "../engine/task-map.ts";
import { TaskRun } from "../engine/task-run.ts";
import { services } from "../defaults.ts";
import { checkItems } from "./check-options.ts";
import type { FileOf } from "./define-run.ts";
import { defineTask } from "./define-task.ts";
import { callerOf, remember } from "./definition-of.ts";
import type { AnyFunction, FuturableArguments } from "./futurable.ts";
import type { TaskOptions } from "./options.ts";

type FirstOf<A extends readonly unknown[]> = A extends readonly [infer F, ...unknown[]]
  ? F
  : A extends readonly [(infer F)?, ...unknown[]]
    ? F
    : never;
type RestOf<A extends readonly unknown[]> = A extends readonly [unknown?, ...infer Rest] ? Rest : [];

/**
 * A function with retries, a cache and recorded runs. It is called like the function that it was made of, and gives a
 * promise of its result.
 */
export interface Task<A extends readonly unknown[] = never[], R = unknown> {
  /** Runs the task. @returns the value @throws what the function threw, when no attempt is left */
  (...args: FuturableArguments<A>): Promise<R>;
  /** Runs the task. @returns its final state, also where it failed; never rejects */
  run(...args: FuturableArguments<A>): Promise<State<R>>;
  /** Hands the task to the flow's task runner. Arguments may be futures; they are awaited first. */
  submit(...args: FuturableArguments<A>): TaskFuture<R>;
  /**
   * Runs the task for each item, `tasks.concurrency` at a time. Lazy: an item is taken from its source when there is
   * room for it.
   *
   * @param items what the first argument takes in turn
   * @param constants the other arguments, the same for all
   */
  map(items: Items<FirstOf<FuturableArguments<A>>>, ...constants: RestOf<FuturableArguments<A>>): TaskFutures<R>;
  /** The same task with other options; those not named stay as they are, hooks too. */
  withOptions(options: TaskOptions): Task<A, R>;
  /** What the cache would do for this call, and why. Runs nothing, writes nothing. */
  explain(...args: FuturableArguments<A>): Promise<Decision>;
  /** Removes the stored result of this call. @returns whether there was one */
  invalidate(...args: FuturableArguments<A>): Promise<boolean>;
  /** The name that the task was given. */
  readonly name: string;
  /** The options that the task was given. */
  readonly options: TaskOptions;
}

/** A task whose function is a generator: called, it gives the items as they come; everywhere else its result is the list of them. */
export interface GeneratorTask<A extends readonly unknown[] = never[], T = unknown>
  extends Omit<Task<A, T[]>, "withOptions"> {
  /** Runs the task. It begins when the first item is asked for. @throws what the function threw, after the items so far */
  (...args: FuturableArguments<A>): AsyncGenerator<T, void>;
  /** The same task with other options; those not named stay as they are, hooks too. */
  withOptions(options: TaskOptions): GeneratorTask<A, T>;
}

/** The task that is made of a function. */
export type TaskOf<F extends AnyFunction> = F extends (...args: infer A) => infer R
  ? [R] extends [never]
    ? Task<A, never>
    : R extends AsyncGenerator<infer T, unknown, unknown> | Generator<infer T, unknown, unknown>
      ? GeneratorTask<A, T>
      : Task<A, Awaited<R>>
  : never;

/**
 * Makes a task of a function.
 *
 * @param name names the task in logs, records and `TASK_SOURCE`; should stay when code moves
 * @throws {ConfigurationError} for an option that is unknown or cannot mean anything
 * @example
 * const addOne = task("add-one", { cachePolicy: INPUTS, cacheExpiration: "1 day" }, async (x: number) => x + 1);
 * console.log(await addOne(1)); // 2
 */
export function task<F extends AnyFunction>(name: string, fn: F): TaskOf<F>;
export function task<F extends AnyFunction>(name: string, options: TaskOptions, fn: F): TaskOf<F>;
export function task(name: string, ...rest: unknown[]): Task {
  const [options, fn] = rest.length > 1 ? rest : [{}, rest[0]];
  return makeTask(name, options as TaskOptions, fn as (...args: never[]) => unknown, callerOf(task));
}

async function valueOfRun(run: TaskRun): Promise<unknown> {
  return valueOf(await runTask(run));
}

function makeTask(name: string, options: TaskOptions, fn: (...args: never[]) => unknown, file: FileOf): Task {
  const begin = (args: readonly unknown[], scope: Scope = scopeForRun(services)): TaskRun =>
    new TaskRun(definition, args, scope);

  const call = (...args: readonly unknown[]): unknown =>
    definition.yields ? itemsOf(begin(args)) : valueOfRun(begin(args));
  const methods: Omit<Task, "name"> = {
    options,
    run: async (...args: readonly unknown[]) => runTask(begin(args)),
    submit(...args: readonly unknown[]) {
      const scope = scopeForRun(services);
      return submitRun(begin(args, scope), scope);
    },
    map(items: Items<unknown>, ...constants: readonly unknown[]) {
      checkItems(name, items);
      const scope = scopeForRun(services);
      const makeRun = (item: unknown): TaskRun => begin([item, ...constants], scope);
      return new TaskFutures(items, mapJob(scope, makeRun, [constants, definition.waitFor]));
    },
    withOptions: (changes: TaskOptions) => makeTask(name, { ...options, ...changes }, fn, file),
    explain: async (...args: readonly unknown[]) => explainCall(begin(args)),
    invalidate: async (...args: readonly unknown[]) => invalidateCall(begin(args)),
  };
  const made = Object.assign(call, methods) as unknown as Task;
  Object.defineProperty(made, "name", { value: name, configurable: true });
  const definition: TaskDefinition = defineTask(name, options, fn, file);
  remember(made, Object.assign(definition, { kind: "task" as const }));
  return made;
}
