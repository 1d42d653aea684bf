import { createLogger, type Logger } from "../logging/logger.ts";
import type { FlowRun } from "./flow-run.ts";
import { currentScope, scopeForRun, type Scope } from "./scope.ts";
import type { Services } from "./services.ts";
import type { TaskRun } from "./task-run.ts";
import type { RunContext } from "./views.ts";

class ScopeContext implements RunContext {
  readonly taskRun: TaskRun | undefined;
  readonly flowRun: FlowRun | undefined;
  readonly #innermost: TaskRun | FlowRun;

  constructor(scope: Scope, innermost: TaskRun | FlowRun) {
    this.taskRun = scope.taskRun;
    this.flowRun = scope.flowRun;
    this.#innermost = innermost;
  }

  get attempt(): number {
    return this.#innermost.attempt;
  }

  get signal(): AbortSignal {
    return this.#innermost.signal;
  }
}

/**
 * The context of the code that is running; `undefined` outside all runs.
 *
 * @example
 * const download = task("download", async (url: string) => {
 *   const response = await fetch(url, { signal: getRunContext()!.signal });
 *   return response.text();
 * });
 */
export function getRunContext(): RunContext | undefined {
  const scope = currentScope();
  return scope && contextOf(scope);
}

/** The context that a scope is. */
export function contextOf(scope: Scope): RunContext | undefined {
  const innermost = scope.taskRun ?? scope.flowRun;
  return innermost && new ScopeContext(scope, innermost);
}

/** The logger of the innermost run of a scope; outside all runs, one that says `oxbow`. */
export function loggerIn({ taskRun, flowRun, settings, sink, clock }: Scope): Logger {
  const run = taskRun ?? flowRun;
  return run ? run.userLogger : createLogger("oxbow", { level: settings.logging.level, sink, clock });
}

/** The logger of the code that is running. */
export function loggerOf(services: Services): Logger {
  return loggerIn(scopeForRun(services));
}
