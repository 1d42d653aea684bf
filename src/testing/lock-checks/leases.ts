import assert from "node:assert/strict";
import type { Clock } from "../../kernel/clock.ts";
import type { LockManager } from "../../locks/lock-manager.ts";
import {
  acquired,
  check,
  checkTwo,
  expectAborted,
  expectFree,
  expectHeld,
  expectLost,
  type LockCheck,
  pause,
  shortLease,
  shortLeaseMs,
} from "./check.ts";

export const leaseChecks: readonly LockCheck[] = [
  check(
    "A heartbeat keeps a lock for more than three leases",
    async (locks) => {
      const lease = await acquired(locks, "key", "holder");
      for (let i = 0; i < 7; i += 1) {
        await pause(shortLeaseMs / 2);
        await expectHeld(locks, "key", "holder");
        await lease.confirm();
      }
      assert.equal(lease.signal.aborted, false);
      assert.equal(await lease.release(), true);
    },
    shortLease,
  ),

  check(
    "A lock ends with its hold time-out, whatever its heartbeat does",
    async (locks) => {
      const lease = await acquired(locks, "key", "holder", { holdTimeout: { milliseconds: shortLeaseMs * 1.5 } });
      await pause(shortLeaseMs * 1.2);
      await expectHeld(locks, "key", "holder");
      const next = await acquired(locks, "key", "the next one", { timeout: { milliseconds: shortLeaseMs * 2 } });
      await expectOver(lease);
      await expectHeld(locks, "key", "the next one");
      assert.ok(next.token > lease.token, "The token of the next holder is greater");
      assert.equal(await next.release(), true);
    },
    shortLease,
  ),

  check("The hold time-out of one lease does not end another one of its holder", async (locks) => {
    const limited = await acquired(locks, "key", "holder", { holdTimeout: "30 ms" });
    const lease = await acquired(locks, "key", "holder");
    await pause(80);
    await expectOver(limited);
    await lease.confirm();
    await expectHeld(locks, "key", "holder");
    assert.equal(await lease.release(), true);
    await expectFree(locks, "key");
  }),

  checkTwo(
    "A holder that was frozen for longer than its lease has lost the lock",
    async (locks, other) => {
      const lease = await acquired(locks, "key", "holder");
      freeze(shortLeaseMs * 1.5);
      const next = await acquired(other, "key", "the next one", { timeout: "2s" });
      await expectOver(lease);
      await expectHeld(locks, "key", "the next one");
      assert.ok(next.token > lease.token, "The token of the next holder is greater");
      assert.equal(await next.release(), true);
    },
    () => shortLease,
  ),

  checkTwo(
    "Who was taken over unawares leaves the lock of the next holder alone",
    async (locks, other) => {
      const stale = await Promise.all(["confirm", "release", "by name"].map((key) => acquired(locks, key, "holder")));
      await pause(shortLeaseMs * 1.5);
      const next = await Promise.all(stale.map(({ key }) => takenOver(other, key)));
      await expectLost(() => stale[0]!.confirm(), "confirm()");
      expectAborted(stale[0]!);
      assert.equal(await stale[1]!.release(), false, "release() says that the lock was still held");
      assert.equal(await locks.release("by name", "holder"), false, "release() by name says that it was still held");
      for (const [i, lease] of next.entries()) {
        await expectHeld(other, lease.key, "the next one");
        await expectHeld(locks, lease.key, "the next one");
        await lease.confirm();
        assert.ok(lease.token > stale[i]!.token, "The token of the next holder is greater");
        assert.equal(await lease.release(), true, "The lock of the next holder was let go by the one before");
        await expectFree(locks, lease.key);
      }
    },
    () => ({ ...shortLease, clock: slowClock() }),
  ),
];

async function takenOver(other: LockManager, key: string): Promise<Awaited<ReturnType<typeof acquired>>> {
  const lease = await other.acquire(key, "the next one", { timeout: "2s" });
  assert.ok(lease, "A holder without heartbeat keeps its lock: is the clock that open() is given that of its `locks`?");
  return lease;
}

async function expectOver(lease: Awaited<ReturnType<typeof acquired>>): Promise<void> {
  await expectLost(() => lease.confirm(), "confirm()");
  expectAborted(lease);
  assert.equal(await lease.release(), false, "release() says that the lock was still held");
}

/** Stops this process, its timers included. */
function freeze(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** That of a process which is hardly given any time: the lease seems to last, and no heartbeat comes. */
function slowClock(): Clock {
  const start = Date.now();
  return { now: () => start + (Date.now() - start) * 0.4, schedule: () => () => undefined };
}
