import assert from "node:assert/strict";
import { transaction } from "../../authoring/transaction.ts";
import type { Transaction } from "../../transactions/transaction.ts";
import { begin, turn } from "../lock-checks/check.ts";
import { check, checkTwo, commitErrors, rejection, type TransactionCheck } from "./check.ts";
import { Fault, type FaultMoment, faulty } from "./faults.ts";
import type { Scene } from "./scene.ts";

export const atomicityChecks: readonly TransactionCheck[] = [
  check("The block's value is returned, and all records are there at its end", async (scene) => {
    const value = await transaction(async () => {
      const made = [await scene.task("a", () => 1)(), await scene.task("b", () => 2)()];
      assert.deepEqual(await scene.keys(), []);
      return made;
    });
    assert.deepEqual(value, [1, 2]);
    await scene.expectRecords({ a: 1, b: 2 });
  }),

  check("A block that throws leaves no record, and throws its own error", async (scene) => {
    const reason = new Error("enough");
    const block = transaction(async () => {
      await scene.task("a", () => 1)();
      await transaction(async () => scene.task("b", () => 2)());
      throw reason;
    });
    assert.equal(await rejection(block), reason);
    await scene.expectNothing("a", "b");
    assert.deepEqual(scene.log, ["a", "b", "b undone", "a undone"]);
  }),

  check("A task that fails takes everything back, also where the block catches its error", async (scene) => {
    const reason = new Error("enough");
    const block = transaction(async () => {
      await scene.task("a", () => 1)();
      await scene
        .task("bad", () => Promise.reject(reason))()
        .catch(() => undefined);
      await scene.task("b", () => 2)();
    });
    assert.deepEqual(await commitErrors(block), [reason]);
    await scene.expectNothing("a", "bad", "b");
  }),

  check("Commit hooks find all records durable, and run in the order of the work", async (scene) => {
    const note = (name: string) => async (): Promise<void> => {
      await scene.expectRecords({ a: 1, b: 2, key: 3 });
      scene.log.push(name);
    };
    await transaction({ key: "key", store: scene.store }, async (txn) => {
      txn.stage(3, { onCommit: [note("first of the block"), note("second of the block")] });
      await scene.task("a", () => 1, { onCommit: note("hook of a") })();
      await transaction(async () => scene.task("b", () => 2, { onCommit: note("hook of b") })());
    });
    const hooks = ["hook of a", "hook of b", "first of the block", "second of the block"];
    assert.deepEqual(scene.log, ["a", "b", ...hooks]);
  }),

  check("A commit hook that throws takes all records back, and no other commit hook runs", async (scene) => {
    const reason = new Error("not this");
    const throws = (): never => {
      throw reason;
    };
    const block = transaction(async () => {
      await scene.task("a", () => 1)();
      await scene.task("b", () => 2, { onCommit: throws })();
      await scene.task("c", () => 3)();
    });
    assert.deepEqual(await commitErrors(block), [reason]);
    await scene.expectNothing("a", "b", "c");
    assert.deepEqual(scene.log, ["a", "b", "c", "a committed", "c undone", "b undone", "a undone"]);
  }),

  check("Rollback hooks run in reverse order, all of them, whatever some throw", async (scene) => {
    const [first, second] = [new Error("first"), new Error("second")];
    const cannot = (error: Error) => (): never => {
      scene.log.push(`${error.message} throws`);
      throw error;
    };
    const seen: Transaction[] = [];
    const reason = new Error("enough");
    const block = transaction(async (txn) => {
      seen.push(txn);
      await scene.task("a", () => 1)();
      await scene.task("b", () => 2, { onRollback: [cannot(second), cannot(first)] })();
      await scene.task("c", () => 3)();
      throw reason;
    });
    assert.equal(await rejection(block), reason);
    assert.deepEqual(scene.log, ["a", "b", "c", "c undone", "first throws", "second throws", "a undone"]);
    assert.equal(seen[0]!.state, "ROLLED_BACK");
    assert.deepEqual(seen[0]!.errors, [first, second]);
    await scene.expectNothing("a", "b", "c");
  }),

  check("A value that cannot be stored takes everything back", async (scene) => {
    const block = transaction(async () => {
      await scene.task("a", () => 1)();
      await scene.task<unknown>("b", () => () => "a function")();
    });
    assert.equal((await commitErrors(block)).length, 1);
    await scene.expectNothing("a", "b");
    assert.deepEqual(scene.log, ["a", "b", "b undone", "a undone"]);
  }),

  check("A write of the commit that fails leaves no record, whichever it is", (scene) =>
    failAll(scene, "before", false),
  ),

  check("A write of the commit of which the answer is lost leaves no record, whichever it is", (scene) =>
    failAll(scene, "after", false),
  ),

  check("A write that fails leaves no record where records are written one at a time", (scene) =>
    failAll(scene, "before", true),
  ),

  check("A write of which the answer is lost leaves no record where records are written one at a time", (scene) =>
    failAll(scene, "after", true),
  ),

  check("A commit that failed can be tried again", async (scene) => {
    const bad = faulty(scene, new Fault(1, "before"), false);
    await commitErrors(threeRecords(bad));
    await threeRecords(scene);
    await scene.expectRecords({ a: 1, b: 2, key: 3 });
  }),

  checkTwo("A reader elsewhere finds all records of a commit or none, at every moment", async (scene, other) => {
    const rounds = Array.from({ length: 10 }, (_, round) => [0, 1, 2, 3, 4].map((i) => `${round} ${i}`));
    let round = 0;
    const looking = begin(async () => {
      for (let look = 0; round < rounds.length; look += 1) {
        const keys = rounds[round]!;
        const store = other.fresh();
        // Once one of them is there, whichever, all have to be.
        if (await store.exists(keys[look % keys.length]!)) {
          for (const key of keys) assert.equal(await store.read(key), key);
        }
        await turn();
      }
    });
    for (; round < rounds.length; round += 1) {
      await transaction(async () => {
        for (const key of rounds[round]!) await scene.task(key, () => key)();
      });
    }
    await looking;
    await other.expectRecords(Object.fromEntries(rounds.flat().map((key) => [key, key])));
  }),
];

/** Lets each write of a commit fail in turn. */
async function failAll(scene: Scene, moment: FaultMoment, singly: boolean): Promise<void> {
  for (let nth = 1; ; nth += 1) {
    const fault = new Fault(nth, moment);
    const bad = faulty(scene, fault, singly);
    const outcome = await threeRecords(bad).then(
      () => "committed",
      () => "failed",
    );
    if (!fault.hasStruck) {
      assert.equal(outcome, "committed");
      assert.ok(nth > 1, "Nothing was written at all");
      return scene.expectRecords({ a: 1, b: 2, key: 3 });
    }
    assert.equal(outcome, "failed", `The commit ends well although write number ${nth} fails`);
    await scene.expectNothing("a", "b", "key");
    assert.deepEqual(bad.log.slice(2), ["block undone", "b undone", "a undone"]);
    await scene.expectUnlocked("a", "b", "key");
  }
}

function threeRecords(scene: Scene): Promise<void> {
  const options = { key: "key", store: scene.store, isolationLevel: "SERIALIZABLE" } as const;
  return transaction(options, async (txn) => {
    await scene.exclusive("a", () => 1)();
    await scene.task("b", () => 2)();
    txn.stage(3, { onRollback: () => void scene.log.push("block undone") });
  });
}
