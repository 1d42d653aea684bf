import { setTimeout as sleep } from "node:timers/promises";
import { withSettings } from "../../../src/authoring/with-settings.ts";
import { transaction } from "../../../src/authoring/transaction.ts";
import type { State } from "../../../src/states/state.ts";
import { aborted, fail, forever, keyed, way, type WayOut } from "./way.ts";

/** Attempts, time-outs, waits that become hits. */
export const attempts: readonly WayOut[] = [
  way("a refresh", "a", "Completed", async (s) => {
    await s.store.write("a", 1);
    return s.exclusive("a", () => 2, { refreshCache: true }).run();
  }),
  way("a retry that succeeds", "a", "Completed", (s) => {
    let calls = 0;
    const flaky = s.exclusive("a", async () => ((calls += 1) < 3 ? fail() : calls), { retries: 2, retryDelay: "1ms" });
    return flaky.run();
  }),
  way("retries that do not help, with locks inside", "a b", "Failed", (s) =>
    s
      .exclusive(
        "a",
        async () => {
          await s.exclusive("b", () => 1)();
          return fail();
        },
        { retries: 2 },
      )
      .run(),
  ),
  way("an attempt takes too long and listens to nobody", "a", "TimedOut OXBOW_TIMED_OUT", (s) =>
    s.exclusive("a", forever, { timeout: "20ms" }).run(),
  ),
  way("an attempt takes too long, and listens", "a", "TimedOut OXBOW_TIMED_OUT", (s) =>
    s.exclusive("a", () => aborted(), { timeout: "20ms" }).run(),
  ),
  way("an attempt takes too long, and the next one does not", "a b", "Completed", (s) => {
    let calls = 0;
    const body = async (): Promise<unknown> => {
      await s.exclusive("b", () => 1)();
      return (calls += 1) === 1 ? forever() : calls;
    };
    return s.exclusive("a", body, { timeout: "100ms", retries: 1 }).run();
  }),
  way("time is over while a task inside holds a lock", "a b", "TimedOut OXBOW_TIMED_OUT", (s) =>
    s.exclusive("a", () => s.exclusive("b", forever)(), { timeout: "50ms" }).run(),
  ),
  way("a body whose time is over goes on, and asks for a lock", "a", "TimedOut OXBOW_TIMED_OUT", async (s) => {
    const later: Array<Promise<State>> = [];
    const body = async (): Promise<void> => {
      await sleep(60);
      later.push(s.exclusive("b", forever).run());
      return forever();
    };
    const state = await s.exclusive("a", body, { timeout: "20ms" }).run();
    while (later.length === 0) await sleep(5);
    await later[0];
    return state;
  }),
  way("a hit after a wait", "a", "Cached", async (s) => {
    const load = s.exclusive("a", () => sleep(10));
    const states = await Promise.all([load.run(), load.run(), load.run()]);
    return states.find(({ name }) => name === "Cached");
  }),
  way(
    "equal calls in one transaction, the first of which fails",
    "key a",
    "TransactionCommitError OXBOW_COMMIT_FAILED",
    (s) => {
      let calls = 0;
      const flaky = s.exclusive("a", async () => {
        await sleep(1);
        return (calls += 1) === 1 ? fail() : calls;
      });
      return transaction(keyed(s), async () => void (await Promise.allSettled([flaky(), flaky(), flaky()])));
    },
  ),
  way("equal calls in one transaction, with a time to acquire", "key a", "value", (s) =>
    withSettings({ locks: { acquireTimeout: "10s" } }, () =>
      transaction(keyed(s), async () => {
        const load = s.exclusive("a", () => sleep(5));
        await Promise.all([load(), load()]);
        return "value";
      }),
    ),
  ),
  way(
    "equal calls in one transaction, and the time to acquire is over",
    "key a",
    "LockError OXBOW_LOCK_TIMED_OUT",
    (s) =>
      withSettings({ locks: { acquireTimeout: "20ms" } }, () =>
        transaction(keyed(s), async () => {
          const load = s.exclusive("a", () => sleep(60));
          await Promise.all([load(), load()]);
        }),
      ),
  ),
];
