import { describe, expect, it } from "vitest";
import { complaints, findingsOf, newFolder } from "../../../tests/fixtures/doctor.ts";
import { deleteBlock, saveBlock } from "../../defaults/blocks.ts";
import { Shared } from "../context.ts";
import { fileStorage } from "../../storage/file.ts";
import { memoryLocks } from "../../locks/memory.ts";
import type { LockManager } from "../../locks/lock-manager.ts";
import { memoryStorage } from "../../storage/memory.ts";
import { redisLocks } from "../../locks/redis.ts";
import { redisStorage } from "../../storage/redis.ts";
import { runCheck } from "../run-check.ts";
import { sqliteStorage } from "../../storage/sqlite.ts";
import { systemClock } from "../../kernel/clock.ts";
import { thisMachine } from "../machine.ts";
import { locks } from "./locks.ts";

/** What the check says of a lock manager that is not as it should be. */
async function complaintsOf(manager: LockManager): Promise<readonly string[]> {
  const examined = {
    overrides: undefined,
    clock: systemClock,
    machine: thisMachine,
    file: undefined,
    history: undefined,
  };
  const shared = new Shared({ ...examined, storages: [memoryStorage()] });
  const all = [];
  const contextFor = (signal: AbortSignal) => ({
    ...shared.contextFor(signal),
    settings: shared.settings,
    locksOf: () => manager,
  });
  for await (const finding of runCheck(locks, contextFor, systemClock)) all.push(finding);
  return complaints(all);
}

function altered(change: (inner: LockManager) => Partial<LockManager>): LockManager {
  const inner = memoryLocks({ lease: "1s" });
  const changed = change(inner);
  return new Proxy(inner, {
    get: (target, name) => {
      if (name in changed) return changed[name as keyof LockManager];
      const value = Reflect.get(target, name) as unknown;
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

describe("Locks", () => {
  it("that belong to a storage pass, and are free afterwards", async () => {
    const storages = [
      memoryStorage(),
      fileStorage(newFolder()),
      sqliteStorage(newFolder()),
      redisStorage("redis://127.0.0.1:1"),
    ];
    const found = await findingsOf(locks, { storages });
    expect(complaints(found)).toEqual([]);
    expect(found.map(({ message }) => message.includes("the lease was extended"))).toEqual([true, true, true, false]);
    expect(found[3]!.message).toContain("it brings no locks of its own");
  });

  it("of a block whose server is down fail, without its password", async () => {
    const reference = await saveBlock("down", redisLocks("redis://:hunter2@127.0.0.1:1"));
    const found = await findingsOf(locks, { storages: [] });
    expect(complaints(found)).toEqual([expect.stringMatching(/^fail block:redis-locks\/down: .*127\.0\.0\.1:1/)]);
    expect(JSON.stringify(found)).not.toContain("hunter2");
    await deleteBlock(reference);
  });

  it("that two holders have at the same time fail", async () => {
    const other = memoryLocks();
    const manager = altered((inner) => ({
      acquire: (key, holder, options) => (holder === "doctor 2" ? other : inner).acquire(key, holder, options),
    }));
    expect(await complaintsOf(manager)).toEqual([expect.stringContaining("Two holders have one lock")]);
  });

  it("that end while their holder is at work fail", async () => {
    const manager = altered((inner) => ({
      acquire: (key, holder, options) => inner.acquire(key, holder, { ...options, holdTimeout: "0.3s" }),
    }));
    expect(await complaintsOf(manager)).toEqual([expect.stringContaining("its lease was not extended")]);
  });
});
