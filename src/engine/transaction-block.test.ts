import { describe, expect, it } from "vitest";
import { getTransaction, transaction } from "../authoring/transaction.ts";
import { flow } from "../authoring/flow.ts";
import { task } from "../authoring/task.ts";
import { cacheKey, INPUTS } from "../defaults.ts";
import { ConfigurationError, TransactionCommitError, TransactionError } from "../kernel/errors.ts";
import { ResultStore } from "../results/result-store.ts";
import { json } from "../serializers/json.ts";
import { memoryStorage } from "../storage/memory.ts";
import type { Transaction } from "../transactions/transaction.ts";

const place = (): { storage: ReturnType<typeof memoryStorage>; store: ResultStore } => {
  const storage = memoryStorage();
  return { storage, store: new ResultStore({ storage, serializer: json() }) };
};
const keysOf = async (store: ResultStore): Promise<string[]> => {
  const keys: string[] = [];
  for await (const { key } of store.list()) keys.push(key);
  return keys;
};

describe("transaction()", () => {
  it("returns what the block returns, and stores nothing before its end", async () => {
    const { storage, store } = place();
    const one = task("one", { cachePolicy: cacheKey("k1"), resultStorage: storage }, () => 1);
    const two = task("two", { cachePolicy: cacheKey("k2"), resultStorage: storage }, () => 2);
    const sum = await transaction(async () => {
      const value = (await one()) + (await two());
      expect(await keysOf(store)).toEqual([]);
      return value;
    });
    expect(sum).toBe(3);
    expect(await keysOf(store)).toEqual(["k1", "k2"]);
  });

  it("stores nothing where a task inside it fails, and throws its error", async () => {
    const { storage, store } = place();
    const one = task("one", { cachePolicy: cacheKey("k1"), resultStorage: storage }, () => 1);
    const bad = task("bad", { cachePolicy: cacheKey("k2"), resultStorage: storage }, () => {
      throw new Error("Abort!");
    });
    await expect(
      transaction(async () => {
        await one();
        await bad();
      }),
    ).rejects.toThrow("Abort!");
    expect(await keysOf(store)).toEqual([]);
  });

  it("runs hooks: commit hooks in order once all is stored, rollback hooks in reverse", async () => {
    const { storage, store } = place();
    const log: string[] = [];
    const make = (name: string) =>
      task(
        name,
        {
          cachePolicy: cacheKey(name),
          resultStorage: storage,
          onCommit: async () => void log.push(`commit ${name} with ${(await keysOf(store)).length} records`),
          onRollback: async () => void log.push(`rollback ${name}`),
        },
        () => name,
      );
    const [a, b] = [make("a"), make("b")];
    await transaction(async () => {
      await a();
      await b();
    });
    expect(log).toEqual(["commit a with 2 records", "commit b with 2 records"]);
    log.length = 0;
    const [c, d] = [make("c"), make("d")];
    await expect(
      transaction(async () => {
        await c();
        await d();
        throw new Error("no");
      }),
    ).rejects.toThrow("no");
    expect(log).toEqual(["rollback d", "rollback c"]);
  });

  it("makes the second equal call inside it a hit, with a value of its own", async () => {
    const { storage } = place();
    let calls = 0;
    const load = task("load", { cachePolicy: INPUTS, resultStorage: storage }, (id: number) => ({
      id,
      n: (calls += 1),
    }));
    await transaction(async () => {
      const first = await load(1);
      first.n = 99;
      const state = await load.run(1);
      expect(state.name).toBe("Cached");
      expect(state.persisted).toBe(false);
      expect(state.decision?.reason).toContain("in this transaction");
      expect(state.result()).toEqual({ id: 1, n: 1 });
    });
    expect(await load(1)).toEqual({ id: 1, n: 1 });
    expect(calls).toBe(1);
  });

  it("marks the runs that it rolls back, also the states that callers hold", async () => {
    const { storage } = place();
    const load = task("load", { cachePolicy: INPUTS, resultStorage: storage }, (id: number) => id);
    const states: Array<Awaited<ReturnType<typeof load.run>>> = [];
    await expect(
      transaction(async () => {
        states.push(await load.run(1));
        const future = load.submit(2);
        states.push(await future.state());
        expect(states.map((state) => state.name)).toEqual(["Completed", "Completed"]);
        throw new Error("no");
      }),
    ).rejects.toThrow("no");
    expect(states.map((state) => `${state.name} ${state.persisted}`)).toEqual(["RolledBack false", "RolledBack false"]);
  });

  it("says of a run that its result is persisted once the transaction is committed", async () => {
    const { storage } = place();
    const load = task("load", { cachePolicy: INPUTS, resultStorage: persistent(storage) }, (id: number) => id);
    const state = await transaction(async () => {
      const inner = await load.run(1);
      expect(inner.persisted).toBe(false);
      return inner;
    });
    expect(state.persisted).toBe(true);
  });

  it("waits for work that still runs when the block ends", async () => {
    const { storage, store } = place();
    const gate = Promise.withResolvers<void>();
    const slow = task("slow", { cachePolicy: INPUTS, resultStorage: storage }, async (id: number) => {
      await gate.promise;
      return id;
    });
    const done = transaction(async () => {
      slow.submit(1);
      void slow(2);
      void slow.map([3, 4]);
      setImmediate(() => gate.resolve());
      return "over";
    });
    expect(await done).toBe("over");
    expect(await keysOf(store)).toHaveLength(4);
  });

  it("with retries inside rolls nothing back before the last failure", async () => {
    const { storage, store } = place();
    const log: string[] = [];
    let attempts = 0;
    const first = task(
      "first",
      { cachePolicy: cacheKey("first"), resultStorage: storage, onRollback: () => void log.push("first undone") },
      () => 1,
    );
    const inner = task("inner", { cachePolicy: cacheKey("inner"), resultStorage: storage }, () => {
      if (attempts < 3) throw new Error("inner fails");
      return "inner";
    });
    const flaky = task("flaky", { cachePolicy: cacheKey("flaky"), resultStorage: storage, retries: 2 }, async () => {
      attempts += 1;
      return inner();
    });
    await transaction(async () => {
      await first();
      expect(await flaky()).toBe("inner");
    });
    expect(attempts).toBe(3);
    expect(log).toEqual([]);
    expect(await keysOf(store)).toEqual(["first", "flaky", "inner"]);
  });

  it("rolls everything back in reverse order at the last failure, even when a hook throws", async () => {
    const { storage, store } = place();
    const log: string[] = [];
    const make = (name: string, fails = false) =>
      task(
        name,
        {
          cachePolicy: cacheKey(name),
          resultStorage: storage,
          onRollback: () => {
            log.push(name);
            if (fails) throw new Error(`${name} cannot be undone`);
          },
        },
        () => name,
      );
    const bad = task("bad", { retries: 1 }, () => {
      throw new Error("final");
    });
    let txn: Transaction | undefined;
    await expect(
      transaction(async (t) => {
        txn = t;
        await make("a")();
        await make("b", true)();
        await make("c")();
        await bad();
      }),
    ).rejects.toThrow("final");
    expect(log).toEqual(["c", "b", "a"]);
    expect(txn!.state).toBe("ROLLED_BACK");
    expect(txn!.errors.map(String)).toEqual(["Error: b cannot be undone"]);
    expect(await keysOf(store)).toEqual([]);
  });

  it("that was rolled back by a failure which the block caught says so at its end", async () => {
    const { storage, store } = place();
    const good = task("good", { cachePolicy: INPUTS, resultStorage: storage }, (x: number) => x);
    const bad = task("bad", () => {
      throw new Error("broken");
    });
    const error = await transaction(async () => {
      await good(1);
      await bad().catch(() => undefined);
      await good(2);
      return 1;
    }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TransactionCommitError);
    expect((error as TransactionCommitError).errors.map(String)).toEqual(["Error: broken"]);
    expect(await keysOf(store)).toEqual([]);
  });
});

describe("the commit mode", () => {
  it("LAZY commits a nested transaction with the outer one", async () => {
    const { storage, store } = place();
    const load = task("load", { cachePolicy: INPUTS, resultStorage: storage }, (id: number) => id);
    await transaction(async () => {
      await transaction(async (inner) => {
        await load(1);
        expect(inner.parent).toBeDefined();
      });
      expect(await keysOf(store)).toEqual([]);
    });
    expect(await keysOf(store)).toHaveLength(1);
  });

  it("EAGER commits at its own end, and what is inside it too", async () => {
    const { storage, store } = place();
    const load = task("load", { cachePolicy: INPUTS, resultStorage: storage }, (id: number) => id);
    await expect(
      transaction(async () => {
        await transaction({ commitMode: "EAGER" }, async () => {
          await load(1);
          expect(await keysOf(store)).toHaveLength(1);
        });
        await load(2);
        throw new Error("later");
      }),
    ).rejects.toThrow("later");
    expect(await keysOf(store)).toHaveLength(1);
  });

  it("OFF rolls back at the end unless it was committed, also where it is nested", async () => {
    const { storage, store } = place();
    const load = task("load", { cachePolicy: INPUTS, resultStorage: storage }, (id: number) => id);
    await transaction({ commitMode: "OFF" }, async () => void (await load(1)));
    expect(await keysOf(store)).toEqual([]);
    await transaction(async (outer) => {
      await transaction({ commitMode: "OFF" }, async () => void (await load(2)));
      await transaction({ commitMode: "OFF" }, async (txn) => {
        await load(3);
        await txn.commit();
        expect(txn.isCommitted()).toBe(true);
      });
      await load(4);
      expect(outer.state).toBe("ACTIVE");
    });
    expect(await keysOf(store)).toHaveLength(2);
  });
});

describe("a transaction with a key", () => {
  it("stores what was staged, else what the block returns, and is committed when it begins again", async () => {
    const { store } = place();
    expect(await transaction({ key: "a", store }, async () => ({ rows: 3 }))).toEqual({ rows: 3 });
    expect(await store.read("a")).toEqual({ rows: 3 });
    await transaction({ key: "b", store }, async (txn) => {
      expect(txn.isCommitted()).toBe(false);
      txn.stage("one");
      txn.stage("two");
      expect(txn.state).toBe("STAGED");
      return "three";
    });
    expect(await store.read("b")).toBe("two");
    await transaction({ key: "b", store }, async (txn) => {
      expect(txn.isCommitted()).toBe(true);
      txn.stage("ignored");
    });
    expect(await store.read("b")).toBe("two");
    await transaction({ key: "b", store, overwrite: true }, async (txn) => {
      expect(txn.isCommitted()).toBe(false);
      txn.stage("new");
    });
    expect(await store.read("b")).toBe("new");
    await transaction({ key: "c", store, writeOnCommit: false }, async (txn) => txn.stage(1));
    expect(await store.exists("c")).toBe(false);
  });

  it("takes the value as it is when it is staged", async () => {
    const { store } = place();
    const rows = [1];
    await transaction({ key: "rows", store }, async (txn) => {
      txn.stage(rows);
      rows.push(2);
    });
    expect(await store.read("rows")).toEqual([1]);
  });

  it("throws every cause where it cannot be committed, and has undone all", async () => {
    const { storage, store } = place();
    const log: string[] = [];
    const load = task(
      "load",
      {
        cachePolicy: cacheKey("load"),
        resultStorage: storage,
        onCommit: () => void log.push("load committed"),
        onRollback: () => {
          log.push("load undone");
          throw new Error("undo failed");
        },
      },
      () => 1,
    );
    const error = await transaction({ key: "k", store }, async (txn) => {
      await load();
      txn.stage(1, {
        onCommit: () => {
          throw new Error("hook failed");
        },
      });
    }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TransactionCommitError);
    expect((error as TransactionCommitError).errors.map(String)).toEqual(["Error: hook failed", "Error: undo failed"]);
    expect(log).toEqual(["load committed", "load undone"]);
    expect(await keysOf(store)).toEqual([]);
    const unserializable = await transaction({ key: "k", store }, async () => () => 1).catch(
      (thrown: unknown) => thrown,
    );
    expect(unserializable).toBeInstanceOf(TransactionCommitError);
    expect(await keysOf(store)).toEqual([]);
  });
});

describe("a transaction's values", () => {
  it("are copies, inherited by what is inside", async () => {
    await transaction(async (outer) => {
      const list = [1];
      outer.set("list", list);
      list.push(2);
      const copy = outer.get<number[]>("list");
      copy.push(3);
      await transaction(async (inner) => {
        expect(inner.get("list")).toEqual([1]);
        inner.set("list", "own");
        expect(inner.get("list")).toBe("own");
      });
      expect(outer.get("list")).toEqual([1]);
      expect(outer.get("none", undefined)).toBeUndefined();
      expect(() => outer.get("none")).toThrow(TransactionError);
      expect(() => outer.set("fn", () => 1)).toThrow("cannot be kept");
    });
  });

  it("that a task sets are there in its hooks, and not in its siblings", async () => {
    const seen: unknown[] = [];
    const make = (name: string) =>
      task(name, { onRollback: (txn) => void seen.push(txn.get("file")) }, () => getTransaction()!.set("file", name));
    await expect(
      transaction(async () => {
        await make("a")();
        await make("b")();
        throw new Error("no");
      }),
    ).rejects.toThrow("no");
    expect(seen).toEqual(["b", "a"]);
  });
});

describe("transaction() outside and around runs", () => {
  it("is what getTransaction() gives, and leaves nothing behind", async () => {
    expect(getTransaction()).toBeUndefined();
    await transaction(async (txn) => expect(getTransaction()).toBe(txn));
    await transaction(async () => Promise.reject(new Error("no"))).catch(() => undefined);
    expect(getTransaction()).toBeUndefined();
  });

  it("rolls back by hand, itself and what is around it", async () => {
    const { storage, store } = place();
    const load = task("load", { cachePolicy: INPUTS, resultStorage: storage }, (id: number) => id);
    const result = await transaction(async (outer) => {
      await load(1);
      await transaction(async (inner) => {
        await load(2);
        await inner.rollback();
        expect(inner.state).toBe("ROLLED_BACK");
      });
      expect(outer.state).toBe("ROLLED_BACK");
      await load(3);
      await expect(outer.commit()).rejects.toThrow(TransactionError);
      return 7;
    });
    expect(result).toBe(7);
    expect(await keysOf(store)).toEqual([]);
  });

  it("takes in flows: a flow that fails undoes its tasks", async () => {
    const { storage, store } = place();
    const log: string[] = [];
    const load = task(
      "load",
      { cachePolicy: INPUTS, resultStorage: storage, onRollback: () => void log.push("undone") },
      (id: number) => id,
    );
    const inner = flow("inner", async (fails: boolean) => {
      await load(1);
      if (fails) throw new Error("flow failed");
    });
    await transaction(async () => {
      await inner(false);
      expect(await keysOf(store)).toEqual([]);
    });
    expect(await keysOf(store)).toHaveLength(1);
    await load.invalidate(1);
    await expect(transaction(async () => inner(true))).rejects.toThrow("flow failed");
    expect(log).toEqual(["undone"]);
    expect(await keysOf(store)).toEqual([]);
  });

  it("refuses options that mean nothing", async () => {
    const bad = async (options: object): Promise<unknown> => transaction(options as never, () => 1);
    await expect(bad({ kee: 1 })).rejects.toThrow(ConfigurationError);
    await expect(bad({ commitMode: "NOW" })).rejects.toThrow("commitMode");
    await expect(bad({ isolationLevel: "STRICT" })).rejects.toThrow("isolationLevel");
    await expect(bad({ key: "" })).rejects.toThrow("key");
  });
});

/** The same storage, which says that its records outlive the process. */
function persistent(storage: ReturnType<typeof memoryStorage>): ReturnType<typeof memoryStorage> {
  return new Proxy(storage, {
    get(target, name) {
      if (name === "capabilities") return { ...target.capabilities, persistent: true };
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
