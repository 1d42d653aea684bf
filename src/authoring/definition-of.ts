/* What a task or a flow is, for tools that are handed one: the command line, the doctor. */
import type { FlowDefinition, TaskDefinition } from "../engine/definition.ts";

/** A definition, with what it is of. */
export type Definition = ({ readonly kind: "task" } & TaskDefinition) | ({ readonly kind: "flow" } & FlowDefinition);

const definitions = new WeakMap<object, Definition>();

/** The definition behind a task or a flow; `undefined` for anything else. */
export function definitionOf(value: unknown): Definition | undefined {
  return typeof value === "function" ? definitions.get(value) : undefined;
}

/** Notes what a task or flow was made of. */
export function remember(made: object, definition: Definition): void {
  definitions.set(made, definition);
}

/**
 * The file from which a function was called, as a URL or a path; `undefined` where that cannot be seen.
 *
 * @param called the function that the user called
 */
export function callerOf(called: Function): () => string | undefined {
  const here: { stack?: string } = {};
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 1;
  Error.captureStackTrace(here, called);
  Error.stackTraceLimit = limit;
  // The text is made when it is asked for, and that is what costs.
  return () =>
    /(?:\(|at )((?:file:\/\/)?[^\s()][^()]*):\d+:\d+\)?$/m.exec(here.stack ?? "")?.[1]?.replace(/^async /, "");
}
