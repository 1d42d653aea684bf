import { hintOf } from "../kernel/errors.ts";
import type { LogLevel } from "../logging/logger.ts";
import type { FlowRun } from "./flow-run.ts";
import type { TaskRun } from "./task-run.ts";

/** Says what is wrong with the cache, and what to do about it: once in a flow run for each task and reason. */
export function sayOnce(run: TaskRun | FlowRun, level: LogLevel, line: string, error?: unknown): void {
  const said = run.flowRun?.warned;
  const what = `${run.subject.name}\n${line}`;
  if (said?.has(what)) return;
  said?.add(what);
  const hint = hintOf(error);
  run.logger[level](hint === undefined ? line : `${line}; ${hint}`);
}
