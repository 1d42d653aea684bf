/*
 * What becomes of locks whose holders are killed, stopped or simply live on, in processes of their own; and whether many processes
 * keep each other out.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Awaitable } from "../../src/kernel/awaitable.ts";
import type { LockManager } from "../../src/locks/lock-manager.ts";
import { contend } from "../chaos/lock-contention.ts";
import { openLocks, type SharedLocks } from "../chaos/open-locks.ts";
import { type LockProcess, startLockProcess } from "../chaos/start-lock-process.ts";

/** What differs between kinds of locks. */
export interface HolderCheckOptions {
  /** Whether a lock ends at once with the process of its holder; else it ends with its lease. */
  readonly endsWithProcess: boolean;
}

const shortMs = 400;
/** What intervals, processes and a busy machine may add. */
const slackMs = 1500;

/** @param open gives an empty place: a folder, or a URL */
export function holderChecks(
  locks: SharedLocks,
  open: () => Awaitable<{ readonly at: string; dispose?(): Awaitable<void> }>,
  { endsWithProcess }: HolderCheckOptions,
): void {
  describe(`${locks} locks of other processes`, () => {
    const started: LockProcess[] = [];
    let place: Awaited<ReturnType<typeof open>>;
    let here: LockManager;
    let key: string;

    beforeEach(async () => {
      place = await open();
      here = await openLocks({ locks, at: place.at });
      key = crypto.randomUUID();
    });
    afterEach(async () => {
      for (const { child } of started) child.kill("SIGKILL");
      for (const { ended } of started.splice(0)) await ended;
      await here.close();
      await place.dispose?.();
    });

    const startHolder = async (leaseMs: number): Promise<LockProcess & { readonly token: number }> => {
      const holder = startLockProcess({ mode: "hold", place: { locks, at: place.at }, key, leaseMs });
      started.push(holder);
      const [, token] = /^held (\d+)$/.exec(await holder.nextLine())!;
      return { ...holder, token: Number(token) };
    };

    it(`end ${endsWithProcess ? "at once" : "with the lease"} when their holder is killed`, async () => {
      const leaseMs = endsWithProcess ? 30_000 : shortMs;
      const { child, token } = await startHolder(leaseMs);
      expect(await here.acquire(key, "here", { timeout: 0 })).toBeUndefined();
      const killed = performance.now();
      child.kill("SIGKILL");
      const lease = await here.acquire(key, "here", { timeout: "20s" });
      expect(performance.now() - killed).toBeLessThan((endsWithProcess ? 0 : leaseMs) + slackMs);
      expect(lease!.token).toBeGreaterThan(token);
      expect(await lease!.release()).toBe(true);
    });

    it("stay with a holder that lives, for longer than the lease", async () => {
      const holder = await startHolder(shortMs);
      const until = performance.now() + 3 * shortMs;
      while (performance.now() < until) {
        expect(await here.acquire(key, "here", { timeout: 0 })).toBeUndefined();
        await sleep(20);
      }
      expect(await holder.ask("confirm")).toBe("confirmed");
      expect(await holder.ask("release")).toBe("released true");
      expect(await here.isLocked(key)).toBe(false);
    });

    it("end with the lease when their holder is stopped, and leave the next one alone when it goes on", async () => {
      const holder = await startHolder(shortMs);
      expect(await holder.ask("confirm")).toBe("confirmed");
      const stopped = performance.now();
      holder.child.kill("SIGSTOP");
      const lease = await here.acquire(key, "here", { timeout: "20s" });
      expect(performance.now() - stopped).toBeLessThan(shortMs + slackMs);
      expect(lease!.token).toBeGreaterThan(holder.token);
      holder.child.kill("SIGCONT");
      expect(await holder.ask("confirm")).toBe("OXBOW_LOCK_LOST");
      expect(await holder.ask("release")).toBe("released false");
      expect(await here.isHolder(key, "here")).toBe(true);
      await lease!.confirm();
      expect(await lease!.release()).toBe(true);
    });

    it("keep each other out: 4 processes of 200 acquisitions each", async () => {
      const report = await contend({ locks, at: place.at }, { processes: 4, acquisitions: 200, keys: 4 });
      expect(report).toMatchObject({ counted: 800, overlaps: 0, badTokens: 0, errors: [] });
    }, 60_000);
  });
}
