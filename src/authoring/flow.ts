import type { State } from "../states/state.ts";
import type { FlowDefinition } from "../engine/definition.ts";
import { runFlow } from "../engine/flow-engine.ts";
import type { Plan } from "../engine/planner.ts";
import { FlowRun } from "../engine/flow-run.ts";
import { scopeForRun } from "../engine/scope.ts";
import { services } from "../defaults.ts";
import type { FileOf } from "./define-run.ts";
import { defineFlow } from "./define-flow.ts";
import { callerOf, remember } from "./definition-of.ts";
import { planFlow } from "./plan-flow.ts";
import type { AnyFunction, FuturableArguments, Settled } from "./futurable.ts";
import type { FlowOptions } from "./options.ts";

/**
 * A function whose runs are recorded, and around whose tasks a run id, parameters and settings are the same. It is called
 * like the function that it was made of, and gives a promise of its result.
 */
export interface Flow<A extends readonly unknown[] = never[], R = unknown> {
  /** Runs the flow. @returns the value @throws what the function threw, when no attempt is left */
  (...args: FuturableArguments<A>): Promise<R>;
  /** Runs the flow. @returns its final state, also where it failed; never rejects */
  run(...args: FuturableArguments<A>): Promise<State<R>>;
  /**
   * What a run would find in the cache, task by task. No body of a task is called, and nothing is stored or recorded; the body of the
   * flow itself runs, as far as stored results take it.
   */
  plan(...args: FuturableArguments<A>): Promise<Plan>;
  /** The same flow with other options; those not named stay as they are, hooks too. */
  withOptions(options: FlowOptions): Flow<A, R>;
  /** The name that the flow was given. */
  readonly name: string;
  /** The options that the flow was given. */
  readonly options: FlowOptions;
}

/** The flow that is made of a function. */
export type FlowOf<F extends AnyFunction> = F extends (...args: infer A) => infer R
  ? Flow<A, Settled<Awaited<R>>>
  : never;

/**
 * Makes a flow of a function.
 *
 * @param name names the flow in logs and history
 * @throws {ConfigurationError} for an option that is unknown or cannot mean anything
 * @example
 * const addOne = task("add-one", { persistResult: true }, (x: number) => x + 1);
 * const sums = flow("sums", async (xs: number[]) => addOne.map(xs));
 * console.log(await sums([1, 1, 2])); // [2, 2, 3]
 */
export function flow<F extends AnyFunction>(name: string, fn: F): FlowOf<F>;
export function flow<F extends AnyFunction>(name: string, options: FlowOptions, fn: F): FlowOf<F>;
export function flow(name: string, ...rest: unknown[]): Flow {
  const [options, fn] = rest.length > 1 ? rest : [{}, rest[0]];
  return makeFlow(name, options as FlowOptions, fn as (...args: never[]) => unknown, callerOf(flow));
}

function makeFlow(name: string, options: FlowOptions, fn: (...args: never[]) => unknown, file: FileOf): Flow {
  const begin = (args: readonly unknown[]): FlowRun => new FlowRun(definition, args, scopeForRun(services));

  const call = async (...args: readonly unknown[]): Promise<unknown> => (await runFlow(begin(args))).result();
  const methods: Omit<Flow, "name"> = {
    options,
    run: async (...args: readonly unknown[]) => runFlow(begin(args)),
    plan: async (...args: readonly unknown[]) => planFlow(definition, args),
    withOptions: (changes: FlowOptions) => makeFlow(name, { ...options, ...changes }, fn, file),
  };
  const made = Object.assign(call, methods) as unknown as Flow;
  Object.defineProperty(made, "name", { value: name, configurable: true });
  const definition: FlowDefinition = defineFlow(name, options, fn, file);
  remember(made, Object.assign(definition, { kind: "flow" as const }));
  return made;
}
