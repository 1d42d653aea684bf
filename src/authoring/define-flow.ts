import type { FlowDefinition, StateHook } from "../engine/definition.ts";
import type { FlowRunView } from "../engine/run-context.ts";
import { parametersFromNames, parametersOf } from "../hashing/parameters.ts";
import { toMs } from "../kernel/duration.ts";
import { checkOptions } from "./check-options.ts";
import type { Flow } from "./flow.ts";
import type { FlowHook, FlowOptions } from "./options.ts";
import { delayFn } from "./retry-delay.ts";

/** Turns what the user wrote into what the engine works with. @throws {ConfigurationError} */
export function defineFlow(name: string, options: FlowOptions, fn: (...args: never[]) => unknown, made: Flow): FlowDefinition {
  checkOptions("Flow", name, options, fn);
  const hooks = (hook: FlowHook | readonly FlowHook[] | undefined): ReadonlyArray<StateHook<FlowDefinition, FlowRunView>> =>
    (typeof hook === "function" ? [hook] : (hook ?? [])).map((each) =>
      Object.defineProperty((_: FlowDefinition, run: FlowRunView, state: Parameters<FlowHook>[2]) => each(made, run, state), "name", { value: each.name }),
    );
  let parameters: FlowDefinition["parameters"] | undefined;
  return {
    name,
    version: options.version,
    description: options.description,
    tags: options.tags ?? [],
    fn,
    get parameters() {
      parameters ??= options.params ? parametersFromNames(options.params) : parametersOf(fn);
      return parameters;
    },
    schema: options.parameters,
    persist: options.persistResult,
    storage: options.resultStorage,
    serializer: options.resultSerializer,
    retries: options.retries,
    retryDelay: delayFn(options.retryDelay, "retryDelay"),
    retryJitter: options.retryJitter ?? 0,
    timeoutMs: options.timeout === undefined ? undefined : toMs(options.timeout, "timeout"),
    taskRunner: options.taskRunner,
    onRunning: hooks(options.onRunning),
    onCompletion: hooks(options.onCompletion),
    onFailure: hooks(options.onFailure),
    onCancellation: hooks(options.onCancellation),
    onCrashed: hooks(options.onCrashed),
  };
}
