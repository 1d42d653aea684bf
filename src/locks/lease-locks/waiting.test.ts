import { describe, expect, it } from "vitest";
import { ScriptedMedium } from "../../../tests/fixtures/scripted-medium.ts";
import { TestClock } from "../../testing/test-clock.ts";
import { leaseLocks } from "../lease-locks.ts";
import type { Lease, LockManager } from "../lock-manager.ts";
import type { Claim, Grant } from "../lock-medium.ts";

function setUp(): { medium: ScriptedMedium; clock: TestClock; locks: LockManager } {
  const medium = new ScriptedMedium();
  const clock = new TestClock();
  return { medium, clock, locks: leaseLocks(medium, { clock }) };
}

const held = (lease: unknown): Lease => lease as Lease;
const refuse = (): undefined => undefined;

/** The times at which a medium is asked, in milliseconds from now. */
function timesOf(medium: ScriptedMedium, clock: TestClock): number[] {
  const start = clock.now();
  const times: number[] = [];
  medium.onTry = () => void times.push(clock.now() - start);
  return times;
}

describe("leaseLocks(), waiting", () => {
  it("lets the first of the queue alone ask the medium, and nobody while the key is held here", async () => {
    const { medium, clock, locks } = setUp();
    const first = held(locks.acquire("key", "first"));
    const had: string[] = [];
    const waiting = ["a", "b", "c"].map(async (holder) => {
      const lease = held(await locks.acquire("key", holder));
      had.push(holder);
      await lease.release();
    });
    await clock.advance(1000);
    expect(medium.calls).toEqual(["try key"]);
    void first.release();
    await Promise.all(waiting);
    expect(had).toEqual(["a", "b", "c"]);
    expect(medium.claims.map(({ holder }) => holder)).toEqual(["first", "a", "b", "c"]);
    expect(medium.calls).toHaveLength(8);
  });

  it("gives all acquires of a holder the lock in its turn", async () => {
    const { clock, locks } = setUp();
    const first = held(locks.acquire("key", "first"));
    const waiting = ["a", "b", "a"].map((holder) => locks.acquire("key", holder));
    void first.release();
    const leases = [held(await waiting[0]), held(await waiting[2])];
    expect(leases.map(({ token }) => token)).toEqual([2, 2]);
    for (const lease of leases) void lease.release();
    await clock.advance(0);
    expect(await waiting[1]).toMatchObject({ token: 3 });
  });

  it("asks again at growing intervals, of 50 ms at most in the first second and of 250 ms later", async () => {
    const { medium, clock, locks } = setUp();
    const times = timesOf(medium, clock);
    void locks.acquire("key", "holder", { timeout: "20s" });
    await clock.advance(20_000);
    const gaps = times.map((time, i) => time - (times[i - 1] ?? 0));
    const within = (from: number, to: number): number[] => gaps.filter((_, i) => times[i]! > from && times[i]! <= to);
    expect(times[0]).toBe(0);
    expect(times[1]).toBeLessThanOrEqual(1);
    expect(within(0, 20).length).toBeGreaterThan(4);
    expect(Math.max(...within(0, 1000))).toBeLessThanOrEqual(50);
    expect(Math.min(...within(300, 1000))).toBeGreaterThanOrEqual(25);
    expect(Math.max(...within(1000, 20_000))).toBeLessThanOrEqual(250);
    expect(Math.min(...within(3000, 20_000))).toBeGreaterThanOrEqual(125);
    expect(new Set(within(3000, 20_000)).size).toBeGreaterThan(10);
  });

  it("reserves the key after 20 ms for more than two intervals, each time under the same name", async () => {
    const { medium, clock, locks } = setUp();
    const start = clock.now();
    const asked: Array<Claim & { at: number }> = [];
    medium.onTry = (claim) => void asked.push({ ...claim, at: clock.now() - start });
    void locks.acquire("key", "holder", { timeout: "5s" });
    await clock.advance(5000);
    for (const { at, waiter, reserveMs } of asked) {
      expect(waiter).toBe(at > 20 ? asked.at(-1)!.waiter : undefined);
      expect(reserveMs).toBe(at <= 20 ? undefined : at < 1000 ? 200 : 550);
    }
    medium.onTry = refuse;
    const other = leaseLocks(medium, { clock });
    void other.acquire("key", "holder", { timeout: "1s" });
    await clock.advance(1000);
    expect(medium.claims.at(-1)!.waiter).not.toBe(asked.at(-1)!.waiter);
  });

  it("asks once and reserves nothing with the time-out 0", async () => {
    const { medium, clock, locks } = setUp();
    medium.onTry = refuse;
    expect(locks.acquire("key", "holder", { timeout: 0 })).toBeUndefined();
    medium.onTry = () => Promise.resolve(undefined);
    expect(await locks.acquire("key", "holder", { timeout: "0s" })).toBeUndefined();
    expect(medium.claims.map(({ waiter }) => waiter)).toEqual([undefined, undefined]);
    expect(clock.pending).toBe(0);
  });

  it("does not even ask with the time-out 0 where others hold it or wait here", async () => {
    const { medium, clock, locks } = setUp();
    const lease = held(locks.acquire("held", "holder"));
    expect(locks.acquire("held", "another", { timeout: 0 })).toBeUndefined();
    medium.onTry = refuse;
    const waiting = locks.acquire("wanted", "holder", { timeout: "1s" });
    expect(locks.acquire("wanted", "another", { timeout: 0 })).toBeUndefined();
    let released = (_: boolean): void => undefined;
    medium.onRelease = () => new Promise((resolve) => (released = resolve));
    const releasing = lease.release();
    expect(locks.acquire("held", "another", { timeout: 0 })).toBeUndefined();
    released(true);
    expect(await releasing).toBe(true);
    await clock.advance(1000);
    expect(await waiting).toBeUndefined();
  });

  it("subscribes after the first refusal and asks once more before it waits", async () => {
    const { medium, clock, locks } = setUp();
    medium.canWake();
    medium.onTry = refuse;
    const waiting = locks.acquire("key", "holder");
    expect(medium.calls).toEqual(["try key", "subscribe key", "try key"]);
    await clock.advance(100);
    medium.onTry = (claim) => medium.grant(claim);
    medium.wakeAll();
    expect(await waiting).toMatchObject({ token: 1 });
    expect(medium.calls).toHaveLength(4);
    expect(medium.wakes.size).toBe(0);
  });

  it("looks by itself every 250 ms at least, since wake-ups can be lost", async () => {
    const { medium, clock, locks } = setUp();
    medium.canWake();
    const times = timesOf(medium, clock);
    void locks.acquire("key", "holder", { timeout: "5s" });
    await clock.advance(5000);
    const gaps = times.slice(2).map((time, i) => time - times[i + 1]!);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(250);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(125);
    expect(medium.wakes.size).toBe(0);
  });

  it("asks again where it is woken during an operation", async () => {
    const { medium, clock, locks } = setUp();
    medium.canWake();
    medium.onTry = refuse;
    const waiting = locks.acquire("key", "holder");
    let answer = (_: Grant | undefined): void => undefined;
    medium.onTry = () => new Promise((resolve) => (answer = resolve));
    medium.wakeAll();
    medium.wakeAll();
    medium.onTry = (claim) => medium.grant(claim);
    answer(undefined);
    await clock.advance(0);
    expect(await waiting).toMatchObject({ token: 1 });
  });

  it("keeps one subscription for all who come after one another", async () => {
    const { medium, clock, locks } = setUp();
    medium.canWake();
    medium.onTry = refuse;
    const waiting = ["a", "b", "c"].map((holder) => locks.acquire("key", holder, { timeout: "100 ms" }));
    await clock.advance(100);
    expect(await Promise.all(waiting)).toEqual([undefined, undefined, undefined]);
    expect(medium.calls.filter((call) => call.startsWith("subscribe"))).toHaveLength(1);
    expect(medium.wakes.size).toBe(0);
    expect(clock.pending).toBe(0);
  });

  it("lets the next one ask at once where the first has left, also one that was just woken", async () => {
    const { medium, clock, locks } = setUp();
    medium.canWake();
    medium.onTry = refuse;
    const controller = new AbortController();
    const leaving = locks.acquire("key", "first", { signal: controller.signal });
    const next = locks.acquire("key", "next");
    let answer = (_: Grant | undefined): void => undefined;
    medium.onTry = () => new Promise((resolve) => (answer = resolve));
    medium.wakeAll();
    controller.abort("enough");
    await expect(leaving).rejects.toBe("enough");
    medium.onTry = (claim) => medium.grant(claim);
    answer(undefined);
    await clock.advance(0);
    expect(await next).toMatchObject({ holder: "next" });
  });

  it("gives back what is granted to one who has left, before the next one asks", async () => {
    const { medium, clock, locks } = setUp();
    let answer = (): void => undefined;
    medium.onTry = (claim) => new Promise((resolve) => (answer = () => resolve(medium.grant(claim))));
    const leaving = locks.acquire("key", "first", { timeout: "1s" });
    const next = locks.acquire("key", "next");
    await clock.advance(1000);
    expect(await leaving).toBeUndefined();
    medium.onTry = (claim) => medium.grant(claim);
    answer();
    expect(await next).toMatchObject({ holder: "next", token: 2 });
    expect(medium.calls).toEqual(["try key", "release key", "try key"]);
    expect(medium.released).toEqual([1]);
  });

  it("tells an error of the medium to the one who asked, and lets the next one ask", async () => {
    const { medium, clock, locks } = setUp();
    const first = held(locks.acquire("key", "first"));
    const waiting = ["a", "b"].map((holder) => locks.acquire("key", holder));
    medium.onTry = (claim) => {
      if (claim.holder === "a") throw new Error("ECONNRESET");
      return medium.grant(claim);
    };
    const failing = (async () => waiting[0])().catch((error: unknown) => error);
    void first.release();
    expect(await failing).toMatchObject({ code: "OXBOW_LOCK_FAILED", key: "key" });
    await clock.advance(0);
    expect(await waiting[1]).toMatchObject({ holder: "b" });
  });

  it("fails where it cannot subscribe", async () => {
    const { medium, clock, locks } = setUp();
    medium.onTry = refuse;
    medium.subscribe = () => Promise.reject(new Error("LISTEN is not supported"));
    await expect(locks.acquire("key", "holder")).rejects.toThrow("LISTEN is not supported");
    medium.onLook = () => ({ holder: "another", token: 1 });
    await expect(locks.wait("key")).rejects.toThrow("LISTEN is not supported");
    expect(clock.pending).toBe(0);
  });

  it("sends 10,000 waiters away in order where the medium fails", async () => {
    const { medium, locks } = setUp();
    const first = held(locks.acquire("key", "first"));
    const waiting = Array.from({ length: 10_000 }, async (_, i) => locks.acquire("key", `holder ${i}`));
    medium.onTry = () => {
      throw new Error("ECONNRESET");
    };
    const failing = Promise.allSettled(waiting);
    await new Promise((resolve) => setImmediate(resolve));
    void first.release();
    const ends = await failing;
    expect(new Set(ends.map(({ status }) => status))).toEqual(new Set(["rejected"]));
  });

  it("only looks in wait(), each one by itself", async () => {
    const { medium, clock, locks } = setUp();
    medium.canWake();
    expect(locks.wait("key")).toBe(true);
    medium.onLook = () => ({ holder: "another", token: 1 });
    const waiting = [locks.wait("key"), locks.wait("key", { timeout: "1s" })];
    expect(medium.calls.filter((call) => call === "look key")).toHaveLength(5);
    await clock.advance(1000);
    expect(await waiting[1]).toBe(false);
    medium.onLook = refuse;
    medium.wakeAll();
    expect(await waiting[0]).toBe(true);
    expect(medium.wakes.size).toBe(0);
    expect(clock.pending).toBe(0);
    expect(medium.claims).toEqual([]);
  });
});
