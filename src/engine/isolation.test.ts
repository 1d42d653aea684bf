import { describe, expect, it } from "vitest";
import { task } from "../authoring/task.ts";
import { transaction } from "../authoring/transaction.ts";
import { withSettings } from "../authoring/with-settings.ts";
import { cacheKey, INPUTS } from "../defaults.ts";
import { ConfigurationError, LockError, TransactionCommitError } from "../kernel/errors.ts";
import type { Lease, LockManager } from "../locks/lock-manager.ts";
import { memoryLocks } from "../locks/memory.ts";
import { ResultStore } from "../results/result-store.ts";
import { json } from "../serializers/json.ts";
import { memoryStorage } from "../storage/memory.ts";
import type { Storage } from "../storage/storage.ts";

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A lock manager that keeps what it grants, and counts. */
function watched(locks: LockManager = memoryLocks()): LockManager & { readonly granted: Lease[] } {
  const granted: Lease[] = [];
  return new Proxy(locks, {
    get(target, name) {
      if (name === "granted") return granted;
      if (name === "acquire") {
        return async (...args: Parameters<LockManager["acquire"]>) => {
          const lease = await target.acquire(...args);
          if (lease) granted.push(lease);
          return lease;
        };
      }
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  }) as never;
}

const serializable = (lockManager?: LockManager) =>
  INPUTS.configure({ isolationLevel: "SERIALIZABLE", ...(lockManager && { lockManager }) });

describe("SERIALIZABLE", () => {
  it("computes once for 100 callers of one key, and the others are hits", async () => {
    let calls = 0;
    const load = task("load", { cachePolicy: serializable(), resultStorage: memoryStorage() }, async (id: number) => {
      calls += 1;
      await tick();
      return { id };
    });
    const states = await Promise.all(Array.from({ length: 100 }, () => load.run(7)));
    expect(calls).toBe(1);
    expect(states.filter((state) => state.name === "Cached")).toHaveLength(99);
    expect(new Set(states.map((state) => state.result())).size).toBe(100);
  });

  it("computes once for two tasks that share a key", async () => {
    const resultStorage = memoryStorage();
    const ran: string[] = [];
    const make = (name: string) =>
      task(name, { cachePolicy: serializable(), resultStorage }, async (x: number) => {
        ran.push(name);
        await tick();
        return x;
      });
    await Promise.all([make("one")(1), make("two")(1)]);
    expect(ran).toEqual(["one"]);
  });

  it("takes no lock for a hit", async () => {
    const locks = watched();
    const load = task("load", { cachePolicy: serializable(locks), resultStorage: memoryStorage() }, (id: number) => id);
    await load(1);
    await load(1);
    expect(locks.granted).toHaveLength(1);
  });

  it("waits inside a transaction too, until the equal call has staged its value", async () => {
    let calls = 0;
    const load = task("load", { cachePolicy: serializable(), resultStorage: memoryStorage() }, async (id: number) => {
      calls += 1;
      await tick();
      return id;
    });
    const states = await transaction(async () => Promise.all([load.run(1), load.run(1), load.submit(1).state()]));
    expect(calls).toBe(1);
    expect(states.map((state) => state.name).sort()).toEqual(["Cached", "Cached", "Completed"]);
  });

  it("is inherited from the transaction, with its lock manager", async () => {
    const lockManager = watched();
    const resultStorage = memoryStorage();
    const load = task("load", { cachePolicy: INPUTS, resultStorage }, (id: number) => id);
    const free = task(
      "free",
      { cachePolicy: INPUTS.configure({ isolationLevel: "READ_COMMITTED" }), resultStorage },
      (id: string) => id,
    );
    await transaction({ isolationLevel: "SERIALIZABLE", lockManager }, async () => {
      await load(1);
      await transaction(async () => {
        await load(2);
        await free("3");
      });
    });
    expect(lockManager.granted).toHaveLength(2);
  });

  it("is re-entrant: a call inside the holder with its key does not wait for itself", async () => {
    const lockManager = watched();
    const resultStorage = memoryStorage();
    const store = new ResultStore({ storage: resultStorage, serializer: json() });
    const inner = task("inner", { cachePolicy: cacheKey("k"), resultStorage }, () => "inner");
    const policy = cacheKey("k").configure({ isolationLevel: "SERIALIZABLE", lockManager });
    const outer = task("outer", { cachePolicy: policy, resultStorage }, () =>
      inner.withOptions({ cachePolicy: policy })(),
    );
    expect(await outer()).toBe("inner");
    await transaction({ key: "k2", store, isolationLevel: "SERIALIZABLE", lockManager }, async () =>
      transaction({ key: "k2", store, commitMode: "EAGER" }, async () => outer()),
    );
    expect(await lockManager.isLocked("k")).toBe(false);
    expect(await lockManager.isLocked("k2")).toBe(false);
  });

  it("is a ConfigurationError where no lock manager can be had", async () => {
    const storage = Object.assign(Object.create(memoryStorage()) as Storage, { kind: "elsewhere" });
    const other = new Proxy(memoryStorage(), {
      get: (target, name) => {
        if (name === "kind") return "elsewhere";
        const value: unknown = Reflect.get(target, name);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    expect(storage.kind).toBe("elsewhere");
    const load = task("load", { cachePolicy: serializable(), resultStorage: other }, () => 1);
    await expect((load as unknown as (x: number) => Promise<number>)(1)).rejects.toThrow(ConfigurationError);
    const store = new ResultStore({ storage: other, serializer: json() });
    await expect(transaction({ key: "k", store, isolationLevel: "SERIALIZABLE" }, () => 1)).rejects.toThrow(
      "needs a lock manager",
    );
  });

  it("refuses to wait in a circle", async () => {
    const storage = memoryStorage();
    const policy = (key: string) => cacheKey(key).configure({ isolationLevel: "SERIALIZABLE" });
    const a = task("a", { cachePolicy: policy("a"), resultStorage: storage }, () => "a");
    const b = task("b", { cachePolicy: policy("b"), resultStorage: storage }, () => "b");
    const [hasA, hasB] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const first = transaction(async () => {
      await a();
      hasA.resolve();
      await hasB.promise;
      return b();
    });
    const second = transaction(async () => {
      await b();
      hasB.resolve();
      await hasA.promise;
      return a();
    });
    const settled = await Promise.allSettled([first, second]);
    const failed = settled.filter((each) => each.status === "rejected");
    expect(failed).toHaveLength(1);
    expect(failed[0]!.reason).toBeInstanceOf(LockError);
    expect((failed[0]!.reason as LockError).code).toBe("OXBOW_LOCK_DEADLOCK");
  });

  it("refuses to wait in a circle inside one transaction", async () => {
    const storage = memoryStorage();
    const policy = (key: string) => cacheKey(key).configure({ isolationLevel: "SERIALIZABLE" });
    const make = (key: string, body: () => unknown) =>
      task(key, { cachePolicy: policy(key), resultStorage: storage }, async () => {
        await tick();
        return body();
      });
    const [innerA, innerB] = [make("a", () => "a"), make("b", () => "b")];
    const a = make("a", () => innerB());
    const b = make("b", () => innerA());
    await expect(transaction(async () => Promise.all([a(), b()]))).rejects.toThrow("never end");
  });

  it("fails a run that cannot have its lock in time", async () => {
    const locks = memoryLocks();
    const lease = await locks.acquire("k", "somebody");
    const policy = cacheKey("k").configure({ isolationLevel: "SERIALIZABLE", lockManager: locks });
    const load = task("load", { cachePolicy: policy, resultStorage: memoryStorage() }, () => 1);
    const state = await withSettings({ locks: { acquireTimeout: "50ms" } }, () => load.run());
    expect(state.name).toBe("Failed");
    expect((state.error as LockError).code).toBe("OXBOW_LOCK_TIMED_OUT");
    await lease!.release();
    expect(await load()).toBe(1);
  });

  it("commits nothing once the lock is another's", async () => {
    const locks = memoryLocks();
    const storage = memoryStorage();
    const store = new ResultStore({ storage, serializer: json() });
    const policy = cacheKey("k").configure({ isolationLevel: "SERIALIZABLE", lockManager: locks });
    const lost = new LockError("OXBOW_LOCK_LOST", "k", "taken over");
    const losing: LockManager = new Proxy(locks, {
      get(target, name) {
        if (name === "acquire") {
          return async (...args: Parameters<LockManager["acquire"]>) => {
            const lease = (await target.acquire(...args))!;
            return {
              ...lease,
              token: lease.token,
              confirm: () => {
                throw lost;
              },
              release: () => lease.release(),
            };
          };
        }
        const value: unknown = Reflect.get(target, name);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    const load = task(
      "load",
      { cachePolicy: policy.configure({ lockManager: losing }), resultStorage: storage },
      () => 1,
    );
    const state = await load.run();
    expect(state.name).toBe("Completed");
    expect(state.persisted).toBe(false);
    expect(state.decision?.reason).toContain("taken over");
    expect(await store.exists("k")).toBe(false);
    await expect(
      transaction({ key: "k", store, isolationLevel: "SERIALIZABLE", lockManager: losing }, () => 1),
    ).rejects.toThrow(TransactionCommitError);
    expect(await store.exists("k")).toBe(false);
    expect(await locks.isLocked("k")).toBe(false);
  });
});
