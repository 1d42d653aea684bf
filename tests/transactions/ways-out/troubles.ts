import { setTimeout as sleep } from "node:timers/promises";
import { task } from "../../../src/authoring/task.ts";
import { transaction } from "../../../src/authoring/transaction.ts";
import type { LockManager } from "../../../src/locks/lock-manager.ts";
import type { State } from "../../../src/states/state.ts";
import { Scene } from "../../../src/testing/transaction-checks/scene.ts";
import { begun, fail, keyed, way, whileHeld, type WayOut } from "./way.ts";

/** Trouble with locks, and with work beside and after the transaction. */
export const troubles: readonly WayOut[] = [
  way("the medium fails for the second lock", "key a", "Failed", async (s) => {
    const broken = refusing(s, "b");
    const states: State[] = [];
    const block = transaction(keyed(broken), async () => {
      await broken.exclusive("a", () => 1)();
      states.push(await broken.exclusive("b", () => 1).run());
    });
    await block.catch(() => undefined);
    return states[0];
  }),
  way("the lock manager is closed while a task holds its lock", "a", "RolledBack", async (s) => {
    const gate = Promise.withResolvers<void>();
    const { future } = await begun(s, "a", () => gate.promise);
    await s.locks.close();
    gate.resolve();
    return future.state();
  }),
  way("a deadlock is refused", "a b", "LockError OXBOW_LOCK_DEADLOCK", async (s) => {
    const [hasA, hasB] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const first = transaction(async () => {
      await s.exclusive("a", () => 1)();
      hasA.resolve();
      await hasB.promise;
      await s.exclusive("b", () => 1)();
    });
    const second = transaction(async () => {
      await hasA.promise;
      await s.exclusive("b", () => 1)();
      hasB.resolve();
      await s.exclusive("a", () => 1)();
    });
    const ends = await Promise.allSettled([first, second]);
    return Promise.reject(ends.find((each) => each.status === "rejected")!.reason);
  }),
  way("a transaction is rolled back while work in it waits for a lock", "key a", "Error", (s, other) =>
    whileHeld(other, async (letGo) => {
      const block = transaction(keyed(s), async () => {
        s.exclusive("a", () => 1).submit();
        await sleep(5);
        return fail();
      });
      const watched = block.catch(() => undefined);
      await sleep(20);
      await letGo();
      await watched;
      return block;
    }),
  ),
  way("a transaction is rolled back while work in it holds a lock", "key a b", "Error", (s) =>
    transaction(keyed(s), async () => {
      await s.exclusive("b", () => 1)();
      s.exclusive("a", () => sleep(20)).submit();
      await sleep(5);
      return fail();
    }),
  ),
  way("one of a map fails", "key a", "Error", (s) =>
    transaction(keyed(s), async () => {
      const each = task("each", async (i: number) => (i === 3 ? fail() : s.exclusive("a", () => sleep(1))()));
      await each.map([1, 2, 3, 4]).all();
    }),
  ),
  way("a commit hook calls a task under a lock", "a b", "Completed", (s) =>
    s.exclusive("a", () => 1, { onCommit: () => s.exclusive("b", () => 1)() }).run(),
  ),
  way("a commit hook inside a transaction calls a task under a lock", "key a b", "value", (s) =>
    transaction(keyed(s), async () => {
      await s.exclusive("a", () => 1, { onCommit: () => s.exclusive("b", () => 1)() })();
      return "value";
    }),
  ),
  way("a rollback hook inside a transaction calls a task under a lock", "key a b", "Error", (s) =>
    transaction(keyed(s), async () => {
      await s.exclusive("a", () => 1, { onRollback: () => s.exclusive("b", () => 1)() })();
      return fail();
    }),
  ),
];

/** The same locks, of which one key cannot be had at all. */
function refusing({ parts }: Scene, refused: string): Scene {
  const lockManager = new Proxy(parts.lockManager, {
    get(target, name) {
      if (name === "acquire") {
        return (...args: Parameters<LockManager["acquire"]>) => {
          if (args[0] === refused) throw new TypeError("the medium is broken");
          return target.acquire(...args);
        };
      }
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
  return new Scene({ ...parts, lockManager });
}
