import type { DelayFn, RunDefinition, StateHook } from "../engine/definition.ts";
import type { SubjectView } from "../engine/views.ts";
import { parametersFromNames, parametersOf, type Parameters } from "../hashing/parameters.ts";
import { toMs, type Duration } from "../kernel/duration.ts";
import type { State } from "../states/state.ts";
import type { RunOptions } from "./options.ts";
import { delayFn } from "./retry-delay.ts";

/** Looks up the file of a definition: asked when somebody wants it, since that costs. */
export type FileOf = () => string | undefined;

/** For what is defined in no file. */
export const nowhere: FileOf = () => undefined;

/** What tasks and flows define alike. @throws {ConfigurationError} */
export function defineRun(
  name: string,
  options: RunOptions,
  fn: (...args: never[]) => unknown,
  file: FileOf,
): RunDefinition {
  let parameters: Parameters | undefined;
  return {
    name,
    version: options.version,
    description: options.description,
    tags: options.tags ?? [],
    file,
    fn,
    // Reading them costs a parse of the function: only where somebody asks.
    parameters: () => (parameters ??= options.params ? parametersFromNames(options.params) : parametersOf(fn)),
    persist: options.persistResult,
    storage: options.resultStorage,
    serializer: options.resultSerializer,
    cacheMode: options.cacheMode,
    retries: options.retries,
    retryDelay: delayFn(options.retryDelay, "retryDelay") satisfies DelayFn | undefined,
    retryJitter: options.retryJitter ?? 0,
    timeoutMs: lengthOf(options.timeout, "timeout"),
  };
}

/** A duration in milliseconds, where there is one. */
export function lengthOf(duration: Duration | undefined, where: string): number | undefined {
  return duration === undefined ? undefined : toMs(duration, where);
}

type Hook<V> = (subject: SubjectView, run: V, state: State) => unknown;

/** Hooks as the engine calls them: a list, each with a name. */
export function hooksFor<V>(
  subject: SubjectView,
  hooks: Hook<V> | ReadonlyArray<Hook<V>> | undefined,
): ReadonlyArray<StateHook<V>> {
  return (typeof hooks === "function" ? [hooks] : (hooks ?? [])).map((hook) => ({
    name: hook.name || "anonymous",
    call: (run, state) => hook(subject, run, state),
  }));
}
