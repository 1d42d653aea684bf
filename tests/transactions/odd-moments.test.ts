/* Work that begins, ends or commits at moments that nobody thinks of first. */
import { describe, expect, it } from "vitest";
import { flow } from "../../src/authoring/flow.ts";
import { task } from "../../src/authoring/task.ts";
import { getTransaction, transaction } from "../../src/authoring/transaction.ts";
import { cacheKey, INPUTS } from "../../src/defaults.ts";
import { LockError } from "../../src/kernel/errors.ts";
import type { LockManager } from "../../src/locks/lock-manager.ts";
import { memoryLocks } from "../../src/locks/memory.ts";
import { ResultStore } from "../../src/results/result-store.ts";
import { compressed } from "../../src/serializers/compressed.ts";
import { json } from "../../src/serializers/json.ts";
import { structured } from "../../src/serializers/structured.ts";
import { memoryStorage } from "../../src/storage/memory.ts";
import type { Storage } from "../../src/storage/storage.ts";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

interface Place {
  readonly storage: Storage;
  readonly store: ResultStore;
  readonly locks: LockManager;
  readonly exclusive: (key: string, body?: () => unknown) => () => Promise<unknown>;
}

function place(): Place {
  const storage = memoryStorage();
  const locks = memoryLocks();
  const store = new ResultStore({ storage, serializer: json() });
  const exclusive = (key: string, body: () => unknown = () => key) =>
    task(
      key,
      {
        cachePolicy: cacheKey(key).configure({ isolationLevel: "SERIALIZABLE", lockManager: locks }),
        resultStorage: storage,
      },
      body,
    );
  return { storage, store, locks, exclusive };
}

describe("Work that a run begins after its end", () => {
  it("is stored, and lets its lock go: from a completion hook, and left alone by the body", async () => {
    const { store, locks, exclusive } = place();
    const [audit, late] = [exclusive("audit"), exclusive("late")];
    const done = Promise.withResolvers<unknown>();
    await task("hook", { onCompletion: async () => void (await audit()) }, () => 1)();
    await task("left", () => void setImmediate(() => done.resolve(late())))();
    await done.promise;
    expect([await store.exists("audit"), await store.exists("late")]).toEqual([true, true]);
    expect([await locks.isLocked("audit"), await locks.isLocked("late")]).toEqual([false, false]);
  });

  it("is stored where the run was a hit, too", async () => {
    const { storage, store, locks, exclusive } = place();
    const audit = exclusive("audit");
    const load = task(
      "load",
      { cachePolicy: INPUTS, resultStorage: storage, onRunning: async () => void (await audit()) },
      (x: number) => x,
    );
    await load(1);
    await store.delete("audit");
    expect((await load.run(1)).name).toBe("Cached");
    expect(await store.exists("audit")).toBe(true);
    expect(await locks.isLocked("audit")).toBe(false);
  });

  it("is not cancelled where a hook begins it after a failure", async () => {
    const states: string[] = [];
    const notify = task("notify", () => "sent");
    const onFailure = async (): Promise<void> => void states.push((await notify.run()).name);
    await task("bad", { onFailure }, () => Promise.reject(new Error("no"))).run();
    await flow("bad-flow", { onFailure }, () => Promise.reject(new Error("no"))).run();
    expect(states).toEqual(["Completed", "Completed"]);
  });
});

describe("After an inner commit by hand", () => {
  it("further work joins the transaction around it, with its locks", async () => {
    const { store, exclusive } = place();
    const [a, b] = [exclusive("a"), exclusive("b")];
    await expect(
      transaction(async () => {
        await a();
        await transaction(async (inner) => {
          await inner.commit();
          await a();
          await b();
        });
        throw new Error("enough");
      }),
    ).rejects.toThrow("enough");
    expect([await store.exists("a"), await store.exists("b")]).toEqual([false, false]);
  });

  it("a failure still fails the transaction around it", async () => {
    const { store, exclusive } = place();
    const block = transaction(async () => {
      await exclusive("a")();
      await transaction(async (inner) => {
        await inner.commit();
        throw new Error("late");
      }).catch(() => undefined);
    });
    await expect(block).rejects.toThrow("late");
    expect(await store.exists("a")).toBe(false);
  });
});

describe("A circle of waits", () => {
  it("that leads through a hook and a flow is refused", async () => {
    const { storage, locks } = place();
    const seen: unknown[] = [];
    const cachePolicy = cacheKey("a").configure({ isolationLevel: "SERIALIZABLE", lockManager: locks });
    const a = task("a", { cachePolicy, resultStorage: storage, refreshCache: true }, () => 1);
    const again = flow("again", async () => a());
    await task("outer", { onCommit: async () => void seen.push((await again.run()).error) }, async () => a()).run();
    expect(seen[0]).toBeInstanceOf(LockError);
    expect((seen[0] as LockError).code).toBe("OXBOW_LOCK_DEADLOCK");
  });

  it("is none where two lock managers of one place meet in one transaction", async () => {
    const { storage, locks } = place();
    const twin = new Proxy(locks, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    const make = (lockManager: LockManager) =>
      task(
        "a",
        {
          cachePolicy: cacheKey("a").configure({ isolationLevel: "SERIALIZABLE", lockManager }),
          resultStorage: storage,
          refreshCache: true,
        },
        () => 1,
      );
    await transaction(async () => {
      await make(locks)();
      await make(twin)();
    });
    expect(await locks.isLocked("a")).toBe(false);
  });
});

describe("What is staged", () => {
  it("is read by the serializer that wrote it, and what cannot be read is computed", async () => {
    const { storage } = place();
    const make = (name: string, resultSerializer: ReturnType<typeof json>) =>
      task(name, { cachePolicy: cacheKey("x"), resultStorage: storage, resultSerializer }, () => ({ by: name }));
    await transaction(async () => {
      await make("a", structured())();
      expect(await make("b", json())()).toEqual({ by: "a" });
    });
  });

  it("is there at once where its serializer is asynchronous, and gone once it was rolled back", async () => {
    const { storage, exclusive } = place();
    expect(exclusive).toBeDefined();
    let calls = 0;
    const inner = task(
      "inner",
      { cachePolicy: cacheKey("inner"), resultStorage: storage, resultSerializer: compressed(json(), "gzip") },
      () => (calls += 1),
    );
    await transaction(async () => {
      await inner();
      expect(await inner()).toBe(1);
    });
    await inner.invalidate();
    let attempts = 0;
    const outer = task("outer", { retries: 1 }, async () => {
      attempts += 1;
      await transaction(async () => {
        await inner();
        if (attempts === 1) throw new Error("once");
      });
    });
    await outer();
    expect(calls).toBe(3);
  });

  it("is read by read() where an equal block is committed already, staged or stored", async () => {
    const { store } = place();
    const day = async (): Promise<unknown> =>
      transaction({ key: "day", store }, async (txn) => (txn.isCommitted() ? txn.read() : { rows: 1 }));
    expect(await transaction(async () => [await day(), await day()])).toEqual([{ rows: 1 }, { rows: 1 }]);
    expect(await day()).toEqual({ rows: 1 });
    await expect(transaction(async (txn) => txn.read())).rejects.toThrow("no record");
  });
});

describe("A lock", () => {
  it("stays until the one who went on to work under it has ended", async () => {
    const { storage, locks } = place();
    const cachePolicy = cacheKey("a").configure({ isolationLevel: "SERIALIZABLE", lockManager: locks });
    const held: boolean[] = [];
    const go = Promise.withResolvers<void>();
    const first = task("a", { cachePolicy, resultStorage: storage, refreshCache: true }, () => 1);
    const second = task("a", { cachePolicy, resultStorage: storage, refreshCache: true }, async () => {
      go.resolve();
      for (let i = 0; i < 5; i++) await turn();
      held.push(await locks.isLocked("a"));
      return 2;
    });
    await transaction(async () => {
      await transaction(async (x) => {
        await first();
        const other = transaction(async () => second());
        await go.promise;
        await x.commit();
        await other;
      });
    });
    expect(held).toEqual([true]);
    expect(await locks.isLocked("a")).toBe(false);
  });
});

describe("Runs that nobody wants any more", () => {
  it("leave the transaction alone", async () => {
    const { storage, store } = place();
    const each = task("each", { cachePolicy: INPUTS, resultStorage: storage }, async (i: number) => {
      await turn();
      return i;
    });
    await transaction(async () => {
      for await (const i of each.map([1, 2, 3, 4, 5, 6, 7, 8])) if (i === 2) break;
      const unwanted = each.submit(99);
      unwanted.cancel();
      expect(getTransaction()!.state).toBe("ACTIVE");
    });
    let stored = 0;
    for await (const record of store.list()) stored += record.taskName === "each" ? 1 : 0;
    expect(stored).toBeGreaterThanOrEqual(2);
  });
});

describe("A transaction of thousands of tasks", () => {
  it("is committed in a time that grows with their number alone", async () => {
    const { storage, store } = place();
    const each = task("each", { cachePolicy: INPUTS, resultStorage: storage }, (i: number) => i);
    await transaction(async () => {
      for (let i = 0; i < 5000; i++) await each(i);
    });
    let stored = 0;
    for await (const _ of store.list()) stored += 1;
    expect(stored).toBe(5000);
  });
});
