/*
 * No lock survives any way out: the table is in ways-out/. After each of them the locks are free, as their holder and as others see them,
 * and nothing is left that would keep the process alive. What needs processes is in every-way-out-of-a-process.test.ts.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../src/kernel/clock.ts";
import { isPromise } from "../../src/kernel/awaitable.ts";
import { OxbowError } from "../../src/kernel/errors.ts";
import { fileLocks } from "../../src/locks/file.ts";
import { leaseLocks } from "../../src/locks/lease-locks.ts";
import type { Lease, LockManager } from "../../src/locks/lock-manager.ts";
import { MemoryMedium } from "../../src/locks/memory.ts";
import { sqliteLocks } from "../../src/locks/sqlite.ts";
import { State } from "../../src/states/state.ts";
import { memoryStorage } from "../../src/storage/memory.ts";
import { Scene } from "../../src/testing/transaction-checks/scene.ts";
import { waysOut } from "./ways-out/all.ts";

process.env["OXBOW_LOGGING_LEVEL"] = "off";

const folder = mkdtempSync(join(tmpdir(), "oxbow-ways-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const medium = new MemoryMedium(systemClock);
const kinds: ReadonlyArray<readonly [string, () => LockManager]> = [
  ["memory", () => leaseLocks(medium)],
  ["sqlite", () => sqliteLocks(folder)],
  ["file", () => fileLocks(join(folder, "files"))],
];

describe.each(kinds)("No lock survives, %s:", (_, open) => {
  let granted: Set<string>;
  let scene: Scene;
  let other: Scene;

  beforeEach(() => {
    granted = new Set();
    scene = new Scene({ storage: memoryStorage(), lockManager: noting(open(), granted) });
    other = new Scene({ storage: memoryStorage(), lockManager: open() });
  });
  afterEach(async () => {
    await scene.locks.close();
    await other.locks.close();
  });

  it.each(waysOut)("$title", async ({ locked, end, go }) => {
    const before = timers();
    expect(await endOf(go(scene, other))).toBe(end);
    expect([...granted].toSorted()).toEqual(locked.split(" ").filter(Boolean).toSorted());
    for (const key of ["a", "b", "key"]) {
      expect(`${key} ${await scene.locks.isLocked(key)}`).toBe(`${key} false`);
      expect(`${key} ${await other.locks.isLocked(key)}`).toBe(`${key} false`);
      // At once, but where somebody who has given up had been waiting long enough to be the next: that lasts for a moment.
      const lease = await other.locks.acquire(key, "the next one", { timeout: "2s" });
      expect(lease?.key).toBe(key);
      await lease!.release();
    }
    expect(await timersLeft(before)).toBeLessThanOrEqual(before);
  });
});

/** What a way ends with, in words: its value, the name of its state, its error. */
async function endOf(work: Promise<unknown>): Promise<string> {
  try {
    const end = await work;
    return end instanceof State ? `${end.name}${codeOf(end.error)}` : String(end);
  } catch (error) {
    return `${(error as Error).name}${codeOf(error)}`;
  }
}

function codeOf(error: unknown): string {
  return error instanceof OxbowError ? ` ${error.code}` : "";
}

/** As many as there were before, once what is on its way has come to its end. */
async function timersLeft(before: number): Promise<number> {
  for (let turns = 0; turns < 50 && timers() > before; turns += 1)
    await new Promise((resolve) => setImmediate(resolve));
  return timers();
}

/** How many timers keep the process alive. */
function timers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
}

/** The same locks, which note what they grant. */
function noting(locks: LockManager, granted: Set<string>): LockManager {
  const note = (lease: Lease | undefined): Lease | undefined => {
    if (lease) granted.add(lease.key);
    return lease;
  };
  return new Proxy(locks, {
    get(target, name) {
      if (name === "acquire") {
        return (...args: Parameters<LockManager["acquire"]>) => {
          const lease = target.acquire(...args);
          return isPromise(lease) ? lease.then(note) : note(lease);
        };
      }
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}
