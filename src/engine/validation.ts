import type { StandardSchemaV1 } from "@standard-schema/spec";
import { ValidationError } from "../kernel/errors.ts";
import { unbindInputs } from "../hashing/parameters.ts";
import type { FlowRun } from "./flow-run.ts";
import type { TaskRun } from "./task-run.ts";

/**
 * Holds a value against a schema.
 *
 * @returns what the schema made of it
 * @throws {ValidationError} with one line per issue
 */
export async function validate(schema: StandardSchemaV1, value: unknown, what: string): Promise<unknown> {
  const result = await schema["~standard"].validate(value);
  if (!result.issues) return result.value;
  const issues = result.issues.map((issue) => {
    const path = (issue.path ?? []).map((part) => String(typeof part === "object" ? part.key : part)).join(".");
    return path ? `${path}: ${issue.message}` : issue.message;
  });
  throw new ValidationError(`Validation of ${what} failed with error: ${issues.join("; ")}`, issues);
}

function byName(value: unknown, what: string): Record<string, unknown> {
  if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  throw new ValidationError(`Validation of ${what} failed with error: the schema gave no object`, []);
}

/** Replaces the inputs of a task run by what its `input` schema makes of them. */
export async function validateInputs(run: TaskRun, schema: StandardSchemaV1): Promise<void> {
  const inputs = byName(await validate(schema, run.inputs, "task inputs"), "task inputs");
  run.refineArguments(unbindInputs(run.task.parameters(), run.args, inputs));
}

/** Replaces the parameters of a flow run by what its `parameters` schema makes of them. */
export async function validateParameters(run: FlowRun, schema: StandardSchemaV1): Promise<void> {
  const parameters = byName(await validate(schema, run.parameters, "flow parameters"), "flow parameters");
  run.refineArguments(unbindInputs(run.flow.parameters(), run.args, parameters));
}

/** What the `output` schema of a task makes of a result. Asked about stored results too. */
export async function validateOutput(run: TaskRun, value: unknown): Promise<unknown> {
  return validate(run.task.output!, value, "the task's output");
}
