/* Names and paths that are made for each run, of a text with variables or by a function. */
import type { CacheKeyFn } from "../caching/cache-policy.ts";
import type { Awaitable } from "../kernel/awaitable.ts";
import { compileTemplate, escapePathPart } from "../kernel/template.ts";
import type { TaskDefinition } from "./definition.ts";
import type { TaskRun } from "./task-run.ts";
import type { RunContext } from "./views.ts";

type NameFn = (context: RunContext, inputs: Readonly<Record<string, unknown>>) => Awaitable<string>;

/** A key function of `resultStorageKey`. @throws {ConfigurationError} for a text that is no template */
export function keyTemplate(name: string, choice: string | NameFn): CacheKeyFn<RunContext> {
  if (typeof choice === "function") return choice;
  const template = compileTemplate(choice, `Task "${name}", resultStorageKey`);
  return (context) => template.format(variablesOf(context, (context.taskRun as TaskRun).clock.now()));
}

/**
 * What makes the path of `target`. A value from outside becomes one part of the path, whatever it holds.
 *
 * @throws {ConfigurationError} for a text that is no template
 */
export function targetOf(name: string, choice: string | NameFn): NonNullable<TaskDefinition["target"]> {
  if (typeof choice === "function") return (context) => choice(context, { ...context.taskRun?.inputs });
  const template = compileTemplate(choice, `Task "${name}", target`);
  return (context, now) => template.format(variablesOf(context, now), { escape: escapePathPart });
}

const dayMs = 24 * 60 * 60 * 1000;

/** What a template knows of a run. What is nearer to the call goes first: inputs, parameters, the run. */
export function variablesOf({ taskRun, flowRun }: RunContext, now: number): Record<string, unknown> {
  return {
    date: new Date(now),
    today: new Date(now),
    yesterday: new Date(now - dayMs),
    tomorrow: new Date(now + dayMs),
    taskName: taskRun?.task.name,
    taskRunId: taskRun?.id,
    taskRunName: taskRun?.name,
    flowName: flowRun?.flow.name,
    flowRunId: flowRun?.id,
    flowRunName: flowRun?.name,
    parameters: flowRun?.parameters,
    ...flowRun?.parameters,
    ...taskRun?.inputs,
  };
}
