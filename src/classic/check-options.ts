/* What people may write by the older names, checked when they write it. What is left, the newer options, is checked as ever. */
import { optionNames } from "../authoring/check-options.ts";
import { toMs } from "../kernel/duration.ts";
import { ConfigurationError } from "../kernel/errors.ts";
import { checkOptionNames } from "../kernel/option-names.ts";
import type { ClassicTaskOptions } from "./options.ts";
import { resultOf } from "./results.ts";
import { partialInputsOnly, partialParametersOnly } from "./validators.ts";

type Name = keyof ClassicTaskOptions;

type OlderName = "cacheFor" | "cacheValidator" | "cacheKey" | "checkpoint" | "result" | "maxRetries";

const ownKeys = ["cachePolicy", "cacheKeyFn", "resultStorageKey", "target"] as const;

/** What says the same, or the contrary. */
const exclusive: Readonly<Record<OlderName, readonly Name[]>> = {
  cacheFor: ["cacheExpiration", ...ownKeys],
  cacheValidator: ownKeys,
  cacheKey: ownKeys,
  checkpoint: ["persistResult"],
  result: ["resultStorage"],
  maxRetries: ["retries"],
};

/** The options that are there by their older names only. */
export const olderNames: readonly OlderName[] = Object.keys(exclusive) as OlderName[];

/** @throws {ConfigurationError} for the first option that cannot mean anything, or not together with another one */
export function checkClassicOptions(name: string, options: ClassicTaskOptions): void {
  checkOptionNames(options, [...olderNames, ...optionNames.Task], `Task "${name}"`);
  checkValues(name, options);
  for (const older of olderNames) {
    if (options[older] === undefined) continue;
    for (const other of exclusive[older]) if (options[other] !== undefined) throw conflict(name, older, other);
  }
  checkPairs(name, options);
}

function invalid(name: string, reason: string, hint?: string): ConfigurationError {
  return new ConfigurationError("OXBOW_OPTION_INVALID", `Task "${name}"${reason}`, hint === undefined ? {} : { hint });
}

function conflict(name: string, older: string, other: string): ConfigurationError {
  const hint =
    other === "target"
      ? "a file that is there counts for ever, whatever the inputs; for a time limit write target and cacheExpiration"
      : "leave out one of them";
  return invalid(name, `: ${older} and ${other} exclude each other`, hint);
}

function checkValues(name: string, options: ClassicTaskOptions): void {
  const { cacheFor, cacheValidator, cacheKey, checkpoint, result } = options;
  if (cacheFor !== undefined) toMs(cacheFor, `Task "${name}", cacheFor`);
  if ([partialInputsOnly, partialParametersOnly].includes(cacheValidator as never))
    throw invalid(name, ", cacheValidator: it has to be told names", 'write partialInputsOnly(["url"])');
  if (cacheValidator !== undefined && !isValidator(cacheValidator))
    throw invalid(name, ", cacheValidator: it must be a validator such as allInputs, or a function");
  if (cacheKey !== undefined && (typeof cacheKey !== "string" || cacheKey === ""))
    throw invalid(name, ", cacheKey: it must be a text that is not empty");
  if (checkpoint !== undefined && typeof checkpoint !== "boolean")
    throw invalid(name, ", checkpoint: it must be true or false");
  if (result !== undefined && !isResult(result))
    throw invalid(
      name,
      ", result: it must say where results go",
      'write LocalResult({ dir: "./results" }), or a storage, the path of a folder, a block such as "block:s3/results"',
    );
}

function isValidator(value: unknown): boolean {
  return typeof value === "function" || (typeof value === "object" && value !== null && "extend" in value);
}

function isResult(value: unknown): boolean {
  if (value === null || (typeof value !== "object" && typeof value !== "string")) return false;
  const { storage } = resultOf(value as NonNullable<ClassicTaskOptions["result"]>);
  if (typeof storage === "string") return storage !== "";
  return typeof storage === "object" && storage !== null && typeof storage.get === "function";
}

function checkPairs(name: string, options: ClassicTaskOptions): void {
  const { cacheFor, cacheValidator, checkpoint, maxRetries, result, resultSerializer, target, validate } = options;
  if (typeof cacheValidator === "function" && validate) throw conflict(name, "cacheValidator", "validate");
  if (checkpoint === false && (cacheFor !== undefined || target !== undefined))
    throw invalid(
      name,
      `: checkpoint is false, so nothing is stored that ${target === undefined ? "cacheFor" : "target"} could use`,
      "leave out checkpoint; with result: memoryStorage() results stay in this process",
    );
  if (maxRetries !== undefined && !(Number.isSafeInteger(maxRetries) && maxRetries >= 0))
    throw invalid(name, ", maxRetries: it must be a whole number, not negative");
  if (result === undefined) return;
  const { location, serializer } = resultOf(result);
  if (serializer !== undefined && resultSerializer !== undefined)
    throw conflict(name, "the serializer of result", "resultSerializer");
  const keyed = (["cacheFor", "cachePolicy", "cacheKeyFn", "resultStorageKey"] as const).find(
    (option) => options[option] !== undefined,
  );
  if (location === undefined || target !== undefined || keyed === undefined) return;
  throw invalid(
    name,
    `: ${keyed} finds results by their keys, and the location of result is a file`,
    "leave out the location, or write target: a file that is there is used",
  );
}
