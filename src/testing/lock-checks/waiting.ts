import assert from "node:assert/strict";
import type { Lease, LockManager } from "../../locks/lock-manager.ts";
import { acquired, begin, check, checkTwo, expectFree, expectHeld, type LockCheck, pause, turn } from "./check.ts";

export const waitChecks: readonly LockCheck[] = [
  check("With the time-out 0 a lock is had at once or not at all", async (locks) => {
    const lease = await acquired(locks, "key", "holder", { timeout: 0 });
    const before = performance.now();
    assert.equal(await locks.acquire("key", "another", { timeout: 0 }), undefined);
    assert.equal(await locks.wait("key", { timeout: 0 }), false);
    assert.ok(performance.now() - before < 1000, "Not to wait takes more than a second");
    await lease.release();
    assert.equal(await locks.wait("key", { timeout: 0 }), true);
    await expectFree(locks, "key");
  }),

  check("Who has waited for as long as the time-out gets nothing", async (locks) => {
    const lease = await acquired(locks, "key", "holder");
    const before = performance.now();
    const timeout = { milliseconds: 100 };
    const [had, isFree] = await Promise.all([
      locks.acquire("key", "another", { timeout }),
      locks.wait("key", { timeout }),
    ]);
    const waited = performance.now() - before;
    assert.equal(had, undefined);
    assert.equal(isFree, false);
    assert.ok(waited > 80 && waited < 2000, `A time-out of 100 ms takes ${Math.round(waited)} ms`);
    await lease.release();
  }),

  check("An aborted signal ends the wait with its reason", async (locks) => {
    const reason = new Error("enough");
    await expectAborts((signal) => locks.acquire("free", "holder", { signal }), AbortSignal.abort(reason), reason);
    await expectAborts((signal) => locks.wait("free", { signal }), AbortSignal.abort(reason), reason);
    await expectFree(locks, "free");
    const lease = await acquired(locks, "key", "holder");
    const waits = [
      (signal: AbortSignal) => locks.acquire("key", "another", { signal }),
      (signal: AbortSignal) => locks.acquire("key", "a third", { signal, timeout: "10s" }),
      (signal: AbortSignal) => locks.wait("key", { signal }),
    ];
    for (const wait of waits) {
      const controller = new AbortController();
      setTimeout(() => controller.abort(reason), 10);
      await expectAborts(wait, controller.signal, reason);
    }
    assert.equal(await lease.release(), true);
  }),

  check("Who gives up leaves the lock to the next one", async (locks) => {
    const lease = await acquired(locks, "key", "holder");
    const controller = new AbortController();
    const leaving = begin(() => locks.acquire("key", "who leaves", { signal: controller.signal }));
    await turn();
    const late = begin(() => locks.acquire("key", "who is late", { timeout: "20 ms" }));
    await turn();
    const next = begin(() => acquired(locks, "key", "the next one"));
    await pause(40);
    assert.equal(await late, undefined);
    controller.abort();
    await lease.release();
    await assert.rejects(leaving);
    await (await next).release();
    await expectFree(locks, "key");
  }),

  check("A lock that is granted to somebody who has just given up becomes free again", async (locks) => {
    for (let i = 0; i < 20; i += 1) {
      const controller = new AbortController();
      const asking = begin(() => locks.acquire("key", `holder ${i}`, { signal: controller.signal }));
      for (let j = 0; j < i % 4; j += 1) await Promise.resolve();
      controller.abort();
      const lease = await asking.catch(() => undefined);
      await lease?.release();
      const next = await acquired(locks, "key", "the next one", { timeout: "1s" });
      await next.release();
    }
  }),

  check("Waiters of one lock manager have their turns in the order of their coming", async (locks) => {
    const lease = await acquired(locks, "key", "holder");
    const order: number[] = [];
    const waiting = Array.from({ length: 10 }, (_, i) =>
      begin(async () => {
        const next = await acquired(locks, "key", `holder ${i}`);
        order.push(i);
        await next.release();
      }),
    );
    await turn();
    await lease.release();
    await Promise.all(waiting);
    assert.deepEqual(order, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  }),

  check("A waiter has the lock within a second of its release", (locks) => handOver(locks, locks)),

  checkTwo("A waiter of another lock manager has the lock within a second of its release", handOver),

  checkTwo("No waiter starves beside a lock manager that takes the lock again and again", async (locks, other) => {
    let isOver = false;
    const greedy = begin(async () => {
      for (let i = 0; !isOver; i += 1) {
        const lease = await acquired(locks, "key", `greedy ${i}`, { timeout: "25s" });
        await pause(2);
        // Both at once: the next one of this lock manager is in the queue before the lock is free.
        const next = begin(() => acquired(locks, "key", `greedy again ${i}`, { timeout: "25s" }));
        await lease.release();
        await (await next).release();
      }
    });
    await turn();
    const waiting = [0, 1, 2].map(async (i) => {
      const lease = await acquired(other, "key", `patient ${i}`, { timeout: "3s" });
      await lease.release();
    });
    try {
      await Promise.all(waiting);
    } finally {
      isOver = true;
    }
    await greedy;
  }),

  check("wait() ends when the lock is free, and takes nothing", (locks) => waitFor(locks, locks)),

  checkTwo("wait() ends when another lock manager lets the lock go", waitFor),
];

async function handOver(locks: LockManager, other: LockManager): Promise<void> {
  const lease = await acquired(locks, "key", "holder");
  const waiting = begin(async (): Promise<[Lease, number]> => {
    const next = await acquired(other, "key", "the next one");
    return [next, performance.now()];
  });
  await pause(150);
  await expectHeld(other, "key", "holder");
  const releasedAt = performance.now();
  await lease.release();
  const [next, hadAt] = await waiting;
  assert.ok(hadAt > releasedAt, "The lock is had before it is released");
  assert.ok(hadAt - releasedAt < 1000, `The next one waits for another ${Math.round(hadAt - releasedAt)} ms`);
  await next.release();
}

async function waitFor(locks: LockManager, other: LockManager): Promise<void> {
  assert.equal(await other.wait("key"), true, "Nobody holds the key");
  await expectFree(locks, "key");
  const lease = await acquired(locks, "key", "holder");
  const state = { isOver: false };
  const waiting = begin(async () => {
    const isFree = await other.wait("key", { timeout: "10s" });
    state.isOver = true;
    return isFree;
  });
  await pause(30);
  assert.equal(state.isOver, false, "wait() ends while the lock is held");
  await lease.release();
  assert.equal(await waiting, true);
  await expectFree(locks, "key");
}

async function expectAborts(
  wait: (signal: AbortSignal) => unknown,
  signal: AbortSignal,
  reason: unknown,
): Promise<void> {
  await assert.rejects(
    async () => wait(signal),
    (error) => error === reason,
    "The wait ends with the reason of the signal",
  );
}
