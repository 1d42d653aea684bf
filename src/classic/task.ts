import type { AnyFunction, FuturableArguments } from "../authoring/futurable.ts";
import { task as modernTask, type GeneratorTask, type Task } from "../authoring/task.ts";
import { modernOptions } from "./modern-options.ts";
import type { ClassicTaskOptions } from "./options.ts";

/** A task that knows the older names of options. */
export interface ClassicTask<A extends readonly unknown[] = never[], R = unknown> extends Task<A, R> {
  /** The same task with other options; those not named stay as they are, hooks too. */
  withOptions(options: ClassicTaskOptions): ClassicTask<A, R>;
  /** The options that the task was given, by the names that they were given by. */
  readonly options: ClassicTaskOptions;
}

/** A task whose function is a generator, and that knows the older names of options. */
export interface ClassicGeneratorTask<A extends readonly unknown[] = never[], T = unknown> extends GeneratorTask<A, T> {
  /** Runs the task. It begins when the first item is asked for. @throws what the function threw, after the items so far */
  (...args: FuturableArguments<A>): AsyncGenerator<T, void>;
  /** The same task with other options; those not named stay as they are, hooks too. */
  withOptions(options: ClassicTaskOptions): ClassicGeneratorTask<A, T>;
  /** The options that the task was given, by the names that they were given by. */
  readonly options: ClassicTaskOptions;
}

/** The task that is made of a function. */
export type ClassicTaskOf<F extends AnyFunction> = F extends (...args: infer A) => infer R
  ? [R] extends [never]
    ? ClassicTask<A, never>
    : R extends AsyncGenerator<infer T, unknown, unknown> | Generator<infer T, unknown, unknown>
      ? ClassicGeneratorTask<A, T>
      : ClassicTask<A, Awaited<R>>
  : never;

/**
 * Makes a task of a function, with the older names of options beside all the others. It is a task like any other: the same
 * engine runs it.
 *
 * @param name names the task in logs and records; its results are stored under it, where there is no `cacheKey`
 * @throws {ConfigurationError} for an option that is unknown, cannot mean anything, or says again what another one says
 * @example
 * const rates = task("rates", { cacheFor: "1 hour", cacheValidator: allInputs }, async (day: string) => [day, 1.1]);
 * console.log(await rates("2026-11-21")); // [ '2026-11-21', 1.1 ]
 */
export function task<F extends AnyFunction>(name: string, fn: F): ClassicTaskOf<F>;
export function task<F extends AnyFunction>(name: string, options: ClassicTaskOptions, fn: F): ClassicTaskOf<F>;
export function task(name: string, ...rest: unknown[]): ClassicTask {
  const [options, fn] = (rest.length > 1 ? rest : [{}, rest[0]]) as [ClassicTaskOptions, AnyFunction];
  // What is no options at all is refused by the one who always does.
  const isOptions = typeof options === "object" && options !== null && !Array.isArray(options);
  const made = modernTask(name, isOptions ? modernOptions(name, options) : options, fn) as unknown as ClassicTask;
  return Object.assign(made, {
    options,
    withOptions: (changes: ClassicTaskOptions): ClassicTask =>
      task(name, { ...options, ...changes }, fn) as ClassicTask,
  });
}
