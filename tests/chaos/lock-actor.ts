/*
 * Somebody who acquires locks again and again, and does under each of them what goes wrong without: read a number, wait, write the
 * number plus one.
 */
import { mkdirSync, rmdirSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import { describeError } from "../../src/kernel/errors.ts";
import type { LockManager } from "../../src/locks/lock-manager.ts";
import type { LockPlace } from "./open-locks.ts";

/** What an actor is to do. */
export interface ContendOrder {
  readonly mode: "contend";
  readonly place: LockPlace;
  readonly keys: readonly string[];
  readonly acquisitions: number;
  /** Where the numbers are: a file for each key, named by its position. */
  readonly counters: string;
  /** All begin at the same time, in milliseconds since 1970. */
  readonly startAt: number;
}

/** What became of it; times are milliseconds. */
export interface ActorReport {
  readonly overlaps: number;
  /** Grants whose token was not greater than that of the one before. */
  readonly badTokens: number;
  readonly errors: readonly string[];
  readonly slowestMs: number;
  /** Since the start. */
  readonly finishedMs: number;
}

/** The number of a key, and the token under which it was written. */
export interface Counter {
  readonly count: number;
  readonly token: number;
}

export async function actor(locks: LockManager, order: ContendOrder, holder: string): Promise<ActorReport> {
  let [overlaps, badTokens, slowestMs] = [0, 0, 0];
  const errors: string[] = [];
  await sleep(Math.max(0, order.startAt - Date.now()));
  for (let i = 0; i < order.acquisitions; i += 1) {
    const which = Math.floor(Math.random() * order.keys.length);
    try {
      const asked = performance.now();
      const lease = (await locks.acquire(order.keys[which]!, holder))!;
      slowestMs = Math.max(slowestMs, performance.now() - asked);
      const found = await countUnder(lease.token, join(order.counters, `${which}`));
      if (found.overlapped) overlaps += 1;
      if (found.token >= lease.token) badTokens += 1;
      if (!(await lease.release())) errors.push("The lock was lost before its release");
    } catch (error) {
      errors.push(describeError(error));
    }
    // The others of this process have their turn, too, where everything answers at once.
    await nextTurn();
  }
  return { overlaps, badTokens, errors, slowestMs, finishedMs: Date.now() - order.startAt };
}

async function countUnder(token: number, file: string): Promise<{ overlapped: boolean; token: number }> {
  const overlapped = !isAlone(() => mkdirSync(`${file}.inside`));
  const counter = await readCounter(file);
  await nextTurn();
  await writeFile(file, JSON.stringify({ count: counter.count + 1, token }));
  const wasAlone = isAlone(() => rmdirSync(`${file}.inside`));
  return { overlapped: overlapped || !wasAlone, token: counter.token };
}

export async function readCounter(file: string): Promise<Counter> {
  return JSON.parse(await readFile(file, "utf8")) as Counter;
}

function isAlone(step: () => void): boolean {
  try {
    step();
    return true;
  } catch {
    return false;
  }
}
