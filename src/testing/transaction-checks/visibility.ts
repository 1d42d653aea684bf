import assert from "node:assert/strict";
import { getTransaction, transaction } from "../../authoring/transaction.ts";
import type { State } from "../../states/state.ts";
import { pause } from "../lock-checks/check.ts";
import { check, checkTwo, commitErrors, rejection, type TransactionCheck } from "./check.ts";

export const visibilityChecks: readonly TransactionCheck[] = [
  checkTwo("Nobody elsewhere sees a record before the commit, and everybody does afterwards", async (scene, other) => {
    await transaction(async () => {
      await scene.task("a", () => 1)();
      await transaction({ key: "key", store: scene.store }, async () => scene.task("b", () => 2)());
      await other.expectNothing("a", "b", "key");
    });
    await other.expectRecords({ a: 1, b: 2, key: 2 });
    assert.equal(await other.task("a", () => "computed elsewhere")(), 1);
  }),

  check("An equal call inside is a hit, with a value of its own", async (scene) => {
    const load = scene.task("a", () => ({ rows: [1] }));
    await transaction(async () => {
      const first = await load();
      first.rows.push(2);
      const again = await load.run();
      assert.equal(again.name, "Cached");
      again.result().rows.push(3);
      assert.deepEqual(await transaction(async () => load()), { rows: [1] });
    });
    assert.deepEqual(scene.log, ["a", "a committed"]);
    await scene.expectRecords({ a: { rows: [1] } });
  }),

  check("What was staged in a transaction that is rolled back is no hit for those around it", async (scene) => {
    const load = scene.task("a", () => 1);
    await transaction(async () => {
      await transaction({ commitMode: "OFF" }, async () => load());
      assert.deepEqual(await load(), 1);
    });
    assert.deepEqual(scene.log, ["a", "a undone", "a", "a committed"]);
  }),

  check("A run says that its record is durable once it is, and that it was rolled back once it was", async (scene) => {
    const { persistent } = scene.parts.storage.capabilities;
    const load = scene.task("a", () => 1);
    const states: State[] = [];
    const reason = new Error("enough");
    const block = transaction(async () => {
      states.push(await load.run(), await load.submit().state());
      throw reason;
    });
    assert.equal(await rejection(block), reason);
    assert.equal(states[0]!.name, "RolledBack");
    assert.equal(states[0]!.persisted, false);
    const state = await transaction(async () => {
      const inside = await load.run();
      assert.equal(`${inside.name} ${inside.persisted}`, "Completed false");
      return inside;
    });
    assert.equal(`${state.name} ${state.persisted}`, `Completed ${persistent}`);
  }),

  check("Work that still runs when the block ends is waited for, and counts", async (scene) => {
    const gate = Promise.withResolvers<void>();
    const slow = (key: string): ReturnType<typeof scene.task> =>
      scene.task(key, async () => {
        await gate.promise;
        return key;
      });
    const block = transaction(async () => {
      slow("a").submit();
      void slow("b")();
      void transaction(async () => slow("c")());
      setImmediate(gate.resolve);
      return "over";
    });
    assert.equal(await block, "over");
    await scene.expectRecords({ a: "a", b: "b", c: "c" });
  }),

  check("Work that ends while its transaction is being rolled back is rolled back too", async (scene) => {
    const [gate, undoing] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const onRollback = async (): Promise<void> => {
      undoing.resolve();
      await gate.promise;
      await pause(20);
    };
    const slow = scene.exclusive("slow", () => gate.promise);
    const block = transaction(async () => {
      await scene.task("a", () => 1, { onRollback })();
      slow.submit();
      const failing = scene.task("bad", () => Promise.reject(new Error("enough"))).run();
      await undoing.promise;
      gate.resolve();
      await scene.exclusive("late", () => 1)();
      await failing;
    });
    await commitErrors(block);
    await scene.expectNothing("a", "slow", "bad", "late");
    const undone = scene.log.filter((line) => line.endsWith("undone"));
    assert.deepEqual(undone.toSorted(), ["late undone", "slow undone"]);
    await scene.expectUnlocked("slow", "late");
  }),

  check("A task that a commit hook calls is stored by itself", async (scene) => {
    const after = scene.task("after", () => 1);
    await transaction(async () => scene.task("a", () => 1, { onCommit: () => after() })());
    await scene.expectRecords({ a: 1, after: 1 });
  }),

  check("A task that a rollback hook calls is stored by itself, and holds no lock afterwards", async (scene) => {
    const after = scene.exclusive("after", () => 1);
    const block = transaction(async () => {
      await scene.task("a", () => 1, { onRollback: () => after() })();
      throw new Error("enough");
    });
    await rejection(block);
    await scene.expectRecords({ after: 1 });
    await scene.expectUnlocked("after");
  }),

  check("getTransaction() gives the innermost transaction, and nothing outside", async () => {
    assert.equal(getTransaction(), undefined);
    await transaction(async (outer) => {
      assert.equal(getTransaction(), outer);
      await transaction(async (inner) => {
        assert.equal(getTransaction(), inner);
        assert.equal(inner.parent, outer);
      });
      assert.equal(getTransaction(), outer);
    });
    await rejection(transaction(async () => Promise.reject(new Error("enough"))));
    assert.equal(getTransaction(), undefined);
  }),
];
