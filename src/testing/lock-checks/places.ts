import assert from "node:assert/strict";
import { LockError } from "../../kernel/errors.ts";
import {
  acquired,
  begin,
  check,
  checkTwo,
  expectAborted,
  expectFree,
  expectLost,
  type LockCheck,
  turn,
} from "./check.ts";

export const lockPlaceChecks: readonly LockCheck[] = [
  check("A lock manager says what it is", async (locks) => {
    assert.match(locks.kind, /^[a-z0-9-]+$/);
    assert.ok(locks.location.length > 0);
  }),

  checkTwo("Two lock managers of one place have the same location", async (locks, other) => {
    assert.equal(locks.kind, other.kind);
    assert.equal(locks.location, other.location);
  }),

  check("close() lets all locks go, and the lock manager can be used again", async (locks) => {
    const leases = [await acquired(locks, "a", "holder"), await acquired(locks, "a", "holder")];
    leases.push(await acquired(locks, "b", "another"));
    await locks.close();
    for (const lease of leases) {
      expectAborted(lease);
      await expectLost(() => lease.confirm(), "confirm()");
      assert.equal(await lease.release(), false);
    }
    await expectFree(locks, "a");
    await expectFree(locks, "b");
    await locks.close();
    await locks.close();
  }),

  checkTwo("close() lets go what is its own, for others to take", async (locks, other) => {
    await acquired(locks, "a", "holder");
    const kept = await acquired(other, "b", "holder");
    const waiting = begin(() => acquired(other, "a", "the next one"));
    await turn();
    await locks.close();
    await (await waiting).release();
    await kept.confirm();
    assert.equal(await kept.release(), true);
  }),

  check("close() sends away who waits", async (locks) => {
    await acquired(locks, "key", "holder");
    const waiting = [begin(() => locks.acquire("key", "another")), begin(() => locks.wait("key"))];
    await turn();
    await locks.close();
    const isFailure = (error: unknown): boolean => error instanceof LockError && error.code === "OXBOW_LOCK_FAILED";
    for (const each of waiting) await assert.rejects(each, isFailure, "Who waits is told that it is in vain");
    await expectFree(locks, "key");
  }),
];
