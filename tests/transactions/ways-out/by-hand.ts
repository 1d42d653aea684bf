import { getTransaction, transaction } from "../../../src/authoring/transaction.ts";
import { fail, keyed, way, type WayOut } from "./way.ts";

/** Committed or rolled back by hand. */
export const byHand: readonly WayOut[] = [
  way("a block is rolled back by hand", "key a", "value", (s) =>
    transaction(keyed(s), async (txn) => {
      await s.exclusive("a", () => 1)();
      await txn.rollback();
      return "value";
    }),
  ),
  way("a block is rolled back by hand, goes on and throws", "key a b", "Error", (s) =>
    transaction(keyed(s), async (txn) => {
      await s.exclusive("a", () => 1)();
      await txn.rollback();
      await s.exclusive("b", () => 1)();
      return fail();
    }),
  ),
  way("nobody waits for a rollback by hand", "key a", "value", (s) =>
    transaction(keyed(s), async (txn) => {
      await s.exclusive("a", () => 1)();
      void txn.rollback();
      return "value";
    }),
  ),
  way("a task rolls itself back", "a", "RolledBack", (s) => {
    const load = s.exclusive("a", async () => getTransaction()!.rollback());
    return load.run();
  }),
  way("a task inside a block rolls all back", "key a b", "value", (s) =>
    transaction(keyed(s), async () => {
      await s.exclusive("a", () => 1)();
      await s.exclusive("b", async () => getTransaction()!.rollback())();
      return "value";
    }),
  ),
  way("a block is committed by hand", "key a", "value", (s) =>
    transaction(keyed(s), async (txn) => {
      await s.exclusive("a", () => 1)();
      await txn.commit();
      return "value";
    }),
  ),
  way("a block is committed by hand, goes on and throws", "key a b", "Error", (s) =>
    transaction(keyed(s), async (txn) => {
      await s.exclusive("a", () => 1)();
      await txn.commit();
      await s.exclusive("b", () => 1)();
      return fail();
    }),
  ),
  way("a task commits itself before its end", "a", "Completed", (s) => {
    const load = s.exclusive("a", async () => getTransaction()!.commit());
    return load.run();
  }),
];
