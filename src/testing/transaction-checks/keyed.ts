import assert from "node:assert/strict";
import { getTransaction, transaction } from "../../authoring/transaction.ts";
import { TransactionError } from "../../kernel/errors.ts";
import { check, checkTwo, rejection, type TransactionCheck } from "./check.ts";

export const keyedChecks: readonly TransactionCheck[] = [
  check("A transaction with a key stores what was staged last, else what its block returns", async (scene) => {
    const { store } = scene;
    assert.equal(await transaction({ key: "returned", store }, () => "value"), "value");
    assert.equal(await transaction({ key: "nothing", store }, () => undefined), undefined);
    const value = await transaction({ key: "staged", store }, (txn) => {
      assert.equal(txn.state, "ACTIVE");
      txn.stage("one");
      txn.stage("two");
      assert.equal(txn.state, "STAGED");
      return "three";
    });
    assert.equal(value, "three");
    await scene.expectRecords({ nothing: undefined, returned: "value", staged: "two" });
  }),

  checkTwo("A transaction whose record is there is committed from the start, elsewhere too", async (scene, other) => {
    await transaction({ key: "key", store: scene.store }, () => "first");
    for (const { store } of [scene, other]) {
      await transaction({ key: "key", store }, (txn) => {
        assert.equal(txn.isCommitted(), true);
        txn.stage("second");
        return "third";
      });
    }
    await other.expectRecords({ key: "first" });
  }),

  check("A transaction that failed is not committed, and can be run again", async (scene) => {
    const { store } = scene;
    await rejection(transaction({ key: "key", store }, async () => Promise.reject(new Error("enough"))));
    await transaction({ key: "key", store, commitMode: "OFF" }, (txn) => txn.stage("uncommitted"));
    await transaction({ key: "key", store }, (txn) => {
      assert.equal(txn.isCommitted(), false);
      return "value";
    });
    await scene.expectRecords({ key: "value" });
  }),

  check("`overwrite` does not look at the record; without `writeOnCommit` none is written", async (scene) => {
    const { store } = scene;
    await store.write("key", "old");
    await transaction({ key: "key", store, overwrite: true }, (txn) => {
      assert.equal(txn.isCommitted(), false);
      return "new";
    });
    await transaction({ key: "other", store, writeOnCommit: false }, async (txn) => {
      await scene.task("inside", () => 1)();
      txn.stage("value");
    });
    await scene.expectRecords({ inside: 1, key: "new" });
  }),

  check("A value counts as it is when it is staged", async (scene) => {
    const rows = [1];
    await transaction({ key: "key", store: scene.store }, (txn) => {
      txn.stage(rows);
      rows.push(2);
    });
    await scene.expectRecords({ key: [1] });
  }),

  check("A record whose time is over is not there", async (scene) => {
    await scene.store.write("key", "old", { expiration: { milliseconds: 1 } });
    while (await scene.store.exists("key")) await new Promise((resolve) => setTimeout(resolve, 1));
    await transaction({ key: "key", store: scene.store }, (txn) => {
      assert.equal(txn.isCommitted(), false);
      return "new";
    });
    await scene.expectRecords({ key: "new" });
  }),

  check("Values kept in a transaction are copies, and what is inside inherits them", async () => {
    await transaction(async (outer) => {
      const list = [1];
      outer.set("list", list);
      list.push(2);
      outer.get<number[]>("list").push(3);
      await transaction((inner) => {
        assert.deepEqual(inner.get("list"), [1]);
        inner.set("list", "its own");
        inner.set("other", 1);
      });
      assert.deepEqual(outer.get("list"), [1]);
      assert.equal(outer.get("other", "none"), "none");
      assert.throws(() => outer.get("other"), TransactionError);
      assert.throws(() => outer.set("other", () => 1), TransactionError);
    });
  }),

  check("Values that a task keeps are there for its hooks, and for no other task", async (scene) => {
    const seen: unknown[] = [];
    const keeping = (key: string): ReturnType<typeof scene.task> =>
      scene.task(key, () => getTransaction()!.set("file", key), {
        onCommit: (txn) => void seen.push(txn.get("file")),
        onRollback: (txn) => void seen.push(txn.get("file")),
      }) as ReturnType<typeof scene.task>;
    await transaction(async () => {
      await keeping("a")();
      await keeping("b")();
    });
    const block = transaction(async (txn) => {
      await keeping("c")();
      assert.equal(txn.get("file", "none"), "none");
      await keeping("d")();
      throw new Error("enough");
    });
    await rejection(block);
    assert.deepEqual(seen, ["a", "b", "d", "c"]);
  }),

  check("What was staged under a key counts again where a later value under it is rolled back", async (scene) => {
    const options = { key: "key", store: scene.store } as const;
    await transaction(async () => {
      await transaction(options, () => "first");
      await transaction({ ...options, overwrite: true, commitMode: "OFF" }, () => "second");
      await transaction(options, (txn) => {
        assert.equal(txn.isCommitted(), true);
        return "third";
      });
    });
    await scene.expectRecords({ key: "first" });
  }),

  check("A task that commits itself before its end does not claim to be stored", async (scene) => {
    const state = await scene.task("a", async () => getTransaction()!.commit()).run();
    assert.equal(state.persisted && !(await scene.store.exists("a")), false);
  }),
];
