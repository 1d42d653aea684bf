import assert from "node:assert/strict";
import { ConfigurationError } from "../../kernel/errors.ts";
import type { Lease, LockManager } from "../../locks/lock-manager.ts";
import { awkwardKeys } from "../storage-checks/keys.ts";
import { acquired, check, checkTwo, expectFree, type LockCheck, turn } from "./check.ts";

/** Beside those that have broken a storage: each pair would be one lock where names are cut, folded or taken for paths. */
const keys = [...awkwardKeys, "report.2024.v1", "report.2024.v2", "report.2024", "a.lock", "lock:a", "{a}", "0", "00"];

const noKeys = ["", "x".repeat(10_001), "\ud800", "a\udfff"];

export const exclusionChecks: readonly LockCheck[] = [
  check("Of 20 acquirers one at a time holds the key", (locks) => contend(20, () => locks)),

  checkTwo("Of 100 acquirers in two lock managers of one place one at a time holds the key", (locks, other) =>
    contend(100, (i) => (i % 2 === 0 ? locks : other)),
  ),

  checkTwo("Of two lock managers that ask at the same moment one gets the key", async (locks, other) => {
    for (let i = 0; i < 50; i += 1) {
      const asked = [locks, other].map(async (each) => each.acquire(`key ${i}`, "holder", { timeout: 0 }));
      const had = (await Promise.all(asked)).filter((lease) => lease !== undefined);
      assert.equal(had.length, 1, `${had.length} of two lock managers have the key`);
    }
  }),

  check("Each grant of a key has a greater token than all before", async (locks) => {
    let last = 0;
    for (let i = 0; i < 20; i += 1) last = await expectGreater(await acquired(locks, "key", `holder ${i % 3}`), last);
    await (await acquired(locks, "another key", "holder")).release();
    await expectGreater(await acquired(locks, "key", "holder"), last);
  }),

  checkTwo("Tokens grow from one lock manager of a place to the other", async (locks, other) => {
    let last = 0;
    for (let i = 0; i < 20; i += 1) {
      last = await expectGreater(await acquired(i % 3 === 0 ? locks : other, "key", "holder"), last);
    }
  }),

  check("Any two keys are two locks, however odd or alike they are", async (locks) => {
    const leases: Lease[] = [];
    for (const [i, key] of keys.entries()) {
      const lease = await locks.acquire(key, `holder ${i}`, { timeout: 0 });
      assert.ok(lease, `The key ${shown(key)} is that of another lock`);
      leases.push(lease);
    }
    for (const [i, key] of keys.entries()) {
      assert.equal(await locks.isHolder(key, `holder ${i}`), true, `The holder of ${shown(key)}`);
    }
    for (const [i, lease] of leases.entries()) {
      assert.equal(await lease.release(), true, `The lock ${shown(keys[i]!)} was let go with another`);
    }
    for (const key of keys) assert.equal(await locks.isLocked(key), false, `The lock ${shown(key)} is still there`);
  }),

  check("What cannot be a key is refused with a ConfigurationError", async (locks) => {
    const calls = [
      (key: string) => locks.acquire(key, "holder", { timeout: 0 }),
      (key: string) => locks.release(key, "holder"),
      (key: string) => locks.isLocked(key),
      (key: string) => locks.isHolder(key, "holder"),
      (key: string) => locks.wait(key, { timeout: 0 }),
    ];
    for (const key of noKeys) {
      for (const call of calls) await assert.rejects(async () => call(key), isKeyError, `The key ${shown(key)}`);
    }
  }),
];

/** Adds to a counter as nobody may who is not alone. */
async function contend(acquirers: number, locksOf: (i: number) => LockManager): Promise<void> {
  const state = { counter: 0, inside: 0, token: 0 };
  const acquirer = async (i: number): Promise<void> => {
    for (let round = 0; round < 20; round += 1) {
      const lease = await acquired(locksOf(i), "key", `holder ${i}`, { timeout: "25s" });
      state.inside += 1;
      assert.equal(state.inside, 1, "Two holders have the lock at once");
      assert.ok(lease.token > state.token, "A token is not greater than all before");
      state.token = lease.token;
      const seen = state.counter;
      await turn();
      state.counter = seen + 1;
      state.inside -= 1;
      assert.equal(await lease.release(), true, "A lock was lost while it was held");
    }
  };
  await Promise.all(Array.from({ length: acquirers }, (_, i) => acquirer(i)));
  assert.equal(state.counter, acquirers * 20, "What was done under the lock was undone by another holder");
  await expectFree(locksOf(0), "key");
}

async function expectGreater(lease: Lease, last: number): Promise<number> {
  assert.ok(Number.isSafeInteger(lease.token), `The token ${lease.token} is no whole number`);
  assert.ok(lease.token > last, `The token ${lease.token} is not greater than ${last}`);
  await lease.release();
  return lease.token;
}

function isKeyError(error: unknown): boolean {
  return error instanceof ConfigurationError && error.code === "OXBOW_KEY_INVALID";
}

function shown(key: string): string {
  return JSON.stringify(key.length > 60 ? `${key.slice(0, 60)}…` : key);
}
