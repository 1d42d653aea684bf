/* The end of a task that has done its work: its result is stored at once, or staged in a transaction and committed by its mode. */
import type { Awaitable } from "../kernel/awaitable.ts";
import { Decision } from "../states/decision.ts";
import type { CachePlan } from "./cache-plan.ts";
import { notStored, recordOf, store, type Written } from "./caching.ts";
import type { TransactionNode } from "../transactions/node.ts";
import { Unrecorded } from "./recording.ts";
import { nodeOf } from "./run-transaction.ts";
import type { TaskRun } from "./task-run.ts";

/** Stores or stages the value of a run. @throws {CachingError} where it could not be stored and caching is strict */
export function conclude(
  run: TaskRun,
  plan: CachePlan,
  decision: Decision,
  value: unknown,
  durationMs: number,
): Awaitable<Written> {
  if (plan.kind === "with" && (!plan.mayWrite || value instanceof Unrecorded)) {
    return concludeUnstored(run, decision, value, durationMs);
  }
  if (needsTransaction(run, plan)) return stage(run, plan, decision, value, durationMs);
  return plan.kind === "with" ? store(run, plan, decision, value, durationMs) : { persisted: false, decision };
}

/** As {@link conclude}, where no record is to be made. */
function concludeUnstored(run: TaskRun, decision: Decision, value: unknown, durationMs: number): Awaitable<Written> {
  if (value instanceof Unrecorded && value.failure) notStored(run, decision, value.failure.error);
  const why = value instanceof Unrecorded ? value.reason : "not stored: the cache is not written to";
  const told = adding(decision, why);
  const unplanned: CachePlan = { kind: "without", decision: told };
  if (needsTransaction(run, unplanned)) return stage(run, unplanned, told, value, durationMs);
  return { persisted: false, decision: told };
}

function needsTransaction({ node, joins, task }: TaskRun, plan: CachePlan): boolean {
  if (node || task.onCommit.length > 0 || task.onRollback.length > 0) return true;
  // In an explicit transaction all runs are kept, to be marked if it is rolled back; in that of a task only those that leave something.
  return joins !== undefined && (plan.kind === "with" || !joins.host.isRun);
}

async function stage(
  run: TaskRun,
  plan: CachePlan,
  decision: Decision,
  value: unknown,
  durationMs: number,
): Promise<Written> {
  const node = nodeOf(run);
  await node.work.ended();
  const cut = run.ended();
  if (cut) return { persisted: false, decision };
  const { onCommit, onRollback } = run.task;
  if (plan.kind === "with") node.own.prepare = (staged) => recordOf(run, plan, staged, durationMs);
  const isStaged = !node.isSettled;
  if (isStaged) node.stage(value, { onCommit, onRollback });
  const refused = node.isGrouped ? undefined : await dropUnstorable(node);
  if (refused && run.settings.caching.strict) return notStored(run, decision, refused.error);
  try {
    await node.close();
  } catch (error) {
    const written = notStored(run, decision, error);
    return leavesTraces(node) ? { ...written, undone: node.undoing?.reason ?? "" } : written;
  }
  if (refused) return notStored(run, decision, refused.error);
  const persisted = plan.kind === "with" && plan.store.storage.capabilities.persistent;
  switch (node.state) {
    case "COMMITTED":
      if (!isStaged)
        return {
          persisted: false,
          decision: adding(decision, "not stored: its transaction was committed before its end"),
        };
      return { persisted, decision };
    case "STAGED":
      return {
        persisted: false,
        decision: plan.kind === "with" ? adding(decision, "to be stored when the transaction commits") : decision,
      };
    default:
      return { persisted: false, decision, undone: node.undoing?.reason ?? "" };
  }
}

/** Outside explicit transactions a result that cannot be stored is no reason to undo anything: it is left out. */
async function dropUnstorable(node: TransactionNode): Promise<{ readonly error: unknown } | undefined> {
  try {
    await node.own.pending;
    return undefined;
  } catch (error) {
    node.own.pending = undefined;
    return { error };
  }
}

/** Whether its rollback has undone more than records. */
function leavesTraces(node: TransactionNode): boolean {
  return [...node.inOrder()].some((part) => part.onRollback.length > 0);
}

function adding(decision: Decision, words: string): Decision {
  return new Decision(decision.outcome, () => `${decision.reason}; ${words}`, decision.key);
}
