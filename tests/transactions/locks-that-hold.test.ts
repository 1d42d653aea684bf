/*
 * Known ways in which the locks of transactions of a well-known tool, Prefect, do not hold. Each test is named for what Oxbow does instead.
 *
 *   28  locks leak where a record was there already, or a parent is rolled back   "let go…" (three tests)
 *   29  two equal calls in one transaction wait for each other for ever           "make the second of two equal calls…"
 *   30  a lock is released twice, which fails what had succeeded                  "are released once…", "are no trouble…"
 *   37  no renewal, no fencing: a late holder writes all the same                 "last as long as the work…", "that are lost at the last moment…"
 *   40  who only reads waits for locks, without limit                             "are nothing to who only reads"
 *
 * 18 to 27, about transactions, are in transactions-that-hold.test.ts; 31 to 39, about lock managers, in lock-managers-that-hold.test.ts.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { task, type Task } from "../../src/authoring/task.ts";
import { getTransaction, transaction } from "../../src/authoring/transaction.ts";
import { cacheKey } from "../../src/defaults.ts";
import { TransactionCommitError } from "../../src/kernel/errors.ts";
import type { Lease, LockManager } from "../../src/locks/lock-manager.ts";
import { sqliteLocks } from "../../src/locks/sqlite.ts";
import { ResultStore } from "../../src/results/result-store.ts";
import { json } from "../../src/serializers/json.ts";
import { sqliteStorage } from "../../src/storage/sqlite.ts";
import type { Storage } from "../../src/storage/storage.ts";

process.env["OXBOW_LOGGING_LEVEL"] = "off";

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
  }) as Task<[], Awaited<R>>;
}

const enough = (): Promise<never> => Promise.reject(new Error("enough"));
const serializable = { isolationLevel: "SERIALIZABLE" } as const;

describe("Locks of transactions", () => {
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
