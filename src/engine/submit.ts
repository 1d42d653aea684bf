import type { State } from "../states/state.ts";
import { holdFutures, resolveFutures } from "./futures.ts";
import type { Scope } from "./scope.ts";
import type { TaskPool } from "./task-runner.ts";
import { runTask } from "./task-engine.ts";
import type { TaskRun } from "./task-run.ts";

let outside: TaskPool | undefined;

/** The pool of the innermost run; what is submitted outside all runs shares one. */
export function poolOf(scope: Scope): TaskPool {
  const owner = scope.taskRun ?? scope.flowRun;
  return owner ? owner.pool() : (outside ??= scope.services.taskRunner.open(scope.settings.tasks.concurrency));
}

/** Hands a run to the pool of the run around it, once all that it waits for has ended. @returns its final state */
export function submitRun(run: TaskRun, scope: Scope): Promise<State> {
  const { promise, resolve } = Promise.withResolvers<State>();
  const queue = (): void => poolOf(scope).submit(() => runTask(run).then(resolve));
  // A run that waits for others must not take the place in the pool that one of those needs.
  if (holdFutures([run.args, run.task.waitFor]))
    void resolveFutures([run.args, run.task.waitFor], { upstream: [] }).then(queue, queue);
  else queue();
  (scope.taskRun ?? scope.flowRun)?.track(promise);
  return promise;
}
