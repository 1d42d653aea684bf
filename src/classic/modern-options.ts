import type { TaskOptions } from "../authoring/options.ts";
import { cacheKey, warn } from "../defaults.ts";
import { narrower } from "../kernel/cache-mode.ts";
import { checkClassicOptions, olderNames } from "./check-options.ts";
import { olderTemplate } from "./older-template.ts";
import type { ClassicTaskOptions } from "./options.ts";
import { resultOf } from "./results.ts";
import { durationOnly, neverUse, type OwnValidator } from "./validators.ts";

/*
 * DESIGN: the older words in terms of the ones that the engine knows; nothing of them is left below this file.
 *
 *   cacheFor        cacheExpiration, and a policy:
 *   cacheKey        its first part, or else the name of the task
 *   cacheValidator  its second part: what the validator looks at (validators.ts); a function of one's own is `validate`
 *   checkpoint      persistResult
 *   result          resultStorage, resultSerializer; its location a target that is only written
 *   target          target, with the older names of variables
 *   maxRetries      retries
 *
 * What it promises: a task uses stored results only where it says so: by `cacheFor`, by `target`, or by a newer option.
 * All else that is stored is stored only (`cacheMode: "write-only"`), as `checkpoint` always meant.
 */

/** @throws {ConfigurationError} for options that cannot mean anything, alone or together */
export function modernOptions(name: string, options: ClassicTaskOptions): TaskOptions {
  checkClassicOptions(name, options);
  const { checkpoint, maxRetries } = options;
  return {
    ...newerOf(options),
    ...cachingOf(name, options),
    ...placeOf(name, options),
    ...(checkpoint !== undefined && { persistResult: checkpoint }),
    ...(maxRetries !== undefined && { retries: maxRetries }),
  };
}

function newerOf(options: ClassicTaskOptions): TaskOptions {
  return Object.fromEntries(Object.entries(options).filter(([option]) => !olderNames.includes(option as never)));
}

/** What says that stored results are used. */
const usesResults = [
  "cachePolicy",
  "cacheKeyFn",
  "cacheExpiration",
  "cacheMode",
  "cacheResultInMemory",
  "persistResult",
  "refreshCache",
  "resultStorageKey",
  "target",
  "validate",
] as const satisfies ReadonlyArray<keyof ClassicTaskOptions>;

function cachingOf(name: string, options: ClassicTaskOptions): TaskOptions {
  const { cacheFor, cacheValidator = durationOnly, cacheMode = "read-write" } = options;
  if (cacheFor === undefined) {
    warnOfUnused(name, options);
    return usesResults.some((option) => options[option] !== undefined) ? {} : { cacheMode: "write-only" };
  }
  const base = cacheKey(options.cacheKey ?? name);
  if (typeof cacheValidator === "function")
    return { cachePolicy: base, cacheExpiration: cacheFor, validate: asValidate(cacheValidator) };
  const cachePolicy = cacheValidator.extend?.(base);
  if (cachePolicy) return { cachePolicy, cacheExpiration: cacheFor };
  return { cachePolicy: base, cacheExpiration: cacheFor, cacheMode: narrower(cacheMode, "write-only") };
}

function asValidate(validator: OwnValidator): NonNullable<TaskOptions["validate"]> {
  return (record, { taskRun, flowRun }) => validator(record, { ...taskRun!.inputs }, { ...flowRun?.parameters });
}

function warnOfUnused(name: string, { cacheValidator = neverUse, cacheKey: key }: ClassicTaskOptions): void {
  const unused = cacheValidator === neverUse ? key && "cacheKey" : "cacheValidator";
  if (unused === undefined) return;
  warn(`Task '${name}'`, `${unused} without cacheFor: this task will not be cached`);
}

function placeOf(name: string, { result, target, cacheMode = "read-write" }: ClassicTaskOptions): TaskOptions {
  const { storage, serializer, location } = result === undefined ? {} : resultOf(result);
  const place = {
    ...(storage !== undefined && { resultStorage: storage }),
    ...(serializer !== undefined && { resultSerializer: serializer }),
  };
  if (target !== undefined) {
    if (location !== undefined && location !== target)
      warn(`Task '${name}'`, "Both target and the location of result are set; target is used");
    return { ...place, target: olderTemplate(name, "target", target) };
  }
  if (location === undefined) return place;
  const file = olderTemplate(name, "result.location", location);
  return { ...place, target: file, cacheMode: narrower(cacheMode, "write-only") };
}
