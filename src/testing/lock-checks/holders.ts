import assert from "node:assert/strict";
import { acquired, begin, check, checkTwo, expectAborted, expectFree, expectHeld, expectLost, turn } from "./check.ts";
import type { LockCheck } from "./check.ts";

export const holderChecks: readonly LockCheck[] = [
  check("A holder that comes again shares its lock, which is free with its last lease", async (locks) => {
    const leases = [];
    for (let i = 0; i < 3; i += 1) leases.push(await acquired(locks, "key", "holder", { timeout: 0 }));
    assert.equal(new Set(leases).size, 3, "Each acquire has a lease of its own");
    assert.equal(new Set(leases.map(({ token }) => token)).size, 1, "The leases of one lock have one token");
    assert.equal(await leases[1]!.release(), true);
    assert.equal(await leases[1]!.release(), false, "A lease that was released is released again");
    await expectHeld(locks, "key", "holder");
    assert.equal(await leases[0]!.release(), true);
    await expectHeld(locks, "key", "holder");
    assert.equal(await leases[2]!.release(), true);
    await expectFree(locks, "key");
  }),

  check("A holder that comes again does not wait behind others", async (locks) => {
    const first = await acquired(locks, "key", "holder");
    const waiting = begin(() => acquired(locks, "key", "another"));
    await turn();
    const second = await acquired(locks, "key", "holder", { timeout: "2s" });
    assert.equal(second.token, first.token);
    await first.release();
    await expectHeld(locks, "key", "holder");
    await second.release();
    await (await waiting).release();
  }),

  check("Nobody but its holder can let a lock go by name", async (locks) => {
    const lease = await acquired(locks, "key", "holder");
    assert.equal(await locks.release("key", "another"), false);
    assert.equal(await locks.release("another key", "holder"), false);
    await expectHeld(locks, "key", "holder");
    await lease.confirm();
    assert.equal(await lease.release(), true);
  }),

  check("release() by name ends all leases of the holder", async (locks) => {
    const leases = [await acquired(locks, "key", "holder"), await acquired(locks, "key", "holder")];
    assert.equal(await locks.release("key", "holder"), true);
    assert.equal(await locks.release("key", "holder"), false);
    await expectFree(locks, "key");
    for (const lease of leases) {
      expectAborted(lease);
      await expectLost(() => lease.confirm(), "confirm()");
      assert.equal(await lease.release(), false);
    }
  }),

  check("A lease that was released says so, and its signal stays quiet", async (locks) => {
    const lease = await acquired(locks, "key", "holder");
    await lease.confirm();
    assert.equal(lease.signal.aborted, false);
    assert.equal(await lease.release(), true);
    assert.equal(await lease.release(), false);
    await expectLost(() => lease.confirm(), "confirm()");
    assert.equal(lease.signal.aborted, false, "A release by the holder itself aborts nothing");
  }),

  check("isLocked() and isHolder() tell who holds", async (locks) => {
    assert.equal(await locks.isLocked("key"), false);
    assert.equal(await locks.isHolder("key", "holder"), false);
    const lease = await acquired(locks, "key", "holder");
    assert.equal(await locks.isLocked("key"), true);
    assert.equal(await locks.isHolder("key", "holder"), true);
    assert.equal(await locks.isHolder("key", "another"), false);
    assert.equal(await locks.isLocked("another key"), false);
    await lease.release();
    assert.equal(await locks.isLocked("key"), false);
    assert.equal(await locks.isHolder("key", "holder"), false);
  }),

  check("A holder may have any name", async (locks) => {
    for (const holder of ["", "a/b", "é\0😀", "'; DROP TABLE", "__proto__", "x".repeat(10_000)]) {
      const lease = await acquired(locks, "key", holder, { timeout: 0 });
      assert.equal(await locks.isHolder("key", holder), true);
      assert.equal(await locks.isHolder("key", `${holder} `), false);
      await lease.release();
    }
  }),

  checkTwo("Two lock managers of one place tell the same, and let go only what is theirs", async (locks, other) => {
    const lease = await acquired(locks, "key", "holder");
    await expectHeld(other, "key", "holder");
    assert.equal(await other.acquire("key", "holder", { timeout: 0 }), undefined, "One of the same name is another");
    assert.equal(await other.release("key", "holder"), false);
    await expectHeld(other, "key", "holder");
    assert.equal(await lease.release(), true);
    await expectFree(other, "key");
    await expectFree(locks, "key");
  }),
];
