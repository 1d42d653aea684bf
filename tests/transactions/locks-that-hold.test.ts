/*
 * Known ways in which the locks of a well-known tool, Prefect, do not hold. Each test is named for what Oxbow does instead.
 *
 *   28  locks leak where a record was there already, or a parent is rolled back   "let go…" (three tests)
 *   29  two equal calls in one transaction wait for each other for ever           "make the second of two equal calls…"
 *   30  a lock is released twice, which fails what had succeeded                  "are released once…", "are no trouble…"
 *   31  locks in memory are held by two at once                                   "in memory are held by one at a time…"
 *   32  locks in files cannot be read while they are made                         "in files are held by one at a time…"
 *   33  an acquire time-out of 0 waits for ever                                   "are not waited for where the time-out is 0"
 *   34  lock files of different keys are one file, or outside of their folder     "of different keys are different…"
 *   35  who removes an expired lock may remove the fresh one of another           "that have expired are taken over by one…"
 *   36  the lock of a process that is gone stays                                  "of a process that was killed…"
 *   37  no renewal, no fencing: a late holder writes all the same                 "last as long as the work…", "that are lost at the last moment…"
 *   38  waiting for a lock blocks the event loop                                  "let everything else go on…"
 *   39  a lock in Redis is not released by what has acquired it asynchronously    "in Redis…" (two tests)
 *   40  who only reads waits for locks, without limit                             "are nothing to who only reads"
 *
 * 18 to 27, about transactions, are in transactions-that-hold.test.ts.
 */
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { task, type Task } from "../../src/authoring/task.ts";
import { getTransaction, transaction } from "../../src/authoring/transaction.ts";
import { withSettings } from "../../src/authoring/with-settings.ts";
import { cacheKey } from "../../src/defaults.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { LockError, TransactionCommitError } from "../../src/kernel/errors.ts";
import { fileLocks } from "../../src/locks/file.ts";
import type { Lease, LockManager } from "../../src/locks/lock-manager.ts";
import { memoryLocks } from "../../src/locks/memory.ts";
import { redisLocks } from "../../src/locks/redis.ts";
import { sqliteLocks } from "../../src/locks/sqlite.ts";
import { ResultStore } from "../../src/results/result-store.ts";
import { json } from "../../src/serializers/json.ts";
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
let store: ResultStore;
let locks: LockManager;
let ran: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "oxbow-locks-"));
  storage = sqliteStorage(folder);
  locks = sqliteLocks(folder);
  store = new ResultStore({ storage, serializer: json(), lockManager: locks });
  ran = [];
});
afterEach(async () => {
  await locks.close();
  await storage.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A task whose result is stored under this key, SERIALIZABLE. */
function exclusive<R>(key: string, body: () => R, lockManager: LockManager = locks): Task<[], Awaited<R>> {
  const cachePolicy = cacheKey(key).configure({ isolationLevel: "SERIALIZABLE", lockManager });
  return task(key, { cachePolicy, resultStorage: storage }, () => {
    ran.push(key);
    return body();
  });
}

const enough = (): Promise<never> => Promise.reject(new Error("enough"));
const serializable = { isolationLevel: "SERIALIZABLE" } as const;

describe("Locks", () => {
  it.each(["LAZY", "EAGER", "OFF"] as const)(
    "let go where the record was there already and the block throws, commit mode %s",
    async (commitMode) => {
      await store.write("k", 1);
      const block = transaction({ key: "k", store, commitMode, ...serializable }, async (txn) => {
        expect([txn.isCommitted(), await locks.isLocked("k")]).toEqual([true, true]);
        return enough();
      });
      await expect(block).rejects.toThrow("enough");
      expect(await locks.isLocked("k")).toBe(false);
    },
  );

  it("let go where the record was there already and the block is OFF", async () => {
    await store.write("k", 1);
    await transaction({ key: "k", store, commitMode: "OFF", ...serializable }, () => undefined);
    expect(await locks.isLocked("k")).toBe(false);
  });

  it("let go where the record was there already and the transaction around is rolled back", async () => {
    await store.write("k", 1);
    const block = transaction(async () => {
      await transaction({ key: "k", store, ...serializable }, () => undefined);
      await exclusive("new", () => 1)();
      return enough();
    });
    await expect(block).rejects.toThrow("enough");
    expect([await locks.isLocked("k"), await locks.isLocked("new")]).toEqual([false, false]);
  });

  it("make the second of two equal calls in one transaction a hit", async () => {
    const load = exclusive("k", () => sleep(5));
    const states = await transaction(async () => {
      const one = await load.run();
      return [one, await load.run(), ...(await Promise.all([load.run(), load.submit().state()]))];
    });
    expect(states.map(({ name }) => name)).toEqual(["Completed", "Cached", "Cached", "Cached"]);
    expect(ran).toEqual(["k"]);
  });

  it("are released once, where a nested transaction is EAGER", async () => {
    const block = transaction(async () => {
      await transaction({ key: "inner", store, commitMode: "EAGER", ...serializable }, () => 1);
      expect(await locks.isLocked("inner")).toBe(false);
      await exclusive("task", () => 2)();
      return "value";
    });
    expect(await block).toBe("value");
    expect([await store.exists("inner"), await store.exists("task")]).toEqual([true, true]);
  });

  it("are no trouble for a rollback by hand, and nothing of it is left to what comes later", async () => {
    const block = transaction({ key: "k", store, ...serializable }, async (txn) => {
      await txn.rollback();
      expect(await locks.isLocked("k")).toBe(false);
      return "value";
    });
    expect(await block).toBe("value");
    expect(getTransaction()).toBeUndefined();
    await transaction(async (txn) => {
      expect(txn.parent).toBeUndefined();
      await exclusive("later", () => 1)();
    });
    expect([await store.exists("k"), await store.exists("later")]).toEqual([false, true]);
  });

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
    expect((state.error as LockError).code).toBe("OXBOW_LOCK_TIMED_OUT");
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

  it("last as long as the work under them, however short the lease", async () => {
    const manager = sqliteLocks(join(folder, "locks"), { lease: "600ms" });
    const load = exclusive("k", () => sleep(1800), manager);
    const states = await Promise.all([load.run(), load.run()]);
    expect(states.map(({ name, persisted }) => `${name} ${persisted}`).sort()).toEqual([
      "Cached true",
      "Completed true",
    ]);
    expect(ran).toEqual(["k"]);
    await manager.close();
  });

  it("that are lost at the last moment keep the late holder from writing, by their token", async () => {
    const late = lastMoment(async () => {
      await locks.close();
      await transaction({ key: "k", store, lockManager: sqliteLocks(folder), ...serializable }, () => "new");
    });
    const block = transaction({ key: "k", store, lockManager: late, ...serializable }, () => "old");
    const error = await block.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TransactionCommitError);
    expect((error as TransactionCommitError).errors[0]).toMatchObject({ code: "OXBOW_LOCK_LOST" });
    expect(await store.read("k")).toBe("new");
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

  it("are nothing to who only reads", async () => {
    const lease = (await locks.acquire("k", "nobody lets this go"))!;
    const read = task("read", { cachePolicy: cacheKey("k"), resultStorage: storage }, () => "computed");
    expect(await read()).toBe("computed");
    expect(await read.withOptions({ onRunning: () => undefined })()).toBe("computed");
    expect(await store.read("k")).toBe("computed");
    expect((await exclusive("k", () => "never").run()).name).toBe("Cached");
    expect(ran).toEqual([]);
    await lease.release();
  });
});

/** The locks of this test, of which a lease says that it still holds, and then something happens. */
function lastMoment(happens: () => Promise<void>): LockManager {
  const acquire = async (...args: Parameters<LockManager["acquire"]>): Promise<Lease> => {
    const lease = (await locks.acquire(...args))!;
    const confirm = async (): Promise<void> => {
      await lease.confirm();
      await happens();
    };
    return { ...lease, token: lease.token, confirm, release: () => lease.release() };
  };
  return new Proxy(locks, {
    get(target, name) {
      if (name === "acquire") return acquire;
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}
