import { setTimeout as sleep } from "node:timers/promises";
import { flow } from "../../../src/authoring/flow.ts";
import { task } from "../../../src/authoring/task.ts";
import { transaction } from "../../../src/authoring/transaction.ts";
import { withSettings } from "../../../src/authoring/with-settings.ts";
import { aborted, begun, fail, forever, keyed, signalling, way, whileHeld, type WayOut } from "./way.ts";

/** Cut off from outside: cancelled, or out of time. */
export const cuts: readonly WayOut[] = [
  way("a future is cancelled while its body listens to nobody", "a", "Cancelled OXBOW_CANCELLED", async (s) => {
    const { future } = await begun(s, "a", forever);
    future.cancel();
    return future.state();
  }),
  way("a future is cancelled while its body listens", "a", "Cancelled OXBOW_CANCELLED", async (s) => {
    const { future } = await begun(s, "a", aborted);
    future.cancel();
    return future.state();
  }),
  way("a future is cancelled while it waits for the lock", "", "Cancelled OXBOW_CANCELLED", (s, other) =>
    whileHeld(other, async () => {
      const future = s.exclusive("a", forever).submit();
      await sleep(5);
      future.cancel();
      return future.state();
    }),
  ),
  way("a future is cancelled before it begins", "", "Cancelled OXBOW_CANCELLED", (s) => {
    const future = s
      .exclusive("a", () => 1)
      .withOptions({ waitFor: [] })
      .submit();
    future.cancel();
    return future.state();
  }),
  way("a flow is cancelled while a task of it holds a lock", "a", "Cancelled OXBOW_CANCELLED", async (s) => {
    const { started, body } = signalling(forever);
    const inner = flow("inner", () => s.exclusive("a", body)());
    const future = task("outer", () => inner()).submit();
    await started;
    future.cancel();
    return future.state();
  }),
  way("a flow is cancelled while a task of it waits for a lock", "b", "Cancelled OXBOW_CANCELLED", (s, other) =>
    whileHeld(other, async () => {
      const inner = flow("inner", () => s.exclusive("b", () => s.exclusive("a", forever)())());
      const future = task("outer", () => inner()).submit();
      await sleep(20);
      future.cancel();
      return future.state();
    }),
  ),
  way("a flow fails while a task of it, that nobody waits for, holds a lock", "a", "Failed", (s) => {
    const inner = flow("inner", async () => {
      s.exclusive("a", () => sleep(20)).submit();
      await sleep(5);
      return fail();
    });
    return inner.run();
  }),
  way("the time of a flow is over while a task of it holds a lock", "a", "TimedOut OXBOW_TIMED_OUT", (s) =>
    flow("slow", { timeout: "50ms" }, () => s.exclusive("a", forever)()).run(),
  ),
  way("the time of a flow is over while a block of it waits for a lock", "b", "TimedOut OXBOW_TIMED_OUT", (s, other) =>
    whileHeld(other, () =>
      flow("slow", { timeout: "50ms" }, () =>
        transaction(async () => {
          await s.exclusive("b", () => 1)();
          await transaction({ ...keyed(s), key: "a" }, forever);
        }),
      ).run(),
    ),
  ),
  way("a flow that fails undoes its tasks inside a transaction", "key a", "Error", (s) =>
    transaction(keyed(s), () =>
      flow("inner", async () => {
        await s.exclusive("a", () => 1)();
        return fail();
      })(),
    ),
  ),
  way("the time to acquire is over, for a task", "b", "Failed OXBOW_LOCK_TIMED_OUT", (s, other) =>
    whileHeld(other, () =>
      withSettings({ locks: { acquireTimeout: "20ms" } }, () =>
        s.exclusive("b", () => s.exclusive("a", forever)()).run(),
      ),
    ),
  ),
  way("the time to acquire is over, for a block", "key", "LockError OXBOW_LOCK_TIMED_OUT", (s, other) =>
    whileHeld(other, () =>
      withSettings({ locks: { acquireTimeout: "20ms" } }, () =>
        transaction(keyed(s), () => transaction({ ...keyed(s), key: "a" }, forever)),
      ),
    ),
  ),
];
