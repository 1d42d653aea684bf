import { afterEach, describe, expect, it, vi } from "vitest";
import { ScriptedMedium } from "../../../tests/fixtures/scripted-medium.ts";
import type { OxbowError } from "../../kernel/errors.ts";
import { TestClock } from "../../testing/test-clock.ts";
import { leaseLocks } from "../lease-locks.ts";
import type { Lease, LockManager } from "../lock-manager.ts";

function setUp(lease: "30s" | "900 ms" = "30s"): { medium: ScriptedMedium; clock: TestClock; locks: LockManager } {
  const medium = new ScriptedMedium();
  const clock = new TestClock();
  return { medium, clock, locks: leaseLocks(medium, { lease, clock }) };
}

afterEach(() => {
  vi.restoreAllMocks();
});

const lost = expect.objectContaining({ code: "OXBOW_LOCK_LOST" }) as unknown;
const failed = expect.objectContaining({ code: "OXBOW_LOCK_FAILED" }) as unknown;
const held = (lease: unknown): Lease => lease as Lease;

describe("leaseLocks(), holding", () => {
  it("extends all leases by one timer, each once in half a lease at least", async () => {
    const { medium, clock, locks } = setUp();
    void locks.acquire("a", "holder");
    await clock.advance(6000);
    void locks.acquire("b", "holder");
    expect(clock.pending).toBe(1);
    await clock.advance(4000);
    expect(medium.calls).toEqual(["try a", "try b", "renew a"]);
    await clock.advance(10_000);
    expect(clock.pending).toBe(1);
    expect(medium.calls.slice(3)).toEqual(["renew a", "renew b"]);
    await clock.advance(300_000);
    expect(medium.calls.length).toBeGreaterThan(60);
    expect(new Set(medium.renewals)).toEqual(new Set([30_000]));
  });

  it("sets no timer any more when nothing is held", async () => {
    const { clock, locks } = setUp();
    void held(locks.acquire("a", "holder")).release();
    await clock.advance(10_000);
    expect(clock.pending).toBe(0);
  });

  it("knows a lock as lost as soon as the medium says so, and lets the next one ask", async () => {
    const { medium, clock, locks } = setUp();
    const lease = held(locks.acquire("key", "holder"));
    const next = locks.acquire("key", "another");
    medium.onRenew = () => false;
    await clock.advance(10_000);
    expect(lease.signal.reason).toEqual(lost);
    expect(() => lease.confirm()).toThrow(lease.signal.reason as Error);
    expect(lease.release()).toBe(false);
    expect(await next).toMatchObject({ token: 2 });
    expect(medium.released).toEqual([]);
  });

  it.each(["throws", "rejects", "never answers"])(
    "keeps a lock while its medium %s, until the lease is over",
    async (how) => {
      const { medium, clock, locks } = setUp();
      const lease = held(locks.acquire("key", "holder"));
      medium.onRenew = () => {
        if (how === "never answers") return new Promise(() => undefined);
        if (how === "rejects") return Promise.reject(new Error("ECONNREFUSED"));
        throw new Error("ECONNREFUSED");
      };
      await clock.advance(29_999);
      expect(lease.signal.aborted).toBe(false);
      expect(medium.renewals).toHaveLength(how === "never answers" ? 1 : 2);
      await clock.advance(1);
      expect(lease.signal.reason).toEqual(lost);
      expect((lease.signal.reason as OxbowError).message).toContain("within its lease of 30 s");
      await clock.advance(60_000);
      expect(clock.pending).toBe(0);
    },
  );

  it("goes on with a lock whose medium came back in time", async () => {
    const { medium, clock, locks } = setUp();
    const lease = held(locks.acquire("key", "holder"));
    medium.onRenew = () => Promise.reject(new Error("ECONNREFUSED"));
    await clock.advance(10_000);
    medium.onRenew = () => Promise.resolve(true);
    await clock.advance(600_000);
    expect(lease.signal.aborted).toBe(false);
    expect(await lease.release()).toBe(true);
  });

  it("counts a lease from before its operation was sent", async () => {
    const { medium, clock, locks } = setUp();
    let answer = (_: boolean): void => undefined;
    const lease = held(locks.acquire("key", "holder"));
    medium.onRenew = () => new Promise((resolve) => (answer = resolve));
    await clock.advance(25_000);
    answer(true);
    await clock.advance(14_999);
    expect(lease.signal.aborted).toBe(false);
    await clock.advance(1);
    expect(lease.signal.reason).toEqual(lost);
    answer(true);
    await clock.advance(0);
    // Nobody has the use of what the second answer has extended.
    expect(medium.released).toEqual([1]);
  });

  it("sees by itself that the lease is over where no timer could fire", () => {
    const clock = new TestClock();
    let now = 0;
    const frozen = { now: () => now, schedule: clock.schedule.bind(clock) };
    const medium = new ScriptedMedium();
    const locks = leaseLocks(medium, { clock: frozen });
    const [lease, other] = [held(locks.acquire("a", "holder")), held(locks.acquire("b", "holder"))];
    now = 30_000;
    expect(() => lease.confirm()).toThrow('The lock "a" is lost');
    expect(lease.signal.aborted).toBe(true);
    expect(other.release()).toBe(false);
    expect(medium.calls).toEqual(["try a", "try b"]);
    expect(locks.acquire("b", "another", { timeout: 0 })).toMatchObject({ token: 3 });
  });

  it.each([
    ["sleeps, so that one clock of the machine stands still", 40_000, 10],
    ["has its clock set back", -3_600_000, 40_000],
  ])("sees that the lease is over where the machine %s", (_, wallMs, steadyMs) => {
    const lease = held(leaseLocks(new ScriptedMedium()).acquire("key", "holder"));
    const [wall, steady] = [Date.now(), performance.now()];
    vi.spyOn(Date, "now").mockReturnValue(wall + wallMs);
    vi.spyOn(performance, "now").mockReturnValue(steady + steadyMs);
    expect(() => lease.confirm()).toThrow("is lost");
  });

  it("confirms by the medium unless that was done a moment ago", async () => {
    const { medium, clock, locks } = setUp();
    const lease = held(locks.acquire("key", "holder"));
    medium.onRenew = () => Promise.reject(new Error("ECONNREFUSED"));
    await clock.advance(9999);
    void lease.confirm();
    await clock.advance(1);
    await expect(lease.confirm()).rejects.toEqual(failed);
    medium.onRenew = () => Promise.resolve(true);
    await lease.confirm();
    medium.onRenew = () => Promise.resolve(false);
    await clock.advance(9999);
    void lease.confirm();
    await clock.advance(1);
    await expect(async () => lease.confirm()).rejects.toEqual(lost);
  });

  it("says of a lock that runs out while nobody can tell that it is lost", async () => {
    const { medium, clock, locks } = setUp();
    const [lease, other] = [held(locks.acquire("a", "holder")), held(locks.acquire("b", "holder"))];
    const failures: Array<(error: Error) => void> = [];
    medium.onRenew = () => {
      throw new Error("ECONNREFUSED");
    };
    await clock.advance(10_000);
    expect(caught(() => other.confirm())).toEqual(failed);
    medium.onRenew = () => new Promise((_, reject) => failures.push(reject));
    const confirming = (async () => lease.confirm())().catch((error: unknown) => error);
    await clock.advance(20_000);
    for (const fail of failures) fail(new Error("ETIMEDOUT"));
    expect(await confirming).toEqual(lost);
  });

  it("asks for no more than the hold time-out, and lets go when it is over", async () => {
    const { medium, clock, locks } = setUp();
    const lease = held(locks.acquire("key", "holder", { holdTimeout: "40.5s" }));
    await clock.advance(40_499);
    expect(medium.renewals).toEqual([30_000, 20_500]);
    expect(lease.signal.aborted).toBe(false);
    await clock.advance(1);
    expect(lease.signal.reason).toEqual(lost);
    expect(medium.released).toEqual([1]);
    held(locks.acquire("key", "holder", { holdTimeout: "2 ms" }));
    expect(medium.claims[1]).toMatchObject({ leaseMs: 2 });
    await clock.advance(2);
    expect(medium.released).toEqual([1, 2]);
  });

  it("extends a grant that was cut to a hold time-out for a lease without one", async () => {
    const { medium, clock, locks } = setUp();
    const short = held(locks.acquire("key", "holder", { holdTimeout: "1s" }));
    await clock.advance(500);
    const lease = held(locks.acquire("key", "holder"));
    expect(medium.renewals).toEqual([30_000]);
    await clock.advance(500);
    expect([short.signal.aborted, lease.signal.aborted]).toEqual([true, false]);
    expect(lease.release()).toBe(true);
  });

  it("lets who hears that a lease has ended ask for the lock at once", async () => {
    const { medium, clock, locks } = setUp();
    const again: unknown[] = [];
    const lease = held(locks.acquire("key", "holder", { holdTimeout: "1s" }));
    lease.signal.addEventListener("abort", () => again.push(locks.acquire("key", "holder")));
    await clock.advance(1000);
    expect(medium.calls).toEqual(["try key", "release key", "try key"]);
    expect(held(await again[0]).release()).toBe(true);
  });

  it("does not keep the process alive by its heartbeat", () => {
    const timers = (): number => process.getActiveResourcesInfo().filter((resource) => resource === "Timeout").length;
    const before = timers();
    const lease = held(leaseLocks(new ScriptedMedium()).acquire("key", "holder"));
    expect(timers()).toBe(before);
    void lease.release();
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
