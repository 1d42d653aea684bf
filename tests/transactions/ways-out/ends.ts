import { transaction } from "../../../src/authoring/transaction.ts";
import { withSettings } from "../../../src/authoring/with-settings.ts";
import { Fault, faulty } from "../../../src/testing/transaction-checks/faults.ts";
import { fail, keyed, way, type WayOut } from "./way.ts";

/** How the work itself ends, or its commit. */
export const ends: readonly WayOut[] = [
  way("the body of a task returns", "a", "Completed", (s) => s.exclusive("a", () => 1).run()),
  way("the body of a task throws", "a", "Failed", (s) => s.exclusive("a", fail).run()),
  way("a block returns", "key", "value", (s) => transaction(keyed(s), () => "value")),
  way("a block throws", "key", "Error", (s) => transaction(keyed(s), fail)),
  way("a block throws before it waits for anything", "key", "Error", (s) =>
    transaction(keyed(s), () => {
      throw new Error("fails");
    }),
  ),
  way("a value cannot be stored", "a", "Completed", (s) => s.exclusive<unknown>("a", () => () => 1).run()),
  way("a block's value cannot be stored", "key a", "TransactionCommitError OXBOW_COMMIT_FAILED", (s) =>
    transaction(keyed(s), async () => {
      await s.exclusive("a", () => 1)();
      return () => 1;
    }),
  ),
  way("the record of a task cannot be written", "a", "RolledBack", (s) =>
    faulty(s, new Fault(1, "before"), false)
      .exclusive("a", () => 1)
      .run(),
  ),
  way("the record of a task cannot be written, and caching is strict", "a", "Failed OXBOW_CACHING_FAILED", (s) =>
    withSettings({ caching: { strict: true } }, () =>
      faulty(s, new Fault(1, "before"), false)
        .exclusive("a", () => 1)
        .run(),
    ),
  ),
  way("the records of a block cannot be written", "key a", "TransactionCommitError OXBOW_COMMIT_FAILED", (s) => {
    const bad = faulty(s, new Fault(1, "after"), false);
    return transaction(keyed(bad), () => bad.exclusive("a", () => 1)());
  }),
  way("a task's commit hook throws", "a", "RolledBack", (s) => s.exclusive("a", () => 1, { onCommit: fail }).run()),
  way("a commit hook throws in a block", "key a b", "TransactionCommitError OXBOW_COMMIT_FAILED", (s) =>
    transaction(keyed(s), async () => {
      await s.exclusive("a", () => 1)();
      await s.exclusive("b", () => 1, { onCommit: fail })();
    }),
  ),
  way("a rollback hook throws", "key a b", "Error", (s) =>
    transaction(keyed(s), async () => {
      await s.exclusive("a", () => 1)();
      await s.exclusive("b", () => 1, { onRollback: fail })();
      return fail();
    }),
  ),
  way("what the body returns is refused by its schema", "a", "Failed OXBOW_VALIDATION_FAILED", (s) => {
    const issues = [{ message: "never good enough" }];
    const output = { "~standard": { version: 1, vendor: "test", validate: () => ({ issues }) } } as const;
    return s.exclusive("a", () => 1, { output }).run();
  }),
  way("a task that is NO_CACHE by its key function holds nothing", "", "Completed", (s) =>
    s.exclusive("a", () => 1, { cacheKeyFn: () => undefined }).run(),
  ),
];
