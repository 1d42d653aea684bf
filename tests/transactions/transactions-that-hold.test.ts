/*
 * Known ways in which the transactions of a well-known tool, Prefect, do not hold. Each test is named for what Oxbow does instead.
 *
 *   18  a retry inside a transaction rolls the whole transaction back      "keeps everything when a task inside it…"
 *   19  the failure of a child to commit is ignored                        "stores nothing when the record of one task…"
 *   20  children stay committed when their parent fails to commit          "takes back the work of what is inside…"
 *   21  commit hooks run before anything is durable                        "calls commit hooks when another process…", "…not at all"
 *   22  nobody learns of a commit that failed                              "throws a commit that failed…"
 *   23  a rollback hook that throws keeps the others from running          "calls every rollback hook…"
 *   24  OFF means nothing in a nested transaction                          "keeps nothing of a nested transaction that is OFF…"
 *   25  work that still runs at the end is neither committed nor undone    "waits at its end for what…", "undoes what it began…"
 *   26  a run that was rolled back still says that it completed            "says so in the very state…"
 *   27  a keyed transaction without a value stores null as its result      "stores what its block returns…", "stores nothing…"
 *
 * 28 to 40, about locks, are in locks-that-hold.test.ts and lock-managers-that-hold.test.ts.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { flow } from "../../src/authoring/flow.ts";
import type { TaskOptions } from "../../src/authoring/options.ts";
import { task, type Task } from "../../src/authoring/task.ts";
import { transaction } from "../../src/authoring/transaction.ts";
import { cacheKey } from "../../src/defaults.ts";
import { TransactionCommitError } from "../../src/kernel/errors.ts";
import { ResultStore } from "../../src/results/result-store.ts";
import { json } from "../../src/serializers/json.ts";
import type { State } from "../../src/states/state.ts";
import { sqliteStorage } from "../../src/storage/sqlite.ts";
import type { Storage } from "../../src/storage/storage.ts";
import { Fault, faulty } from "../../src/testing/transaction-checks/faults.ts";
import { Scene } from "../../src/testing/transaction-checks/scene.ts";
import { memoryLocks } from "../../src/locks/memory.ts";
import type { Transaction } from "../../src/transactions/transaction.ts";

const readKeys = fileURLToPath(new URL("read-keys.ts", import.meta.url));
// Node strips types by itself from 22.18 on.
const flags = process.features.typescript ? [] : ["--experimental-strip-types", "--no-warnings"];

process.env["OXBOW_LOGGING_LEVEL"] = "off";

let folder: string;
let storage: Storage;
let store: ResultStore;
let log: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "oxbow-transactions-"));
  storage = sqliteStorage(folder);
  store = new ResultStore({ storage, serializer: json() });
  log = [];
});
afterEach(async () => {
  await storage.close();
  rmSync(folder, { recursive: true, force: true });
});

function made<R>(key: string, body: () => R, options: TaskOptions = {}): Task<[], Awaited<R>> {
  const hooks = { onCommit: () => void log.push(`${key} committed`), onRollback: () => void log.push(`${key} undone`) };
  return task(key, { cachePolicy: cacheKey(key), resultStorage: storage, ...hooks, ...options }, body) as Task<
    [],
    Awaited<R>
  >;
}

async function keys(): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of store.list()) found.push(key);
  return found;
}

/** The same storage, in which the next write fails. */
function failingOnce(): Storage {
  return faulty(new Scene({ storage, lockManager: memoryLocks() }), new Fault(1, "before"), false).parts.storage;
}

describe("A transaction", () => {
  it("keeps everything when a task inside it fails and then succeeds", async () => {
    const file = join(folder, "report.txt");
    const write = made("write", () => writeFileSync(file, "rows"), { onRollback: () => rmSync(file) });
    let attempts = 0;
    const send = made(
      "send",
      () => {
        attempts += 1;
        // One attempt fails by itself, one by a transaction inside it.
        if (attempts === 1) throw new Error("attempt 1");
        if (attempts === 2) return transaction(() => Promise.reject(new Error("attempt 2")));
        return attempts;
      },
      { retries: 2 },
    );
    let txn: Transaction | undefined;
    const run = flow("report", () =>
      transaction(async (opened) => {
        txn = opened;
        await write();
        await send();
      }),
    );
    expect((await run.run()).name).toBe("Completed");
    expect([attempts, txn!.state, existsSync(file)]).toEqual([3, "COMMITTED", true]);
    expect(await keys()).toEqual(["send", "write"]);
    expect(log).toEqual(["write committed", "send committed"]);
  });

  it("stores nothing when the record of one task inside it cannot be written", async () => {
    const other = sqliteStorage(join(folder, "other"));
    const block = transaction(async () => {
      await made("a", () => 1)();
      await made("b", () => 2, { resultStorage: other })();
      await made("c", () => 3, { resultStorage: failingOnce() })();
    });
    await expect(block).rejects.toThrow(TransactionCommitError);
    expect(await keys()).toEqual([]);
    expect(await other.head("b")).toBeUndefined();
    expect(log).toEqual(["c undone", "b undone", "a undone"]);
    await other.close();
  });

  it("takes back the work of what is inside it where it cannot be committed itself", async () => {
    const broken = new ResultStore({ storage: failingOnce(), serializer: json() });
    const block = transaction({ key: "parent", store: broken }, async (txn) => {
      await transaction(async () => made("child", () => 1)());
      await made("task", () => 2)();
      txn.stage("value", { onRollback: () => void log.push("parent undone") });
    });
    await expect(block).rejects.toThrow(TransactionCommitError);
    expect(await keys()).toEqual([]);
    expect(log).toEqual(["parent undone", "task undone", "child undone"]);
  });

  it("calls commit hooks when another process finds all of its records", async () => {
    const found: string[] = [];
    const onCommit = (): void => {
      found.push(execFileSync(process.execPath, [...flags, readKeys, folder], { encoding: "utf8" }).trim());
    };
    await transaction(async () => {
      await made("a", () => 1, { onCommit })();
      await made("b", () => 2)();
      expect(found).toEqual([]);
    });
    expect(found).toEqual(['["a","b"]']);
  });

  it("calls commit hooks not at all where a record cannot be written", async () => {
    const one = made("one", () => 1, { resultStorage: failingOnce() });
    expect((await one.run()).persisted).toBe(false);
    expect(log).toEqual(["one undone"]);
    log.length = 0;
    const block = transaction(async () => made("two", () => 2, { resultStorage: failingOnce() })());
    await expect(block).rejects.toThrow(TransactionCommitError);
    expect(log).toEqual(["two undone"]);
  });

  it("throws a commit that failed at its caller, with all that went wrong", async () => {
    const cannot = (): never => {
      throw new Error("cannot be undone");
    };
    const block = (): Promise<string> =>
      transaction(async () => {
        await made("a", () => 1, { resultStorage: failingOnce(), onRollback: cannot })();
        return "value";
      });
    const error = await block().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TransactionCommitError);
    const { code, errors } = error as TransactionCommitError;
    expect(code).toBe("OXBOW_COMMIT_FAILED");
    expect(errors.map(String)).toEqual(["StorageError: Write number 1 fails", "Error: cannot be undone"]);
    const outer = flow("outer", () => block());
    const state = await outer.run();
    expect([state.name, state.error]).toEqual(["Failed", expect.any(TransactionCommitError)]);
  });

  it("calls every rollback hook, of what is inside too, whatever some of them throw", async () => {
    const throwing = (key: string) =>
      made(key, () => key, { onRollback: () => Promise.reject(new Error(`${key} stays`)) });
    let txn: Transaction | undefined;
    const block = transaction(async (opened) => {
      txn = opened;
      await made("first", () => 1)();
      await transaction(async () => {
        await made("inner", () => 2)();
        await throwing("bad")();
      });
      await throwing("worse")();
      await made("last", () => 3)();
      throw new Error("enough");
    });
    await expect(block).rejects.toThrow("enough");
    expect(log).toEqual(["last undone", "inner undone", "first undone"]);
    expect(txn!.errors.map(String)).toEqual(["Error: worse stays", "Error: bad stays"]);
  });

  it("keeps nothing of a nested transaction that is OFF and was not committed", async () => {
    await transaction(async () => {
      await made("a", () => 1)();
      await transaction({ commitMode: "OFF" }, async () => made("b", () => 2)());
      await transaction({ commitMode: "OFF" }, async (inner) => {
        await made("c", () => 3)();
        await inner.commit();
      });
    });
    expect(await keys()).toEqual(["a", "c"]);
    expect(log).toEqual(["b undone", "c committed", "a committed"]);
  });

  it("waits at its end for what it began, and commits it", async () => {
    const gate = Promise.withResolvers<void>();
    const slow = made("slow", () => gate.promise);
    const block = transaction(() => {
      slow.submit();
      setImmediate(gate.resolve);
    });
    await block;
    expect(await keys()).toEqual(["slow"]);
    expect(log).toEqual(["slow committed"]);
  });

  it("undoes what it began and did not wait for, where it fails", async () => {
    const gate = Promise.withResolvers<void>();
    const slow = made("slow", () => gate.promise);
    let state: Promise<State> | undefined;
    const block = transaction(() => {
      state = slow.submit().state();
      setImmediate(gate.resolve);
      throw new Error("enough");
    });
    await expect(block).rejects.toThrow("enough");
    expect((await state!).name).toBe("RolledBack");
    expect(await keys()).toEqual([]);
    expect(log).toEqual(["slow undone"]);
  });

  it("says so in the very state that a caller holds when it rolls a run back", async () => {
    const states: State[] = [];
    const names = (): string[] => states.map(({ name, type, persisted }) => `${name} ${type} ${persisted}`);
    const block = transaction(async () => {
      states.push(
        await made("a", () => 1).run(),
        await made("b", () => 2)
          .submit()
          .state(),
      );
      expect(names()).toEqual(["Completed COMPLETED false", "Completed COMPLETED false"]);
      throw new Error("enough");
    });
    await expect(block).rejects.toThrow("enough");
    expect(names()).toEqual(["RolledBack COMPLETED false", "RolledBack COMPLETED false"]);
  });

  it("stores what its block returns, where it has a key and nothing was staged", async () => {
    expect(await transaction({ key: "k", store }, () => ({ rows: 3 }))).toEqual({ rows: 3 });
    expect(await store.read("k")).toEqual({ rows: 3 });
    await transaction({ key: "k", store }, (txn) => expect(txn.isCommitted()).toBe(true));
  });

  it("stores nothing under its key where its block fails, or is OFF", async () => {
    await transaction({ key: "k", store }, () => Promise.reject(new Error("enough"))).catch(() => undefined);
    await transaction({ key: "k", store, commitMode: "OFF" }, () => "value");
    await transaction({ key: "k", store }, async (txn) => {
      expect(txn.isCommitted()).toBe(false);
      await txn.rollback();
    });
    expect(await keys()).toEqual([]);
  });
});
