/*
 * What the lock media of one machine promise, looked at directly: what lock-medium.ts says. What follows from it for lock managers is
 * judged by `lockSuite`, and by holder-checks.ts among processes.
 */
import { rmSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Grant, LockMedium } from "../../src/locks/lock-medium.ts";
import { awkwardKeys } from "../../src/testing/storage-checks/keys.ts";
import { acquire, granted, leaseMs, type OpenMedium, TwoMedia } from "./two-media.ts";

export function mediumChecks(name: string, open: OpenMedium): void {
  const at = new TwoMedia(open);

  const acquireWaiting = async (by: LockMedium, waiter: string, reserveMs = 200): Promise<Grant | undefined> =>
    by.tryAcquire({ key: "key", holder: waiter, leaseMs, waiter, reserveMs });

  describe(`${name}: grants`, () => {
    it("go to one at a time", async () => {
      const grant = await granted(at.medium, "key", "one");
      expect(grant.holder).toBe("one");
      expect(await acquire(at.other, "key", "two")).toBeUndefined();
      expect(await acquire(at.medium, "key", "one"), "Whoever asks").toBeUndefined();
      expect(await at.medium.release("key", grant.token)).toBe(true);
      expect((await granted(at.other, "key", "two")).holder).toBe("two");
    });

    it("are seen by all", async () => {
      expect(await at.medium.look("key")).toBeUndefined();
      const grant = await granted(at.medium, "key", "one");
      expect(await at.other.look("key")).toEqual(grant);
      expect(await at.other.look("another key")).toBeUndefined();
      await at.medium.release("key", grant.token);
      expect(await at.other.look("key")).toBeUndefined();
    });

    it("end with their lease, and are extended by a renewal", async () => {
      const { token } = await granted(at.medium);
      at.clock.pass(leaseMs - 1);
      expect(await acquire(at.other)).toBeUndefined();
      expect(await at.medium.renew("key", token, leaseMs)).toBe(true);
      at.clock.pass(leaseMs - 1);
      expect(await at.other.look("key")).toMatchObject({ token });
      expect(await acquire(at.other)).toBeUndefined();
      at.clock.pass(1);
      expect(await at.other.look("key")).toBeUndefined();
      expect(await acquire(at.other)).toBeDefined();
    });

    it("are not extended or released any more once they have expired", async () => {
      const { token } = await granted(at.medium);
      at.clock.pass(leaseMs);
      expect(await at.medium.renew("key", token, leaseMs)).toBe(false);
      expect(await at.medium.release("key", token)).toBe(false);
      expect(await acquire(at.other)).toBeDefined();
    });

    it("are left alone by those who were taken over", async () => {
      const { token } = await granted(at.medium, "key", "one");
      at.clock.pass(leaseMs);
      const second = await granted(at.other, "key", "two");
      expect(await at.medium.renew("key", token, leaseMs)).toBe(false);
      expect(await at.medium.release("key", token)).toBe(false);
      expect(await at.medium.look("key")).toEqual(second);
      expect(await at.other.renew("key", second.token, leaseMs)).toBe(true);
      expect(await at.other.release("key", second.token)).toBe(true);
      expect(await at.other.release("key", second.token)).toBe(false);
    });

    it("may be made shorter by a renewal", async () => {
      const { token } = await granted(at.medium);
      expect(await at.medium.renew("key", token, 10)).toBe(true);
      at.clock.pass(10);
      expect(await acquire(at.other)).toBeDefined();
    });

    it("are told apart by their keys, whatever these are", async () => {
      const keys = [
        ...awkwardKeys,
        "é".normalize("NFC"),
        "é".normalize("NFD"),
        "x".repeat(10_000),
        `${"x".repeat(9_999)}y`,
      ];
      const distinct = [...new Set(keys)];
      const tokens: number[] = [];
      for (const key of distinct) tokens.push((await granted(at.medium, key, key)).token);
      for (const [i, key] of distinct.entries())
        expect(await at.other.look(key)).toEqual({ holder: key, token: tokens[i] });
      for (const [i, key] of distinct.entries()) expect(await at.other.release(key, tokens[i]!)).toBe(true);
    });

    it("have any text for a holder", async () => {
      for (const holder of ["", "\0", "a\0b", "\ud800", '"', "\n", "é😀", "x".repeat(100_000)]) {
        const { token } = await granted(at.medium, "key", holder);
        expect(await at.other.look("key")).toEqual({ holder, token });
        await at.medium.release("key", token);
      }
    });

    it("may have a lease that is no whole number of milliseconds", async () => {
      at.clock.pass(0.25);
      const grant = await at.medium.tryAcquire({ key: "key", holder: "holder", leaseMs: 10.5 });
      expect(Number.isSafeInteger(grant!.token)).toBe(true);
      expect(await at.medium.renew("key", grant!.token, 20.125)).toBe(true);
      at.clock.pass(21.5);
      expect(await acquire(at.other)).toBeDefined();
    });
  });

  describe(`${name}: tokens`, () => {
    it("grow with each grant of a key", async () => {
      let last = 0;
      for (let i = 0; i < 20; i += 1) {
        const { token } = await granted(i % 2 === 0 ? at.medium : at.other);
        expect(token).toBeGreaterThan(last);
        last = token;
        if (i % 3 === 0) at.clock.pass(leaseMs);
        else await at.medium.release("key", token);
      }
    });

    it("grow when the clock is set back", async () => {
      const first = await granted(at.medium);
      await at.medium.release("key", first.token);
      at.clock.set(at.clock.now() - 86_400_000);
      await at.other.close();
      const second = await granted(at.other);
      expect(second.token).toBeGreaterThan(first.token);
      expect(await acquire(at.medium), "The new grant is judged by the new time").toBeUndefined();
      at.clock.pass(leaseMs);
      expect((await granted(at.medium)).token).toBeGreaterThan(second.token);
    });

    it("grow when everything was lost", async () => {
      const first = await granted(at.medium);
      rmSync(at.folder, { recursive: true });
      at.clock.pass(1);
      expect((await granted(at.other)).token).toBeGreaterThan(first.token);
    });
  });

  describe(`${name}: reservations`, () => {
    it("keep a key for who has waited", async () => {
      const { token } = await granted(at.medium);
      expect(await acquireWaiting(at.other, "waiter")).toBeUndefined();
      await at.medium.release("key", token);
      expect(await acquire(at.medium)).toBeUndefined();
      expect(await acquireWaiting(at.medium, "another waiter")).toBeUndefined();
      expect(await at.medium.look("key"), "A reservation is no grant").toBeUndefined();
      expect(await acquireWaiting(at.other, "waiter")).toBeDefined();
    });

    it("end with a grant to their waiter", async () => {
      const { token } = await granted(at.medium);
      await acquireWaiting(at.other, "waiter");
      await at.medium.release("key", token);
      const mine = await acquireWaiting(at.other, "waiter");
      await at.other.release("key", mine!.token);
      expect(await acquire(at.medium)).toBeDefined();
    });

    it("end when their time is over, and are extended by their waiter alone", async () => {
      const { token } = await granted(at.medium);
      await acquireWaiting(at.other, "waiter");
      at.clock.pass(150);
      await acquireWaiting(at.medium, "another waiter");
      await acquireWaiting(at.other, "waiter");
      await at.medium.release("key", token);
      at.clock.pass(199);
      expect(await acquire(at.medium)).toBeUndefined();
      at.clock.pass(1);
      expect(await acquire(at.medium)).toBeDefined();
    });

    it("go to the next waiter when they are over", async () => {
      const { token } = await granted(at.medium);
      await acquireWaiting(at.other, "waiter");
      at.clock.pass(200);
      await acquireWaiting(at.other, "another waiter");
      await at.medium.release("key", token);
      expect(await acquireWaiting(at.medium, "waiter")).toBeUndefined();
      expect(await acquireWaiting(at.medium, "another waiter")).toBeDefined();
    });

    it("outlive the grant that they wait for, and are of one key", async () => {
      await granted(at.medium);
      await acquireWaiting(at.other, "waiter", 2 * leaseMs);
      at.clock.pass(leaseMs);
      expect(await acquire(at.medium)).toBeUndefined();
      expect(await acquire(at.medium, "another key")).toBeDefined();
      expect(await acquireWaiting(at.other, "waiter")).toBeDefined();
    });
  });
}
