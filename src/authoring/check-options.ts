/* What people may write as options, checked when they write it. The types say the same; this is for those without. */
import { CachePolicy } from "../caching/cache-policy.ts";
import { type CacheMode, cacheModes } from "../kernel/cache-mode.ts";
import { toMs, type Duration } from "../kernel/duration.ts";
import { ConfigurationError } from "../kernel/errors.ts";
import { checkOptionNames } from "../kernel/option-names.ts";

/** Says what is wrong with a value, in words that follow "must be"; `undefined` where nothing is. */
type Check = (value: unknown, where: string) => string | undefined;

const a =
  (what: string, test: (value: unknown) => boolean): Check =>
  (value) =>
    test(value) ? undefined : what;

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;
const isFunction = (value: unknown): boolean => typeof value === "function";
const isSchema = (value: unknown): boolean =>
  (isObject(value) || isFunction(value)) && "~standard" in (value as object);
const isText = (value: unknown): boolean => typeof value === "string";
const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every(isText);
const isStorage = (value: unknown): boolean =>
  (isText(value) && value !== "") || (isObject(value) && isFunction(value["get"]) && isFunction(value["put"]));
const isHook = (value: unknown): boolean => isFunction(value) || (Array.isArray(value) && value.every(isFunction));

const duration: Check = (value, where) => {
  toMs(value as Duration, where);
  return undefined;
};

const delay: Check = (value, where) => {
  if (isFunction(value)) return undefined;
  for (const each of Array.isArray(value) ? value : [value]) toMs(each as Duration, where);
  return Array.isArray(value) && value.length === 0 ? "a duration, a list of durations or a function" : undefined;
};

const text = a("a string", isText);
const texts = a("a list of strings", isTexts);
const flag = a("true or false", (value) => typeof value === "boolean");
const hook = a("a function or a list of functions", isHook);
const schema = a("a Standard Schema", isSchema);
const callback = a("a function", isFunction);
const template = a(
  "a text that is not empty, or a function",
  (value) => isFunction(value) || (isText(value) && value !== ""),
);

const runChecks: Readonly<Record<string, Check>> = {
  version: text,
  description: text,
  tags: texts,
  params: texts,
  retries: a("a whole number, not negative", (value) => Number.isSafeInteger(value) && (value as number) >= 0),
  retryDelay: delay,
  retryJitter: a(
    "a number, not negative",
    (value) => typeof value === "number" && value >= 0 && Number.isFinite(value),
  ),
  timeout: duration,
  persistResult: flag,
  resultStorage: a('a storage, the path of a folder, or a block such as "block:s3/results"', isStorage),
  cacheMode: a(`one of ${cacheModes.join(", ")}`, (value) => cacheModes.includes(value as CacheMode)),
  resultSerializer: a("a serializer", (value) => isObject(value) && isFunction(value["serialize"])),
  onRunning: hook,
  onCompletion: hook,
  onFailure: hook,
};

const checks = {
  Task: {
    ...runChecks,
    cachePolicy: a("a cache policy, such as INPUTS", (value) => value instanceof CachePolicy),
    cacheKeyFn: callback,
    cacheExpiration: duration,
    resultStorageKey: template,
    target: template,
    refreshCache: flag,
    cacheResultInMemory: flag,
    trigger: a('"automatic" or "manual"', (value) => value === "automatic" || value === "manual"),
    validate: callback,
    retryWhen: callback,
    input: schema,
    output: schema,
    waitFor: a("a list of futures", Array.isArray),
    onCommit: hook,
    onRollback: hook,
  },
  Flow: {
    ...runChecks,
    parameters: schema,
    taskRunner: a("a task runner, such as inProcess()", (value) => isObject(value) && isFunction(value["open"])),
    onCancellation: hook,
    onCrashed: hook,
  },
} satisfies Record<string, Readonly<Record<string, Check>>>;

/** The names of all options, for the tests that hold them against the documentation. */
export const optionNames: Readonly<Record<"Task" | "Flow", readonly string[]>> = {
  Task: Object.keys(checks.Task),
  Flow: Object.keys(checks.Flow),
};

/**
 * Checks a name and options.
 *
 * @throws {ConfigurationError} that names the task or flow, the option and what it must be
 */
export function checkOptions(kind: "Task" | "Flow", name: unknown, options: object, fn: unknown): void {
  if (typeof name !== "string" || name.trim() === "") {
    throw new ConfigurationError("OXBOW_OPTION_INVALID", `${kind} name: ${show(name)} is not a name`, {
      hint: `write ${kind.toLowerCase()}("fetch-page", async (url: string) => …)`,
    });
  }
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new ConfigurationError(
      "OXBOW_OPTION_INVALID",
      `${kind} "${name}": ${show(options)} stands in the place of options`,
    );
  }
  if (typeof fn !== "function") {
    throw new ConfigurationError(
      "OXBOW_OPTION_INVALID",
      `${kind} "${name}" has no function: ${show(fn)} stands in its place`,
    );
  }
  const known: Readonly<Record<string, Check>> = checks[kind];
  checkOptionNames(options, Object.keys(known), `${kind} "${name}"`);
  for (const [option, value] of Object.entries(options)) {
    if (value === undefined) continue;
    const wanted = known[option]!(value, `${kind} "${name}", ${option}`);
    if (wanted === undefined) continue;
    throw new ConfigurationError(
      "OXBOW_OPTION_INVALID",
      `${kind} "${name}", ${option}: ${show(value)} must be ${wanted}`,
    );
  }
}

/** @throws {ConfigurationError} where `map` was given nothing that can be gone through */
export function checkItems(name: string, items: unknown): void {
  const isAny = (method: PropertyKey): boolean =>
    typeof (Object(items) as Record<PropertyKey, unknown>)[method] === "function";
  if (items !== null && items !== undefined && (isAny(Symbol.iterator) || isAny(Symbol.asyncIterator) || isAny("then")))
    return;
  throw new ConfigurationError(
    "OXBOW_OPTION_INVALID",
    `Task "${name}", map: ${show(items)} has no items to go through`,
    {
      hint: "pass an array, a generator, or a future of one",
    },
  );
}

function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  return isFunction(value) ? "a function" : isObject(value) ? "an object" : String(value);
}
