import assert from "node:assert/strict";
import { transaction } from "../../authoring/transaction.ts";
import { withSettings } from "../../authoring/with-settings.ts";
import { LockError } from "../../kernel/errors.ts";
import { acquired, begin, pause, turn } from "../lock-checks/check.ts";
import { check, checkTwo, commitErrors, expectLockError, rejection, type TransactionCheck } from "./check.ts";
import type { Scene } from "./scene.ts";

export const isolationChecks: readonly TransactionCheck[] = [
  check("Of 30 callers of one key one computes, and the others take its value", (scene) => compute([scene])),

  checkTwo("Of 30 callers in two processes one computes, and the others take its value", (scene, other) =>
    compute([scene, other]),
  ),

  check("A keyed block is run to its end by one at a time, and the others find it committed", async (scene) => {
    const options = { key: "key", store: scene.store, isolationLevel: "SERIALIZABLE" } as const;
    const block = (i: number): Promise<boolean> =>
      transaction(options, async (txn) => {
        if (txn.isCommitted()) return false;
        await turn();
        txn.stage(i);
        return true;
      });
    const ran = await Promise.all(Array.from({ length: 10 }, (_, i) => block(i)));
    assert.equal(ran.filter(Boolean).length, 1);
    await scene.expectRecords({ key: ran.indexOf(true) });
    await scene.expectUnlocked("key");
  }),

  check("A caller whose forerunner fails computes itself", async (scene) => {
    let calls = 0;
    const load = scene.exclusive("a", async () => {
      calls += 1;
      await turn();
      if (calls < 3) throw new Error(`call ${calls}`);
      return calls;
    });
    const states = await Promise.all([load.run(), load.run(), load.run(), load.run()]);
    assert.deepEqual(states.map((state) => state.name).toSorted(), ["Cached", "Completed", "Failed", "Failed"]);
    assert.equal(calls, 3);
    await scene.expectUnlocked("a");
  }),

  check("Equal calls inside one transaction wait for each other, and one computes", async (scene) => {
    const load = scene.exclusive("a", turn);
    await transaction(async () => {
      await Promise.all([load(), load(), transaction(async () => load()), load.submit()]);
    });
    assert.deepEqual(scene.log, ["a", "a committed"]);
    await scene.expectUnlocked("a");
  }),

  check("A call inside the holder of its key goes through", async (scene) => {
    const inner = scene.exclusive("a", () => "inner");
    const outer = scene.exclusive("a", () => inner());
    const options = { key: "key", store: scene.store, isolationLevel: "SERIALIZABLE" } as const;
    await transaction(options, async () => transaction(options, async () => scene.exclusive("key", () => outer())()));
    await scene.expectRecords({ a: "inner", key: "inner" });
    await scene.expectUnlocked("a", "key");
  }),

  check("A call inside the holder of its key goes through where the record is refreshed, too", async (scene) => {
    await scene.store.write("key", "old");
    const refresh = scene.exclusive("key", () => "new", { refreshCache: true });
    const options = { key: "key", store: scene.store, isolationLevel: "SERIALIZABLE" } as const;
    await transaction(options, async (txn) => {
      assert.equal(txn.isCommitted(), true);
      assert.equal(await refresh(), "new");
    });
    await scene.expectRecords({ key: "new" });
    await scene.expectUnlocked("key");
  }),

  check("The locks of what is inside are kept until the transaction around it has ended", async (scene) => {
    const inner = { key: "key", store: scene.store, isolationLevel: "SERIALIZABLE" } as const;
    const held = async (): Promise<boolean[]> => [await scene.locks.isLocked("a"), await scene.locks.isLocked("key")];
    for (const reason of [undefined, new Error("enough")]) {
      const block = transaction(async () => {
        await scene.exclusive("a", () => 1)();
        await transaction(inner, async () => 2);
        assert.deepEqual(await held(), [true, true]);
        if (reason) throw reason;
      });
      await (reason ? rejection(block) : block);
      assert.deepEqual(await held(), [false, false]);
      await scene.store.delete("a");
      await scene.store.delete("key");
    }
  }),

  checkTwo("A commit whose lock was lost is refused, and the record of the new holder stays", async (scene, other) => {
    const [has, goesOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const block = begin(() =>
      transaction(async () => {
        await scene.task("b", () => "old")();
        await scene.exclusive("a", () => "old")();
        has.resolve();
        await goesOn.promise;
      }),
    );
    await has.promise;
    await scene.locks.close();
    assert.equal(await other.exclusive("a", () => "new")(), "new");
    goesOn.resolve();
    expectLockError((await commitErrors(block))[0], "OXBOW_LOCK_LOST");
    await other.expectRecords({ a: "new" });
    assert.deepEqual(scene.log, ["b", "a", "a undone", "b undone"]);
    await other.expectUnlocked("a");
  }),

  checkTwo("A task by itself whose lock was lost stores nothing, and says so", async (scene, other) => {
    const [has, goesOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const body = async (): Promise<string> => {
      has.resolve();
      await goesOn.promise;
      return "old";
    };
    const load = scene.exclusive("a", body, { onCommit: [], onRollback: [] });
    const running = begin(() => load.run());
    await has.promise;
    await scene.locks.close();
    assert.equal(await other.exclusive("a", () => "new")(), "new");
    goesOn.resolve();
    const state = await running;
    assert.equal(`${state.name} ${state.persisted} ${state.result()}`, "Completed false old");
    assert.match(state.decision!.reason, /could not be stored/);
    await other.expectRecords({ a: "new" });
    await other.expectUnlocked("a");
  }),

  checkTwo("A wait has its time, and can be cut short; nothing is left of it", async (scene, other) => {
    const lease = await acquired(other.locks, "a", "somebody");
    const load = scene.exclusive("a", () => 1);
    const state = await withSettings({ locks: { acquireTimeout: "30ms" } }, () => load.run());
    expectLockError(state.error, "OXBOW_LOCK_TIMED_OUT");
    const future = load.submit();
    await turn();
    future.cancel();
    assert.equal((await future.state()).name, "Cancelled");
    assert.deepEqual(scene.log, []);
    await lease.release();
    assert.equal(await load(), 1);
    await scene.expectUnlocked("a");
  }),

  check("Who reads does not wait for a lock", async (scene) => {
    await scene.store.write("a", "stored");
    const lease = await acquired(scene.locks, "a", "somebody");
    assert.equal(await scene.task("a", () => "computed")(), "stored");
    assert.equal(await scene.exclusive("a", () => "computed")(), "stored");
    assert.equal(await scene.task("b", () => "computed")(), "computed");
    await lease.release();
  }),

  check("Transactions that wait for each other's locks are told", async (scene) => {
    const [a, b] = [scene.exclusive("a", () => 1), scene.exclusive("b", () => 2)];
    const [hasA, hasB] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const first = transaction(async () => {
      await a();
      hasA.resolve();
      await hasB.promise;
      await b();
    });
    const second = transaction(async () => {
      await hasA.promise;
      await b();
      hasB.resolve();
      await a();
    });
    await expectOneRefused([first, second]);
    await scene.expectRecords({ a: 1, b: 2 });
    await scene.expectUnlocked("a", "b");
  }),

  check("Transactions that come to wait for each other after a lock was handed on are told", async (scene) => {
    const a = scene.exclusive("a", () => 1, { refreshCache: true });
    const b = scene.exclusive("b", () => 2, { refreshCache: true });
    const [hasA, goesOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const first = transaction(async () => {
      await a();
      hasA.resolve();
      await goesOn.promise;
    });
    await hasA.promise;
    const second = transaction(async () => {
      await a();
      await pause(10);
      await b();
    });
    await pause(10);
    const third = transaction(async () => {
      await b();
      await a();
    });
    await pause(10);
    goesOn.resolve();
    await first;
    await expectOneRefused([second, third]);
    await scene.expectUnlocked("a", "b");
  }),
];

async function compute(scenes: readonly Scene[]): Promise<void> {
  let calls = 0;
  const load = async (i: number): Promise<string> => {
    const task = scenes[i % scenes.length]!.exclusive("a", async () => {
      calls += 1;
      await pause(5);
      return `call ${calls}`;
    });
    const state = await task.run();
    assert.equal(state.result(), "call 1");
    return state.name;
  };
  const names = await Promise.all(Array.from({ length: 30 }, (_, i) => load(i)));
  assert.equal(calls, 1);
  assert.equal(names.filter((name) => name === "Cached").length, 29);
  for (const scene of scenes) await scene.expectUnlocked("a");
}

/** Fails unless one of them is told that it would wait for ever, and the others end well. */
async function expectOneRefused(blocks: ReadonlyArray<Promise<unknown>>): Promise<void> {
  const errors = (await Promise.allSettled(blocks)).flatMap((each) =>
    each.status === "rejected" ? [each.reason] : [],
  );
  assert.equal(errors.length, 1, `Refused: ${errors.map(String).join(", ")}`);
  assert.ok(errors[0] instanceof LockError);
  expectLockError(errors[0], "OXBOW_LOCK_DEADLOCK");
}
