import assert from "node:assert/strict";
import { flow } from "../../authoring/flow.ts";
import { task } from "../../authoring/task.ts";
import { transaction } from "../../authoring/transaction.ts";
import { TransactionError } from "../../kernel/errors.ts";
import type { Transaction } from "../../transactions/transaction.ts";
import { turn } from "../lock-checks/check.ts";
import { check, commitErrors, rejection, type TransactionCheck } from "./check.ts";

export const nestingChecks: readonly TransactionCheck[] = [
  check("LAZY: what is inside is committed with the transaction around it", async (scene) => {
    await transaction(async (outer) => {
      await transaction({ commitMode: "LAZY" }, async (inner) => {
        await scene.task("a", () => 1)();
        await transaction(async () => scene.task("b", () => 2)());
        assert.equal(inner.state, "ACTIVE");
      });
      assert.deepEqual(await scene.keys(), []);
      assert.equal(outer.state, "ACTIVE");
    });
    await scene.expectRecords({ a: 1, b: 2 });
  }),

  check("EAGER: it is committed at its own end, and stays where the one around it fails", async (scene) => {
    const reason = new Error("enough");
    const block = transaction(async () => {
      await scene.task("c", () => 3)();
      await transaction({ commitMode: "EAGER" }, async () => {
        await scene.task("a", () => 1)();
        await transaction(async () => scene.task("b", () => 2)());
      });
      await scene.expectRecords({ a: 1, b: 2 });
      throw reason;
    });
    assert.equal(await rejection(block), reason);
    await scene.expectRecords({ a: 1, b: 2 });
    assert.deepEqual(scene.log, ["c", "a", "a committed", "b", "b committed", "c undone"]);
  }),

  check("OFF: without commit() it is rolled back at its end, and it alone", async (scene) => {
    await transaction(async (outer) => {
      await scene.task("a", () => 1)();
      await transaction({ commitMode: "OFF" }, async (inner) => {
        await scene.task("b", () => 2)();
        await transaction(async () => scene.task("c", () => 3)());
        assert.equal(inner.isCommitted(), false);
      });
      assert.equal(outer.state, "ACTIVE");
    });
    await scene.expectRecords({ a: 1 });
    assert.deepEqual(scene.log, ["a", "b", "c", "c undone", "b undone", "a committed"]);
    assert.equal(await transaction({ commitMode: "OFF" }, async () => scene.task("d", () => 4)()), 4);
    await scene.expectNothing("b", "c", "d");
  }),

  check("OFF: commit() commits what has been staged by then, also inside another transaction", async (scene) => {
    const reason = new Error("enough");
    const block = transaction(async () => {
      await scene.task("c", () => 3)();
      await transaction({ commitMode: "OFF", key: "key", store: scene.store }, async (inner) => {
        await scene.task("a", () => 1)();
        inner.stage(2);
        await inner.commit();
        assert.equal(inner.isCommitted(), true);
        await inner.commit();
        assert.throws(() => inner.stage(4), TransactionError);
      });
      await scene.expectRecords({ a: 1, key: 2 });
      throw reason;
    });
    assert.equal(await rejection(block), reason);
    await scene.expectRecords({ a: 1, key: 2 });
  }),

  check("A rollback by hand takes the transactions around it along, and is no error", async (scene) => {
    const value = await transaction(async (outer) => {
      await scene.task("a", () => 1)();
      await transaction(async (inner) => {
        await scene.task("b", () => 2)();
        await inner.rollback();
        assert.deepEqual(scene.log, ["a", "b", "b undone", "a undone"]);
        await inner.rollback();
      });
      assert.equal(outer.state, "ROLLED_BACK");
      await scene.task("c", () => 3)();
      await assert.rejects(outer.commit(), TransactionError);
      return "over";
    });
    assert.equal(value, "over");
    await scene.expectNothing("a", "b", "c");
  }),

  check("A failure inside takes the transactions around it along, up to a run that tries again", async (scene) => {
    let attempts = 0;
    const retried = task("retried", { retries: 1 }, async () => {
      attempts += 1;
      await transaction(async () => {
        await scene.task(`inner ${attempts}`, () => attempts)();
        if (attempts === 1) throw new Error("first attempt");
      });
    });
    await transaction(async () => {
      await scene.task("a", () => 1)();
      await retried();
    });
    await scene.expectRecords({ a: 1, "inner 2": 2 });
    const log = ["a", "inner 1", "inner 1 undone", "inner 2", "a committed", "inner 2 committed"];
    assert.deepEqual(scene.log, log);
  }),

  check("Attempts share one transaction: what the first has staged counts when the second succeeds", async (scene) => {
    let attempts = 0;
    const step = scene.task("step", () => 1);
    const flaky = scene.task(
      "flaky",
      async () => {
        attempts += 1;
        await step();
        if (attempts < 3) throw new Error(`attempt ${attempts}`);
        return attempts;
      },
      { retries: 2 },
    );
    await flaky();
    await scene.expectRecords({ flaky: 3, step: 1 });
    assert.equal(scene.log.filter((line) => line === "step").length, 1);
    assert.ok(!scene.log.some((line) => line.endsWith("undone")));
  }),

  check("A task that fails for good undoes the tasks inside it", async (scene) => {
    const bad = scene.task("bad", async () => {
      await scene.task("a", () => 1)();
      throw new Error("enough");
    });
    assert.equal((await bad.run()).name, "Failed");
    assert.deepEqual(scene.log, ["bad", "a", "a undone"]);
    await scene.expectNothing("bad", "a");
  }),

  check("Flows inside count, those that fail too", async (scene) => {
    const inner = flow("inner", async (key: string, fails: boolean) => {
      await scene.task(key, () => key)();
      if (fails) throw new Error("flow fails");
    });
    await transaction(async () => {
      await inner("a", false);
      assert.deepEqual(await scene.keys(), []);
    });
    await scene.expectRecords({ a: "a" });
    const block = transaction(async () => {
      await inner("b", false);
      await inner("c", true).catch(() => undefined);
    });
    assert.match(String((await commitErrors(block))[0]), /flow fails/);
    await scene.expectRecords({ a: "a" });
  }),

  check("A block inside one whose record was there belongs to the transaction around both", async (scene) => {
    await scene.store.write("there", 1);
    const block = transaction(async () => {
      await transaction({ key: "there", store: scene.store }, async () => scene.task("a", () => 1)());
      throw new Error("enough");
    });
    await rejection(block);
    await scene.expectRecords({ there: 1 });
  }),

  check(
    "What is committed or rolled back by hand after its end is not done again with what is around it",
    async (scene) => {
      const nested = async (): Promise<Transaction> => {
        let inner: Transaction | undefined;
        await transaction(async (txn) => {
          inner = txn;
          await scene.task("a", () => 1)();
        });
        return inner!;
      };
      await transaction(async () => (await nested()).commit());
      assert.deepEqual(scene.log, ["a", "a committed"]);
      await scene.expectRecords({ a: 1 });
      await scene.store.delete("a");
      scene.log.length = 0;
      await transaction(async () => (await nested()).rollback());
      assert.deepEqual(scene.log, ["a", "a undone"]);
      await scene.expectNothing("a");
    },
  ),

  check("A hook cannot commit, roll back or change what is being ended", async (scene) => {
    const wrong: ReadonlyArray<(txn: Transaction) => unknown> = [
      (txn) => txn.commit(),
      (txn) => txn.rollback(),
      (txn) => txn.stage(2),
    ];
    for (const onCommit of wrong.slice(1)) {
      const block = transaction(async () => scene.task("a", () => 1, { onCommit })());
      const [error] = await commitErrors(block);
      assert.ok(error instanceof TransactionError, String(error));
      await scene.expectNothing("a");
    }
    for (const onRollback of [wrong[0]!, wrong[2]!]) {
      let errors: readonly unknown[] = [];
      const block = transaction(async (txn) => {
        await scene.task("a", () => 1, { onRollback })();
        errors = txn.errors;
        throw new Error("enough");
      });
      assert.match(String(await rejection(block)), /enough/);
      assert.ok(errors[0] instanceof TransactionError, String(errors[0]));
      await scene.expectNothing("a");
    }
  }),

  check("A failure counts, whatever was thrown", async (scene) => {
    for (const thrown of [undefined, null, 0, ""]) {
      const block = transaction(async () => {
        await scene.task("a", () => 1)();
        await scene
          .task("bad", () => Promise.reject(thrown))()
          .catch(() => undefined);
      });
      assert.deepEqual(await commitErrors(block), [thrown]);
      await scene.expectNothing("a", "bad");
    }
  }),

  check("A block that throws while it is being rolled back by hand throws its own error", async (scene) => {
    const reason = new Error("enough");
    const block = transaction(async (txn) => {
      await scene.task("a", () => 1, { onRollback: () => turn() })();
      void txn.rollback();
      throw reason;
    });
    assert.equal(await rejection(block), reason);
    await scene.expectNothing("a");
  }),
];
