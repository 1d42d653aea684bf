/*
 * The older vocabulary of tasks, `oxbow/classic`: `cacheFor`, `cacheValidator`, `checkpoint`, `result`. Another way to write options for the
 * same engine; it can be mixed with `oxbow` freely.
 */
export { flow, type Flow, type FlowOf } from "../authoring/flow.ts";
export { task, type ClassicGeneratorTask, type ClassicTask, type ClassicTaskOf } from "./task.ts";
export type { ClassicTaskOptions } from "./options.ts";
export {
  allInputs,
  allParameters,
  durationOnly,
  neverUse,
  partialInputsOnly,
  partialParametersOnly,
} from "./validators.ts";
export type { BuiltInValidator, CacheValidator, OwnValidator } from "./validators.ts";
export { AzureResult, GCSResult, LocalResult, S3Result } from "./results.ts";
export type { LocalResultOptions, Result, ResultOptions } from "./results.ts";
