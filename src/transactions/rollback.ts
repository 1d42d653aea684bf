/*
 * DESIGN. Undoing a transaction and all inside it: every rollback hook runs, the latest first, whatever the others do; then the runs are
 * marked, the locks are released, and the transactions around it follow.
 */
import { describeError } from "../kernel/errors.ts";
import { runHook } from "./hooks.ts";
import type { Part, Undoing } from "./part.ts";

/** Rolls a part back, with what it holds. Never rejects: what hooks throw is logged, and kept in its `errors`. */
export async function rollBackPart(part: Part, undoing: Undoing): Promise<void> {
  const parts = [...part.inOrder()].filter((each) => !each.hasEnded).reverse();
  part.undoing = undoing;
  const hooks = parts.flatMap((each) => each.onRollback.toReversed().map((hook) => ({ each, hook })));
  if (hooks.length > 0 || parts.length > 1 || !part.host.isRun)
    part.host.logger.info(`Rolling back: ${undoing.reason}`);
  for (const { each, hook } of hooks) {
    try {
      await runHook(each, hook, "rollback");
    } catch (error) {
      part.errors.push(error);
      each.host.logger.error(
        `An error was encountered while running rollback hook '${hook.name || "anonymous"}': ${describeError(error)}`,
      );
    }
  }
  for (const each of parts) {
    each.state = "ROLLED_BACK";
    each.unstage();
    each.host.rolledBack?.(undoing.reason);
  }
  for (const each of parts) await each.releaseLocks();
  if (undoing.spreads) await part.parent?.innerRolledBack(undoing, part);
}
