import { KeyFnMember } from "../caching/key-fn.ts";
import { CachePolicy } from "../caching/cache-policy.ts";
import type { StateHook, TaskDefinition } from "../engine/definition.ts";
import type { TaskRunView } from "../engine/run-context.ts";
import { parametersFromNames, parametersOf } from "../hashing/parameters.ts";
import { sourceDigest } from "../hashing/function-source.ts";
import { toMs, type Duration } from "../kernel/duration.ts";
import { warn } from "../defaults.ts";
import { checkOptions } from "./check-options.ts";
import type { TaskHook, TaskOptions } from "./options.ts";
import { delayFn } from "./retry-delay.ts";
import type { Task } from "./task.ts";

/** Turns what the user wrote into what the engine works with. @throws {ConfigurationError} */
export function defineTask(name: string, options: TaskOptions, fn: (...args: never[]) => unknown, made: Task): TaskDefinition {
  checkOptions("Task", name, options, fn);
  const hooks = (hook: TaskHook | readonly TaskHook[] | undefined): ReadonlyArray<StateHook<TaskDefinition, TaskRunView>> =>
    (typeof hook === "function" ? [hook] : (hook ?? [])).map((each) => named(each.name, (_, run, state) => each(made, run, state)));
  let parameters: TaskDefinition["parameters"] | undefined;
  const definition: TaskDefinition = {
    name,
    version: options.version,
    description: options.description,
    tags: options.tags ?? [],
    fn,
    get parameters() {
      parameters ??= options.params ? parametersFromNames(options.params) : parametersOf(fn);
      return parameters;
    },
    policy: policyOf(name, options),
    expirationMs: lengthOf(options.cacheExpiration, "cacheExpiration"),
    refresh: options.refreshCache,
    persist: options.persistResult,
    impliesPersistence: impliesPersistence(options),
    storage: options.resultStorage,
    serializer: options.resultSerializer,
    inMemory: options.cacheResultInMemory ?? true,
    retries: options.retries,
    retryDelay: delayFn(options.retryDelay, "retryDelay"),
    retryJitter: options.retryJitter ?? 0,
    retryWhen: options.retryWhen,
    timeoutMs: lengthOf(options.timeout, "timeout"),
    input: options.input,
    output: options.output,
    validate: options.validate,
    waitFor: options.waitFor ?? [],
    onRunning: hooks(options.onRunning),
    onCompletion: hooks(options.onCompletion),
    onFailure: hooks(options.onFailure),
  };
  checkNames(definition);
  remember(definition);
  return definition;
}

function lengthOf(duration: Duration | undefined, where: string): number | undefined {
  return duration === undefined ? undefined : toMs(duration, where);
}

function named<F extends (...args: never[]) => unknown>(name: string, fn: F): F {
  return Object.defineProperty(fn, "name", { value: name });
}

function policyOf(name: string, options: TaskOptions): CachePolicy | undefined {
  if (options.persistResult === false && (options.cacheKeyFn || (options.cachePolicy && !options.cachePolicy.isNever))) {
    warn(`Task '${name}'`, "Ignoring the cache policy, because persistResult is false");
  }
  if (!options.cacheKeyFn) return options.cachePolicy;
  if (options.cachePolicy) warn(`Task '${name}'`, "Both cachePolicy and cacheKeyFn are set; cacheKeyFn is used");
  return new CachePolicy([new KeyFnMember(options.cacheKeyFn)], options.cachePolicy?.configuration);
}

function impliesPersistence(options: TaskOptions): boolean {
  const { cachePolicy, cacheKeyFn, cacheExpiration, refreshCache, resultStorage, resultSerializer } = options;
  if (cachePolicy?.isNever) return false;
  return [cachePolicy, cacheKeyFn, cacheExpiration, resultStorage, resultSerializer].some((each) => each !== undefined) || refreshCache === true;
}

function checkNames({ name, policy, parameters }: TaskDefinition): void {
  if (!policy) return;
  for (const member of policy.members) {
    // Reading the parameters costs a parse of the function: only where names were given.
    if (member.checkNames && "selection" in member && Object.keys(member.selection as object).length > 0 && !parameters.open) {
      member.checkNames(parameters.names, name);
    }
  }
}

const defined = new Map<string, WeakRef<TaskDefinition["fn"]>>();

/** Two tasks of one name write into each other's logs and, by `TASK_SOURCE`, may look alike: said once. */
function remember({ name, fn }: TaskDefinition): void {
  const earlier = defined.get(name)?.deref();
  defined.set(name, new WeakRef(fn));
  if (!earlier || earlier === fn || earlier.toString() === fn.toString()) return;
  const [before, after] = [sourceDigest(earlier), sourceDigest(fn)];
  if ("digest" in before && "digest" in after && before.digest === after.digest) return;
  warn(`Task '${name}'`, "Defined twice with different code; the later one does not replace the earlier one. Give them different names");
}
