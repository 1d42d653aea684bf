import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect } from "vitest";
import type { Clock } from "../../src/kernel/clock.ts";
import type { Grant, LockMedium } from "../../src/locks/lock-medium.ts";

/** The lease of the checks, in milliseconds. */
export const leaseMs = 1000;

/** Makes a medium of a folder. */
export type OpenMedium = (folder: string, clock?: Clock) => LockMedium;

/** A clock that is set by hand, backwards too. */
export class SetClock implements Clock {
  #now = Date.UTC(2026, 0, 1);
  now(): number {
    return this.#now;
  }
  set(now: number): void {
    this.#now = now;
  }
  pass(ms: number): void {
    this.#now += ms;
  }
  schedule(): () => void {
    throw new Error("A medium has no timers");
  }
}

/** An empty place with two media of it, new for each check. */
export class TwoMedia {
  parent!: string;
  folder!: string;
  clock!: SetClock;
  medium!: LockMedium;
  other!: LockMedium;

  constructor(open: OpenMedium) {
    beforeEach(() => {
      this.parent = mkdtempSync(join(tmpdir(), "oxbow-locks-"));
      this.folder = join(this.parent, "locks");
      this.clock = new SetClock();
      this.medium = open(this.folder, this.clock);
      this.other = open(this.folder, this.clock);
    });
    afterEach(async () => {
      await this.medium.close();
      await this.other.close();
      rmSync(this.parent, { recursive: true, force: true });
    });
  }
}

export async function acquire(by: LockMedium, key = "key", holder = "holder"): Promise<Grant | undefined> {
  return by.tryAcquire({ key, holder, leaseMs });
}

export async function granted(by: LockMedium, key?: string, holder?: string): Promise<Grant> {
  const grant = await acquire(by, key, holder);
  expect(grant, "The key is free").toBeDefined();
  return grant!;
}
