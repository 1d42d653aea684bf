import { describe, expect, it } from "vitest";
import type { Awaitable } from "../../kernel/awaitable.ts";
import { sleep } from "../../kernel/clock.ts";
import type { Duration } from "../../kernel/duration.ts";
import { TestClock } from "../../testing/test-clock.ts";
import { leaseLocks } from "../lease-locks.ts";
import type { AcquireOptions, Lease, LockManager } from "../lock-manager.ts";
import type { LockMedium } from "../lock-medium.ts";
import { MemoryMedium } from "../memory.ts";

/** Numbers from 0 to 1, the same for a seed (mulberry32). */
function randomBy(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A medium behind a bad line: late, now and then an error before or after the operation, and sometimes cut off for long. */
function unreliable(good: MemoryMedium, clock: TestClock, random: () => number): LockMedium {
  let cutOffUntil = 0;
  const over = async <T>(operation: () => T): Promise<T> => {
    if (random() < 0.002) cutOffUntil = clock.now() + 2500;
    await sleep(clock, random() < 0.05 ? 300 : random() * 5);
    if (random() < 0.02 || clock.now() < cutOffUntil) throw new Error("ECONNRESET");
    const answer = operation();
    await sleep(clock, random() * 5);
    if (random() < 0.02) throw new Error("ETIMEDOUT");
    return answer;
  };
  return {
    kind: "unreliable",
    location: good.location,
    tryAcquire: (claim) => over(() => good.tryAcquire(claim)),
    renew: (...asked) => over(() => good.renew(...asked)),
    release: (...asked) => over(() => good.release(...asked)),
    look: (key) => over(() => good.look(key)),
    ...(random() < 0.5 && { subscribe: (key: string, wake: () => void) => over(() => good.subscribe(key, wake)) }),
    close: () => undefined,
  };
}

/** Who believes that they hold a key. No two at once, and each with a greater token than the one before. */
class Beliefs {
  readonly #leases = new Map<string, Set<Lease>>();
  readonly #tokens = new Map<string, number>();
  grants = 0;
  losses = 0;

  add(lease: Lease): void {
    const leases = this.#leases.get(lease.key) ?? new Set();
    this.#leases.set(lease.key, leases.add(lease));
    this.grants += 1;
    lease.signal.addEventListener("abort", () => ((this.losses += 1), this.remove(lease)));
    if (lease.signal.aborted) this.remove(lease);
    expect(new Set([...leases].map(({ token }) => token)).size).toBeLessThan(2);
    expect(lease.token).toBeGreaterThanOrEqual(this.#tokens.get(lease.key) ?? 0);
    this.#tokens.set(lease.key, lease.token);
  }

  remove(lease: Lease): void {
    this.#leases.get(lease.key)?.delete(lease);
  }
}

async function use(locks: LockManager, name: string, random: () => number, clock: TestClock, beliefs: Beliefs) {
  for (let round = 0; round < 30; round += 1) {
    const pick = <T>(...choices: readonly T[]): T => choices[Math.floor(random() * choices.length)]!;
    const controller = new AbortController();
    const options = {
      timeout: pick<AcquireOptions["timeout"]>(undefined, 0, "20 ms", "2s"),
      holdTimeout: pick<Duration | undefined>(undefined, undefined, "30 ms", "1500 ms"),
      signal: pick(undefined, controller.signal),
    } satisfies AcquireOptions;
    if (random() < 0.2) clock.schedule(random() * 40, () => controller.abort(new Error("enough")));
    const lease = await quietly(() => locks.acquire(pick("a", "b"), pick(name, `${name} too`), options));
    if (lease === undefined) await sleep(clock, random() * 200);
    else {
      beliefs.add(lease);
      await sleep(clock, pick(0, 1, 5, 50, 700) * random());
      if (random() < 0.3) await quietly(() => lease.confirm());
      beliefs.remove(lease);
      await quietly(() => (random() < 0.1 ? locks.release(lease.key, lease.holder) : lease.release()));
    }
  }
}

async function quietly<T>(operation: () => Awaitable<T>): Promise<T | undefined> {
  try {
    return await operation();
  } catch {
    return undefined;
  }
}

describe("leaseLocks(), at random", () => {
  it.each([1, 2, 3, 4])("has one holder at a time over a bad line, and comes to rest (seed %i)", async (seed) => {
    const random = randomBy(seed);
    const clock = new TestClock();
    const good = new MemoryMedium(clock);
    const managers = [0, 1, 2].map(() => leaseLocks(unreliable(good, clock, random), { clock, lease: "1s" }));
    const beliefs = new Beliefs();
    let running = 12;
    const uses = Array.from({ length: running }, (_, i) =>
      use(managers[i % 3]!, `user ${i}`, random, clock, beliefs).finally(() => (running -= 1)),
    );
    const all = Promise.all(uses);
    all.catch(() => undefined);
    for (let i = 0; running > 0 && i < 20_000; i += 1) await clock.advance(50);
    expect(running).toBe(0);
    await all;
    expect(beliefs.grants).toBeGreaterThan(20);
    expect(beliefs.losses).toBeGreaterThan(0);
    await clock.advance(60_000);
    expect(clock.pending).toBe(0);
  });
});
