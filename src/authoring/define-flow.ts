import type { FlowDefinition } from "../engine/definition.ts";
import { checkOptions } from "./check-options.ts";
import { defineRun, type FileOf, hooksFor, nowhere } from "./define-run.ts";
import type { FlowOptions } from "./options.ts";

/** Turns what the user wrote into what the engine works with. @throws {ConfigurationError} */
export function defineFlow(
  name: string,
  options: FlowOptions,
  fn: (...args: never[]) => unknown,
  file: FileOf = nowhere,
): FlowDefinition {
  checkOptions("Flow", name, options, fn);
  const run = defineRun(name, options, fn, file);
  return {
    ...run,
    schema: options.parameters,
    taskRunner: options.taskRunner,
    onRunning: hooksFor(run, options.onRunning),
    onCompletion: hooksFor(run, options.onCompletion),
    onFailure: hooksFor(run, options.onFailure),
    onCancellation: hooksFor(run, options.onCancellation),
    onCrashed: hooksFor(run, options.onCrashed),
  };
}
