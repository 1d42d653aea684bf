import { randomUUID } from "node:crypto";
import { loadBlock, listBlocks } from "../../defaults/blocks.ts";
import { sleep } from "../../kernel/clock.ts";
import type { Lease, LockManager } from "../../locks/lock-manager.ts";
import { type Check, type CheckContext, usableStorages } from "../check.ts";
import { fail, failure, type Found, pass } from "../finding.ts";
import { probePrefix } from "../probe-record.ts";

/** Short, so that a lease is extended while the check looks on. */
const leaseMs = 1000;

/** Lock managers do what they say: one holder at a time, who keeps the lock for as long as it needs it. */
export const locks: Check = {
  name: "locks",
  timeoutMs: 60_000,
  async *run(context) {
    for (const { name, storage } of await usableStorages(context)) {
      const own = context.locksOf(storage, leaseMs);
      if (own === undefined)
        yield pass(name, "it brings no locks of its own: isolation SERIALIZABLE needs a lock manager that is named");
      else yield* examineLocks(context, `${own.kind} locks of ${own.location}`, own, leaseMs);
    }
    for (const { reference, type } of await listBlocks()) {
      if (!type.endsWith("-locks")) continue;
      let locks: LockManager;
      try {
        locks = (await loadBlock(reference)) as LockManager;
      } catch (error) {
        yield failure(reference, error);
        continue;
      }
      yield* examineLocks(context, reference, locks, undefined);
      await Promise.resolve(locks.close()).catch(() => undefined);
    }
  },
};

async function* examineLocks(
  context: CheckContext,
  name: string,
  locks: LockManager,
  lease: number | undefined,
): AsyncGenerator<Found> {
  const key = `${probePrefix}${randomUUID()}`;
  const held: Lease[] = [];
  try {
    const wrong = await contend(locks, key, held, async () => {
      if (lease !== undefined) await sleep(context.clock, lease * 1.3, context.signal);
    });
    if (wrong === undefined)
      yield pass(
        name,
        `a second holder had to wait${lease === undefined ? "" : ", the lease was extended"}, and then got the lock`,
      );
    else yield fail(name, wrong, "do not rely on isolation SERIALIZABLE with these locks");
  } catch (error) {
    yield failure(name, error);
  } finally {
    for (const each of held) await Promise.resolve(each.release()).catch(() => undefined);
  }
}

/** @returns what is wrong, in words */
async function contend(
  locks: LockManager,
  key: string,
  held: Lease[],
  waitForExtension: () => Promise<void>,
): Promise<string | undefined> {
  const first = await locks.acquire(key, "doctor 1", { timeout: "5s" });
  if (first === undefined) return "A lock that nobody holds was not to be had";
  held.push(first);
  const intruder = await locks.acquire(key, "doctor 2", { timeout: 0 });
  if (intruder !== undefined) {
    held.push(intruder);
    return "Two holders have one lock at the same time";
  }
  await waitForExtension();
  if (first.signal.aborted || !(await locks.isHolder(key, "doctor 1")))
    return "The lock ended while its holder was at work: its lease was not extended";
  await first.confirm();
  if (!(await first.release())) return "A lock that was held could not be let go, and nothing said so";
  const second = await locks.acquire(key, "doctor 2", { timeout: "5s" });
  if (second === undefined) return "A lock that was let go was not to be had";
  held.push(second);
  return second.token > first.token
    ? undefined
    : "The second holder got no greater token than the first: late writes cannot be refused";
}
