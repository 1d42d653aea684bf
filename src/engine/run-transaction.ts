/*
 * DESIGN. Which transaction code belongs to, and the transactions of runs. A task run is a transaction of its own, with all its
 * attempts; it is opened when somebody needs it: a record to stage inside another transaction, a lock, a hook, a task inside,
 * `getTransaction()`. A task that needs none of these is a transaction of one write, and that write is all there is to it (caching.ts).
 */
import { describeError } from "../kernel/errors.ts";
import { noteRolledBack, notePersisted, type State } from "../states/state.ts";
import type { Waiter } from "../transactions/deadlock.ts";
import type { Part, TransactionHost } from "../transactions/part.ts";
import { TransactionNode, type NodeOptions } from "../transactions/node.ts";
import type { FlowRun } from "./flow-run.ts";
import { withScope, type Scope } from "./scope.ts";
import type { TaskRun } from "./task-run.ts";

/** The innermost transaction of a place; opens that of its task run. */
export function transactionIn(scope: Scope): TransactionNode | undefined {
  if (scope.node || scope.hookOf) return scope.node;
  const { taskRun, flowRun } = scope;
  if (!taskRun) return flowRun?.node;
  // A run that has ended opens nothing any more: nobody would close it. What its hooks begin goes to where the run went.
  return taskRun.node ?? (taskRun.state?.isFinal ? taskRun.joins : nodeOf(taskRun));
}

/** The transaction that work which begins in a place becomes a part of. */
export function transactionToJoin(scope: Scope): TransactionNode | undefined {
  let node = transactionIn(scope);
  while (node && !node.isOpen) node = node.parent;
  return node;
}

/** The transaction whose end may wait for what begins in a place, though that is no part of it: circles of waits lead through it. */
export function transactionBehind(scope: Scope): Waiter | undefined {
  return scope.hookOf ?? transactionIn(scope);
}

/** A run begins: it becomes a part of the transaction around it, which waits for its end. @returns what notes that end */
export function join(run: TaskRun | FlowRun): (() => void) | undefined {
  const scope = run.outer as Scope;
  const joined = transactionToJoin(scope);
  if (!joined) {
    run.behind = transactionBehind(scope);
    return undefined;
  }
  run.joins = joined;
  return joined.work.begin();
}

/** The transaction of a run, opened where it is not yet. */
export function nodeOf(run: TaskRun | FlowRun, options: Partial<NodeOptions> = {}): TransactionNode {
  if (!run.node) {
    run.node = new TransactionNode({ ...options, parent: run.joins, behind: run.behind, host: new RunHost(run) });
    run.node.state = "ACTIVE";
  }
  return run.node;
}

/** Undoes what a run did that does not end well, and the transactions around it. @param state what it is about to end in */
export async function rollBackRun(run: TaskRun | FlowRun, state: State): Promise<void> {
  const node = nodeOf(run);
  await node.work.ended();
  const how = state.isFailed ? `failed: ${describeError(state.error)}` : `ended in state ${state.name}`;
  // One that was cancelled by itself was not wanted: the others go on. Where all of them are cancelled, so is the block around them.
  await node.rollBack({ reason: `${run.label} ${how}`, cause: state.error, spreads: !state.isCancelled });
}

class RunHost implements TransactionHost {
  readonly isRun = true;
  readonly #run: TaskRun | FlowRun;

  constructor(run: TaskRun | FlowRun) {
    this.#run = run;
  }

  get label(): string {
    return this.#run.label;
  }

  get logger(): TransactionHost["logger"] {
    return this.#run.logger;
  }

  get copier(): TransactionHost["copier"] {
    return this.#run.services.copier;
  }

  runHook<T>(part: Part, fn: () => T): T {
    return withScope(this.#run.services, { hookOf: part }, fn, this.#run);
  }

  committed(persisted: boolean): void {
    const { state } = this.#run;
    if (persisted && state?.isCompleted) notePersisted(state);
  }

  rolledBack(reason: string): void {
    const { state } = this.#run;
    if (!state?.isCompleted || state.name === "RolledBack") return;
    noteRolledBack(state, reason);
    this.#run.logger.info(`Finished in state ${state}`);
  }
}
