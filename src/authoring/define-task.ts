import type { CachePolicy } from "../caching/cache-policy.ts";
import { cacheKeyFn, warn } from "../defaults.ts";
import type { TaskDefinition } from "../engine/definition.ts";
import { keyTemplate, targetOf } from "../engine/templates.ts";
import { sourceDigest } from "../hashing/function-source.ts";
import { ConfigurationError } from "../kernel/errors.ts";
import type { TransactionHook } from "../transactions/transaction.ts";
import { checkOptions } from "./check-options.ts";
import { defineRun, type FileOf, hooksFor, lengthOf, nowhere } from "./define-run.ts";
import type { TaskOptions } from "./options.ts";

/** Turns what the user wrote into what the engine works with. @throws {ConfigurationError} */
export function defineTask(
  name: string,
  options: TaskOptions,
  fn: (...args: never[]) => unknown,
  file: FileOf = nowhere,
): TaskDefinition {
  checkOptions("Task", name, options, fn);
  const run = defineRun(name, options, fn, file);
  const definition: TaskDefinition = {
    ...run,
    policy: policyOf(name, options),
    expirationMs: lengthOf(options.cacheExpiration, "cacheExpiration"),
    refresh: options.refreshCache,
    target: options.target === undefined ? undefined : targetOf(name, options.target),
    yields: isGenerator(fn),
    impliesPersistence: impliesPersistence(options),
    inMemory: options.cacheResultInMemory ?? true,
    isManual: options.trigger === "manual",
    retryWhen: options.retryWhen,
    input: options.input,
    output: options.output,
    validate: options.validate,
    waitFor: options.waitFor ?? [],
    onCommit: listOf(options.onCommit),
    onRollback: listOf(options.onRollback),
    onRunning: hooksFor(run, options.onRunning),
    onCompletion: hooksFor(run, options.onCompletion),
    onFailure: hooksFor(run, options.onFailure),
  };
  checkNames(definition);
  checkYields(definition);
  remember(definition);
  return definition;
}

function listOf(hooks: TransactionHook | readonly TransactionHook[] | undefined): readonly TransactionHook[] {
  return typeof hooks === "function" ? [hooks] : (hooks ?? []);
}

function policyOf(name: string, options: TaskOptions): CachePolicy | undefined {
  if (
    options.persistResult === false &&
    (options.cacheKeyFn || (options.cachePolicy && !options.cachePolicy.isNever))
  ) {
    warn(`Task '${name}'`, "Ignoring the cache policy, because persistResult is false");
  }
  if (options.resultStorageKey !== undefined && !options.cachePolicy?.isNever) {
    return cacheKeyFn(keyTemplate(name, options.resultStorageKey)).configure(options.cachePolicy?.configuration ?? {});
  }
  if (!options.cacheKeyFn) return options.cachePolicy;
  if (options.cachePolicy) warn(`Task '${name}'`, "Both cachePolicy and cacheKeyFn are set; cacheKeyFn is used");
  return cacheKeyFn(options.cacheKeyFn).configure(options.cachePolicy?.configuration ?? {});
}

/** Any option about caching or results says that results are wanted. */
const impliedBy = [
  "cachePolicy",
  "cacheKeyFn",
  "cacheExpiration",
  "refreshCache",
  "cacheResultInMemory",
  "resultStorageKey",
  "target",
  "validate",
  "resultStorage",
  "resultSerializer",
] as const satisfies ReadonlyArray<keyof TaskOptions>;

function impliesPersistence(options: TaskOptions): boolean {
  return !options.cachePolicy?.isNever && impliedBy.some((option) => options[option] !== undefined);
}

/** Whether a function yields its result, item by item. */
function isGenerator(fn: (...args: never[]) => unknown): boolean {
  return /^\[object (?:Async)?GeneratorFunction\]$/.test(Object.prototype.toString.call(fn));
}

function checkYields({ name, yields, output }: TaskDefinition): void {
  if (!yields || !output) return;
  throw new ConfigurationError("OXBOW_OPTION_INVALID", `Task "${name}", output: a generator has no single result`, {
    hint: "validate each item in the function, before it is yielded",
  });
}

function checkNames({ name, policy, parameters }: TaskDefinition): void {
  for (const member of policy?.members ?? []) member.checkNames?.(parameters, name);
}

const defined = new Map<string, WeakRef<TaskDefinition["fn"]>>();

/** Two tasks of one name write into each other's logs and, by `TASK_SOURCE`, may look alike: said once. */
function remember({ name, fn }: TaskDefinition): void {
  const earlier = defined.get(name)?.deref();
  defined.set(name, new WeakRef(fn));
  if (!earlier || earlier === fn || earlier.toString() === fn.toString()) return;
  const [before, after] = [sourceDigest(earlier), sourceDigest(fn)];
  if ("digest" in before && "digest" in after && before.digest === after.digest) return;
  warn(
    `Task '${name}'`,
    "Defined twice with different code; the later one does not replace the earlier one. Give them different names",
  );
}
