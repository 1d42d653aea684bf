/* What the cache would do for a call, and forgetting what it holds: both make the key as a run would, and run nothing. */
import type { Decision } from "../states/decision.ts";
import { ask } from "./caching.ts";
import { planCaching } from "./cache-plan.ts";
import { awaitUpstream, futuresOf } from "./futures.ts";
import { transactionToJoin } from "./run-transaction.ts";
import type { Scope } from "./scope.ts";
import type { TaskRun } from "./task-run.ts";
import { validateInputs } from "./validation.ts";

/** The decision that a call would get. @throws what resolving and validating its inputs throws */
export async function explainCall(run: TaskRun): Promise<Decision> {
  await prepare(run);
  const plan = await planCaching(run);
  if (plan.kind === "without") return plan.decision;
  const { decision } = await ask(run, plan, false);
  await run.explaining;
  return decision;
}

/** Removes the record of a call. @returns whether there was one */
export async function invalidateCall(run: TaskRun): Promise<boolean> {
  await prepare(run);
  const plan = await planCaching(run);
  return plan.kind === "with" && plan.store.delete(plan.key.value);
}

async function prepare(run: TaskRun): Promise<void> {
  run.joins = transactionToJoin(run.outer as Scope);
  const found = futuresOf(run);
  const blocked = found && (await awaitUpstream(run, found, false));
  if (blocked) throw blocked.error;
  if (run.task.input) await validateInputs(run, run.task.input);
}
