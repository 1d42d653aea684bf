/*
 * DESIGN. Handing a run to a pool. A run that waits for others must not take the place that one of those needs: it queues up
 * when they have ended. One that is cancelled before it has started ends at once, wherever it waits.
 */
import { AsyncResource } from "node:async_hooks";
import { describeError } from "../kernel/errors.ts";
import type { State } from "../states/state.ts";
import { findFutures, futuresOf, TaskFuture, whenSettled } from "./futures.ts";
import type { MapJob } from "./task-map.ts";
import { loggerIn } from "./run-context.ts";
import { transactionToJoin } from "./run-transaction.ts";
import type { Scope } from "./scope.ts";
import { roots } from "./signals.ts";
import type { TaskPool } from "./task-runner.ts";
import { runTask } from "./task-engine.ts";
import type { TaskRun } from "./task-run.ts";

const outside = new Map<number, TaskPool>();

/** The pool of the innermost run; what is submitted outside all runs shares one. */
function poolOf({ taskRun, flowRun, settings, services }: Scope): TaskPool {
  const owner = taskRun ?? flowRun;
  if (owner) return owner.pool();
  const { concurrency } = settings.tasks;
  let pool = outside.get(concurrency);
  if (!pool) outside.set(concurrency, (pool = services.taskRunner.open(concurrency)));
  return pool;
}

function launch(run: TaskRun, pool: TaskPool, done: (state: State) => void): void {
  let hasStarted = false;
  let here: AsyncResource | undefined = undefined;
  const start = async (): Promise<void> => {
    if (hasStarted) return;
    hasStarted = true;
    done(await (here ? here.runInAsyncScope(runTask, undefined, run) : runTask(run)));
  };
  const queue = (): void => {
    if (!hasStarted) pool.submit(start);
  };
  const found = futuresOf(run);
  if (found) void whenSettled(found).then(queue);
  else queue();
  if (hasStarted) return;
  // It starts in the turn of another run, and belongs here: to the request, the span in which it was handed in.
  here = new AsyncResource("oxbow.submit");
  run.endEarly = () => void start();
}

/** Work that has to end before the run and the transaction around it do. */
function track(scope: Scope, work: Promise<unknown>): void {
  (scope.taskRun ?? scope.flowRun)?.track(work);
  transactionToJoin(scope)?.work.track(work);
}

/** Hands a run to the pool of the run around it. */
export function submitRun(run: TaskRun, scope: Scope): TaskFuture {
  const { promise, resolve } = Promise.withResolvers<State>();
  const owner = scope.taskRun ?? scope.flowRun;
  // A run that waits for its turn is not yet among those inside the owner: it has to look itself whether that ends.
  const unwatch = (owner ?? roots).watch((error) => {
    if (!run.state) run.cancel(error);
  });
  launch(run, poolOf(scope), (state) => {
    unwatch();
    resolve(state);
  });
  track(scope, promise);
  return new TaskFuture(run, promise);
}

/** What a map in a scope needs. */
export function mapJob(scope: Scope, makeRun: (item: unknown) => TaskRun, constants: readonly unknown[]): MapJob {
  const pool = poolOf(scope);
  const owner = scope.taskRun ?? scope.flowRun;
  const awaited = findFutures(constants);
  return {
    width: Math.max(1, pool.concurrency),
    ready: awaited && whenSettled(awaited),
    launch(item, done) {
      const run = makeRun(item);
      launch(run, pool, done);
      return run;
    },
    submit: (item) => submitRun(makeRun(item), scope),
    watch: (stop) => (owner ?? roots).watch(stop),
    track: (work) => track(scope, work),
    sourceFailed: (error) => loggerIn(scope).error(`The items of map() could not be read: ${describeError(error)}`),
  };
}
