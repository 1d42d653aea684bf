import type { Logger } from "../logging/logger.ts";
import { createLogger } from "../logging/logger.ts";
import type { State } from "../states/state.ts";
import type { FlowRun } from "./flow-run.ts";
import { currentScope, type Scope, type Services } from "./scope.ts";
import { scopeForRun } from "./scope.ts";
import type { TaskRun } from "./task-run.ts";

/** What a run shows of itself. */
export interface RunView {
  readonly id: string;
  /** `add-one-d85`, `outgoing-cicada`. */
  readonly name: string;
  /** All states so far, in order. */
  readonly states: readonly State[];
  readonly state: State | undefined;
  /** Which attempt is running: 1 for the first. */
  readonly attempt: number;
}

export interface TaskRunView extends RunView {
  readonly task: { readonly name: string; readonly version: string | undefined; readonly tags: readonly string[] };
  /** The arguments by parameter name. */
  readonly inputs: Readonly<Record<string, unknown>>;
  /** The ids of the runs that had to complete first. */
  readonly upstream: readonly string[];
}

export interface FlowRunView extends RunView {
  readonly flow: { readonly name: string; readonly version: string | undefined; readonly tags: readonly string[] };
  /** What the flow was called with, by parameter name. */
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** What surrounds the code that asks: the task run and the flow run that it belongs to. */
export interface RunContext {
  /** The innermost task run; `undefined` in a flow outside its tasks. */
  readonly taskRun: TaskRunView | undefined;
  /** The innermost flow run; `undefined` in a task that was called outside a flow. */
  readonly flowRun: FlowRunView | undefined;
  /** Which attempt of the innermost run this is: 1 for the first. */
  readonly attempt: number;
  /** Aborted when the innermost run is cancelled or takes longer than its `timeout`. Hand it on to `fetch` and the like. */
  readonly signal: AbortSignal;
}

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

/** The logger of the innermost run; outside all runs, one that says `oxbow`. */
export function loggerOf(services: Services): Logger {
  const scope = currentScope();
  const run = scope?.taskRun ?? scope?.flowRun;
  if (run) return run.logger;
  const outer = scopeForRun(services);
  return createLogger("oxbow", { level: outer.settings.logging.level, sink: outer.sink, clock: outer.clock });
}
