/*
 * DESIGN. The lookup of a run, by its isolation level.
 *
 *   READ_COMMITTED   look up ─▶ hit, or compute
 *   SERIALIZABLE     look up ─▶ hit │ else lock the key ─▶ look up again ─▶ hit, and unlock │ else compute, then commit and unlock
 *
 * The first look needs no lock: a record that is there has been committed. So a hit costs the same on both levels, and the second look
 * finds what the holder of the lock has stored meanwhile.
 */
import { isPromise, type Awaitable } from "../kernel/awaitable.ts";
import { formatMs } from "../kernel/duration.ts";
import { ConfigurationError } from "../kernel/errors.ts";
import type { Lease, LockManager } from "../locks/lock-manager.ts";
import type { TransactionNode } from "../transactions/node.ts";
import type { CachePlan } from "./cache-plan.ts";
import { ask, type Answer } from "./caching.ts";
import type { Run } from "./run.ts";
import { nodeOf } from "./run-transaction.ts";
import type { TaskRun } from "./task-run.ts";

type Cached = Extract<CachePlan, { kind: "with" }>;

/** What the cache has for a run, which holds the lock of its key afterwards where it has to compute and is SERIALIZABLE. */
export function askIsolated(run: TaskRun, plan: Cached): Awaitable<Answer> {
  if (plan.isolation === "READ_COMMITTED") return ask(run, plan);
  return askLocked(run, plan, lockManagerOf(plan), ask(run, plan));
}

async function askLocked(run: TaskRun, plan: Cached, manager: LockManager, asked: Awaitable<Answer>): Promise<Answer> {
  const first = isPromise(asked) ? await asked : asked;
  if (first.hit || run.ended()) return first;
  const node = nodeOf(run, { isolationLevel: plan.isolation, lockManager: plan.lockManager });
  const lease = acquire(run, node, manager, plan.key.value);
  node.fence = (isPromise(lease) ? await lease : lease).token;
  if (plan.refresh !== undefined || run.ended()) return first;
  const second = await ask(run, plan);
  if (second.hit && node.isUnused) await node.endWithRecord();
  return second;
}

function lockManagerOf({ lockManager, store }: Cached): LockManager {
  if (lockManager) return lockManager;
  throw noLocks((store.keyStorage ?? store.storage).kind);
}

/** What SERIALIZABLE ends with where a storage brings no locks. */
export function noLocks(storageKind: string): ConfigurationError {
  return new ConfigurationError(
    "OXBOW_LOCKS_MISSING",
    `Isolation level SERIALIZABLE needs a lock manager, and the ${storageKind} storage brings none`,
    {
      hint: "pass one, such as redisLocks(url): as lockManager in cachePolicy.configure(…), or in the options of transaction()",
    },
  );
}

// Long enough that ordinary work of the holder is no news.
const longWaitMs = 10_000;

/** Acquires the lock of a key for a transaction; the wait ends with the run around it. */
export function acquire(
  run: Pick<Run, "watch" | "clock" | "settings" | "logger">,
  node: TransactionNode,
  manager: LockManager,
  key: string,
): Awaitable<Lease> {
  return node.claims.acquire(node, manager, key, {
    watch: (stop) => run.watch(stop),
    timeoutMs: run.settings.locks.acquireTimeout,
    clock: run.clock,
    onWait: (holder) =>
      run.clock.schedule(longWaitMs, () =>
        run.logger.warn(`Has been waiting ${formatMs(longWaitMs)} for the lock of key '${key}', which ${holder} holds`),
      ),
  });
}
