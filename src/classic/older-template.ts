/* Templates with the older names of variables, made into functions of the run. */
import type { Template } from "../authoring/options.ts";
import type { TaskRun } from "../engine/task-run.ts";
import { variablesOf } from "../engine/templates.ts";
import type { RunContext } from "../engine/views.ts";
import { compileTemplate, escapePathPart } from "../kernel/template.ts";

/**
 * A path that knows the older names too. An input, or a parameter of the flow, that has such a name is meant first. What comes from outside
 * becomes one part of the path.
 *
 * @throws {ConfigurationError} for a text that is no template
 */
export function olderTemplate(name: string, option: string, choice: Template): Template {
  if (typeof choice === "function") return choice;
  const template = compileTemplate(choice, `Task "${name}", ${option}`);
  return (context) => {
    const now = (context.taskRun as TaskRun).clock.now();
    return template.format({ ...olderNames(context, now), ...variablesOf(context, now) }, { escape: escapePathPart });
  };
}

const dayMs = 24 * 60 * 60 * 1000;

function olderNames({ taskRun, flowRun }: RunContext, now: number): Record<string, unknown> {
  return {
    task_name: taskRun?.task.name,
    task_full_name: taskRun?.task.name,
    task_run_id: taskRun?.id,
    task_run_name: taskRun?.name,
    flow_name: flowRun?.flow.name,
    flow_run_id: flowRun?.id,
    flow_run_name: flowRun?.name,
    today_nodash: dayWithoutDashes(now),
    yesterday_nodash: dayWithoutDashes(now - dayMs),
    tomorrow_nodash: dayWithoutDashes(now + dayMs),
  };
}

function dayWithoutDashes(time: number): string {
  return new Date(time).toISOString().slice(0, "yyyy-MM-dd".length).replaceAll("-", "");
}
