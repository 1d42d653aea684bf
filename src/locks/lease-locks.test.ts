import { describe, expect, it } from "vitest";
import { ScriptedMedium } from "../../tests/fixtures/scripted-medium.ts";
import { systemClock } from "../kernel/clock.ts";
import { ConfigurationError, LockError, OxbowError } from "../kernel/errors.ts";
import { lockSuite } from "../testing/lock-suite.ts";
import { TestClock } from "../testing/test-clock.ts";
import { leaseLocks } from "./lease-locks.ts";
import type { Lease, LockManager } from "./lock-manager.ts";
import { MemoryMedium } from "./memory.ts";

/** A good medium as a server would be: it answers later, and wakes nobody. */
lockSuite({ describe, it }, "leaseLocks() on a medium that answers late", (options) => {
  const good = new MemoryMedium(systemClock);
  const late = async <T>(operation: () => T): Promise<T> => {
    await new Promise((resolve) => setImmediate(resolve));
    const answer = operation();
    await new Promise((resolve) => setImmediate(resolve));
    return answer;
  };
  const medium = {
    kind: good.kind,
    location: good.location,
    tryAcquire: (...asked: Parameters<typeof good.tryAcquire>) => late(() => good.tryAcquire(...asked)),
    renew: (...asked: Parameters<typeof good.renew>) => late(() => good.renew(...asked)),
    release: (...asked: Parameters<typeof good.release>) => late(() => good.release(...asked)),
    look: (key: string) => late(() => good.look(key)),
    close: () => late(() => undefined),
  };
  return { locks: leaseLocks(medium, options), another: () => leaseLocks(medium, { lease: options.lease }) };
});

function setUp(lease: "30s" | "900 ms" = "30s"): { medium: ScriptedMedium; clock: TestClock; locks: LockManager } {
  const medium = new ScriptedMedium();
  const clock = new TestClock();
  return { medium, clock, locks: leaseLocks(medium, { lease, clock }) };
}

const failed = expect.objectContaining({ code: "OXBOW_LOCK_FAILED" }) as unknown;
const held = (lease: unknown): Lease => lease as Lease;

describe("leaseLocks()", () => {
  it("takes one operation to acquire and one to release, without a promise where the medium needs none", () => {
    const { medium, clock, locks } = setUp();
    const lease = held(locks.acquire("key", "holder"));
    expect(lease).toMatchObject({ key: "key", holder: "holder", token: 1 });
    expect(medium.claims).toEqual([{ key: "key", holder: "holder", leaseMs: 30_000 }]);
    expect(lease.confirm()).toBeUndefined();
    expect(lease.release()).toBe(true);
    expect(medium.calls).toEqual(["try key", "release key"]);
    for (let i = 0; i < 100; i += 1) void held(locks.acquire(`key ${i}`, "holder", { timeout: "5s" })).release();
    expect(clock.pending).toBe(1);
  });

  it("asks the medium nothing for a holder that comes again", () => {
    const { medium, locks } = setUp();
    const leases = [0, 1, 2].map(() => held(locks.acquire("key", "holder")));
    expect(leases.map((lease) => lease.release())).toEqual([true, true, true]);
    expect(medium.calls).toEqual(["try key", "release key"]);
  });

  it("names key, place and cause of what fails, and passes errors of locks on", () => {
    const { medium, locks } = setUp();
    const cause = new Error("ECONNREFUSED 127.0.0.1:6379");
    medium.onTry = () => {
      throw cause;
    };
    const failure = caught(() => locks.acquire("report", "holder"));
    expect(failure).toBeInstanceOf(LockError);
    expect(failure).toMatchObject({ code: "OXBOW_LOCK_FAILED", key: "report", cause });
    expect(failure).toHaveProperty("message", expect.stringMatching(/"report".*scripted at nowhere.*ECONNREFUSED/));
    expect(failure).toHaveProperty("hint", "look whether scripted at nowhere can be reached");
    medium.onLook = () => {
      throw new OxbowError("OXBOW_DRIVER_MISSING", "No ioredis", { hint: "npm install ioredis" });
    };
    expect(caught(() => locks.isLocked("x".repeat(10_000)))).toHaveProperty("hint", "npm install ioredis");
    const own = new LockError("OXBOW_LOCK_FAILED", "report", "own");
    medium.onTry = () => {
      throw own;
    };
    expect(caught(() => locks.acquire("report", "holder"))).toBe(own);
  });

  it.each([
    ["rejects", () => Promise.reject(new Error("ECONNRESET"))],
    [
      "throws",
      () => {
        throw new Error("ECONNRESET");
      },
    ],
  ])("says that a release has failed, and forgets the lock all the same, where the medium %s", async (_, onRelease) => {
    const { medium, locks } = setUp();
    medium.onRelease = onRelease;
    const lease = held(locks.acquire("key", "holder"));
    await expect(async () => lease.release()).rejects.toEqual(failed);
    expect(lease.release()).toBe(false);
    void locks.acquire("key", "holder");
    await expect(async () => locks.close()).rejects.toEqual(failed);
    expect(medium.calls.at(-1)).toBe("close");
    expect(locks.acquire("key", "another", { timeout: 0 })).toMatchObject({ token: 3 });
  });

  it("refuses options that it cannot mean", () => {
    const { medium, locks } = setUp();
    const invalid = expect.objectContaining({ code: "OXBOW_OPTION_INVALID" }) as unknown;
    expect(caught(() => leaseLocks(medium, { lease: "99 ms" }))).toEqual(invalid);
    expect(caught(() => leaseLocks(medium, { lease: 30 as never }))).toBeInstanceOf(ConfigurationError);
    expect(caught(() => locks.acquire("key", "holder", { timeout: 5 as never }))).toBeInstanceOf(ConfigurationError);
    expect(caught(() => locks.acquire("key", "holder", { holdTimeout: "0s" }))).toEqual(invalid);
    expect(caught(() => locks.acquire("key", "holder", { signal: {} as never }))).toEqual(invalid);
    expect(caught(() => locks.acquire("key", 7 as never))).toEqual(invalid);
    expect(medium.calls).toEqual([]);
  });

  it("closes the medium after all that is its own, and says what could not be let go", async () => {
    const { medium, locks } = setUp();
    medium.onRelease = (token) => (token === 1 ? Promise.reject(new Error("ECONNRESET")) : Promise.resolve(true));
    void locks.acquire("a", "holder");
    void locks.acquire("b", "holder");
    await expect(locks.close()).rejects.toEqual(failed);
    expect(medium.calls).toEqual(["try a", "try b", "release a", "release b", "close"]);
  });

  it("gives back what is granted while it is being closed", async () => {
    const { medium, clock, locks } = setUp();
    let answer = (): void => undefined;
    medium.onTry = (claim) => new Promise((resolve) => (answer = () => resolve(medium.grant(claim))));
    const asking = (async () => locks.acquire("key", "holder"))().catch((error: unknown) => error);
    const closing = locks.close();
    expect(await asking).toEqual(failed);
    answer();
    await closing;
    expect(medium.calls).toEqual(["try key", "release key", "close"]);
    expect(clock.pending).toBe(0);
  });
});

function caught(operation: () => unknown): unknown {
  try {
    operation();
  } catch (error) {
    return error;
  }
  return undefined;
}
