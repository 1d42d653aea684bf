import { isPromise } from "../kernel/awaitable.ts";
import type { Part } from "./part.ts";
import type { TransactionHook } from "./transaction.ts";

/** Runs a hook where the work of its transaction was done. @throws what the hook throws */
export async function runHook(part: Part, hook: TransactionHook, kind: "commit" | "rollback"): Promise<void> {
  const name = hook.name || "anonymous";
  part.host.logger.info(`Running ${kind} hook '${name}'`);
  const result = part.host.runHook<unknown>(part, () => hook(part));
  if (isPromise(result)) await result;
  part.host.logger.info(`${kind === "commit" ? "Commit" : "Rollback"} hook '${name}' finished running successfully`);
}
