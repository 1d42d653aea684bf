/*
 * Known ways in which the lock managers of a well-known tool, Prefect, do not hold. Each test is named for what those of Oxbow do instead.
 *
 *   31  locks in memory are held by two at once                                   "in memory are held by one at a time…"
 *   32  locks in files cannot be read while they are made                         "in files are held by one at a time…"
 *   33  an acquire time-out of 0 waits for ever                                   "are not waited for where the time-out is 0"
 *   34  lock files of different keys are one file, or outside of their folder     "of different keys are different…"
 *   35  who removes an expired lock may remove the fresh one of another           "that have expired are taken over by one…"
 *   36  the lock of a process that is gone stays                                  "of a process that was killed…"
 *   38  waiting for a lock blocks the event loop                                  "let everything else go on…"
 *   39  a lock in Redis is not released by what has acquired it asynchronously    "in Redis…" (two tests)
 *
 * 28 to 30, 37 and 40, about the locks of transactions, are in locks-that-hold.test.ts.
 */
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { task, type Task } from "../../src/authoring/task.ts";
import { withSettings } from "../../src/authoring/with-settings.ts";
import { cacheKey } from "../../src/defaults.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { fileLocks } from "../../src/locks/file.ts";
import type { LockManager } from "../../src/locks/lock-manager.ts";
import { memoryLocks } from "../../src/locks/memory.ts";
import { redisLocks } from "../../src/locks/redis.ts";
import { sqliteLocks } from "../../src/locks/sqlite.ts";
import { sqliteStorage } from "../../src/storage/sqlite.ts";
import type { Storage } from "../../src/storage/storage.ts";
import { contend } from "../chaos/lock-contention.ts";
import { raceForLock } from "../chaos/lock-race.ts";
import { startLockProcess } from "../chaos/start-lock-process.ts";
import { redisUrl } from "../services/services.ts";
import { startTransactions } from "./transaction-process.ts";

process.env["OXBOW_LOGGING_LEVEL"] = "off";

const redis = await redisUrl();

let folder: string;
let storage: Storage;
let ran: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "oxbow-locks-"));
  storage = sqliteStorage(folder);
  ran = [];
});
afterEach(async () => {
  await storage.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A task whose result is stored under this key, SERIALIZABLE. */
function exclusive<R>(key: string, body: () => R, lockManager: LockManager): Task<[], Awaited<R>> {
  const cachePolicy = cacheKey(key).configure({ isolationLevel: "SERIALIZABLE", lockManager });
  return task(key, { cachePolicy, resultStorage: storage }, () => {
    ran.push(key);
    return body();
  }) as Task<[], Awaited<R>>;
}

describe("Locks", () => {
  it("in memory are held by one at a time: 8 contenders with 300 acquisitions each", async () => {
    const report = await contend(undefined, { processes: 8, acquisitions: 300, keys: 1 });
    expect(report).toMatchObject({ counted: 2400, overlaps: 0, badTokens: 0, errors: [] });
  });

  it("in files are held by one at a time, without an error: 8 processes with 60 acquisitions each", async () => {
    const at = join(folder, "files");
    const report = await contend({ locks: "file", at }, { processes: 8, acquisitions: 60, keys: 2 });
    expect(report).toMatchObject({ counted: 480, overlaps: 0, badTokens: 0, errors: [] });
  });

  it.each([
    ["memory", () => memoryLocks()],
    ["sqlite", () => sqliteLocks(folder)],
    ["file", () => fileLocks(join(folder, "files"))],
  ])("are not waited for where the time-out is 0: %s", async (_, make) => {
    const manager = make();
    const lease = (await manager.acquire("k", "somebody"))!;
    expect(await manager.acquire("k", "another", { timeout: 0 })).toBeUndefined();
    const load = exclusive("k", () => 1, manager);
    const began = performance.now();
    const state = await withSettings({ locks: { acquireTimeout: "0s" } }, () => load.run());
    expect(performance.now() - began).toBeLessThan(1000);
    expect(state.error).toMatchObject({ code: "OXBOW_LOCK_TIMED_OUT" });
    expect(ran).toEqual([]);
    await lease.release();
    await manager.close();
  });

  it("of different keys are different, whatever the keys look like, and stay in their folder", async () => {
    const inside = join(folder, "a", "files");
    const files = fileLocks(inside);
    const keys = [
      "report.2024.v1",
      "report.2024.v2",
      "report.2024",
      "a/b",
      "a",
      "../outside",
      "../../outside",
      "..",
      "/tmp/x",
    ];
    const leases = await Promise.all(keys.map(async (key) => (await files.acquire(key, "holder", { timeout: 0 }))!));
    expect(leases.map(({ key }) => key)).toEqual(keys);
    expect(readdirSync(join(folder, "a"))).toEqual(["files"]);
    expect(existsSync(join(folder, "outside"))).toBe(false);
    for (const [i, lease] of leases.entries()) {
      expect(await lease.release()).toBe(true);
      expect(await files.isLocked(keys[i]!)).toBe(false);
      for (const later of keys.slice(i + 1)) expect(await files.isLocked(later)).toBe(true);
    }
    await files.close();
  });

  it("that have expired are taken over by one, and what the others do leaves that one's lock alone", async () => {
    const { grants, kills, faults } = await raceForLock("file", 4, 2500);
    expect(faults).toEqual([]);
    expect(Math.min(grants, kills)).toBeGreaterThan(2);
  });

  it.each(["sqlite", "file"] as const)("of a process that was killed are free at once: %s", async (kind) => {
    const place = { kind, folder } as const;
    const { child, nextLine, ended } = startTransactions({ mode: "leave", place, key: "k", what: "task", how: "stay" });
    expect(await nextLine()).toBe("there");
    const manager = kind === "sqlite" ? sqliteLocks(join(folder, "locks")) : fileLocks(join(folder, "locks"));
    expect(await manager.isLocked("k")).toBe(true);
    child.kill("SIGKILL");
    await ended;
    const began = performance.now();
    expect(await exclusive("k", () => "mine", manager)()).toBe("mine");
    // The lease is one of 30 seconds.
    expect(performance.now() - began).toBeLessThan(3000);
    await manager.close();
  });

  it.each(["sqlite", "file"] as const)("let everything else go on while somebody waits for them: %s", async (kind) => {
    const at = join(folder, "shared");
    const holder = startLockProcess({ mode: "hold", place: { locks: kind, at }, key: "k", leaseMs: 30_000 });
    expect(await holder.nextLine()).toMatch("held");
    const manager = kind === "sqlite" ? sqliteLocks(at) : fileLocks(at);
    let turns = 0;
    let isOver = false;
    const waiting = exclusive("k", () => "mine", manager)().finally(() => (isOver = true));
    for (let i = 0; i < 20; i += 1) {
      await sleep(10);
      turns += 1;
    }
    expect([turns, isOver]).toEqual([20, false]);
    expect(await holder.ask("release")).toBe("released true");
    expect(await waiting).toBe("mine");
    holder.child.stdin!.end("close\n");
    await holder.ended;
    await manager.close();
  });

  it.skipIf(redis === undefined)("in Redis are free for everybody when their transaction has ended", async () => {
    const prefix = `${crypto.randomUUID()}:`;
    const [one, other] = [redisLocks(redis!, { prefix }), redisLocks(redis!, { prefix })];
    expect(await exclusive("k", () => 1, one)()).toBe(1);
    expect(await other.isLocked("k")).toBe(false);
    expect(await other.acquire("k", "somebody else", { timeout: 0 })).toBeDefined();
    await Promise.all([one.close(), other.close()]);
  });

  it.skipIf(redis === undefined)("in Redis are known to be another's by who has lost them", async () => {
    const prefix = `${crypto.randomUUID()}:`;
    // It never comes to its heartbeat.
    const frozen = { ...systemClock, schedule: () => () => undefined };
    const one = redisLocks(redis!, { prefix, lease: "200ms", clock: frozen });
    const other = redisLocks(redis!, { prefix });
    expect(await one.acquire("k", "somebody")).toBeDefined();
    expect(await one.isHolder("k", "somebody")).toBe(true);
    const lease = await other.acquire("k", "somebody else");
    expect(lease).toBeDefined();
    expect(await one.isHolder("k", "somebody")).toBe(false);
    await Promise.all([one.close(), other.close()]);
  });
});
