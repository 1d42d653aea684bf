import { getTransaction, transaction } from "../../../src/authoring/transaction.ts";
import type { Scene } from "../../../src/testing/transaction-checks/scene.ts";
import type { CommitMode } from "../../../src/transactions/transaction.ts";
import { fail, keyed, way, type WayOut } from "./way.ts";

/** In a transaction within another one. */
export function nested(commitMode: CommitMode): readonly WayOut[] {
  const both = (s: Scene, inner: () => Promise<unknown>, outer: () => unknown = () => "value"): Promise<unknown> =>
    transaction(async () => {
      await s.exclusive("b", () => 1)();
      await transaction({ ...keyed(s), commitMode }, async () => {
        await s.exclusive("a", () => 1)();
        await inner();
      });
      return outer();
    });
  return [
    way(`nested, ${commitMode}, and all goes well`, "b key a", "value", (s) => both(s, async () => undefined)),
    way(`nested, ${commitMode}, and the inside fails`, "b key a", "Error", (s) => both(s, fail)),
    way(`nested, ${commitMode}, and the outside fails`, "b key a", "Error", (s) =>
      both(s, async () => undefined, fail),
    ),
    way(
      `nested, ${commitMode}, and the outside takes the failure`,
      "b key a",
      "TransactionCommitError OXBOW_COMMIT_FAILED",
      (s) =>
        transaction(async () => {
          await s.exclusive("b", () => 1)();
          const inner = transaction({ ...keyed(s), commitMode }, () => s.exclusive("a", fail)());
          await inner.catch(() => undefined);
        }),
    ),
    way(`nested, ${commitMode}, and committed by hand`, "b key a", "Error", (s) =>
      both(s, async () => getTransaction()!.commit(), fail),
    ),
    way(`the record was there already, ${commitMode}, and the block throws`, "key", "Error", async (s) => {
      await s.store.write("key", 1);
      return transaction({ ...keyed(s), commitMode }, fail);
    }),
    way(
      `the record was there already, ${commitMode}, and the transaction around fails`,
      "b key",
      "Error",
      async (s) => {
        await s.store.write("key", 1);
        return transaction(async () => {
          await s.exclusive("b", () => 1)();
          await transaction({ ...keyed(s), commitMode }, () => 2);
          return fail();
        });
      },
    ),
  ];
}
