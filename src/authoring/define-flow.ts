import type { FlowDefinition } from "../engine/definition.ts";
import type { FlowRunView } from "../engine/run-context.ts";
import { checkOptions } from "./check-options.ts";
import { defineRun, hooksFor } from "./define-run.ts";
import type { Flow } from "./flow.ts";
import type { FlowOptions } from "./options.ts";

/** Turns what the user wrote into what the engine works with. @throws {ConfigurationError} */
export function defineFlow(name: string, options: FlowOptions, fn: (...args: never[]) => unknown, made: Flow): FlowDefinition {
  checkOptions("Flow", name, options, fn);
  const hooks = hooksFor<Flow, FlowRunView>(made);
  return {
    ...defineRun(name, options, fn),
    schema: options.parameters,
    taskRunner: options.taskRunner,
    onRunning: hooks(options.onRunning),
    onCompletion: hooks(options.onCompletion),
    onFailure: hooks(options.onFailure),
    onCancellation: hooks(options.onCancellation),
    onCrashed: hooks(options.onCrashed),
  };
}
