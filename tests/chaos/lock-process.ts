/*
 * A process that locks, and says what happens to it. Run by locks.ts, race-locks.ts, and the tests of locks among processes.
 */
import { writeSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { OxbowError } from "../../src/kernel/errors.ts";
import type { Lease, LockManager } from "../../src/locks/lock-manager.ts";
import { actor, type ContendOrder } from "./lock-actor.ts";
import { race, type RaceOrder } from "./lock-racer.ts";
import { type LockPlace, openLocks } from "./open-locks.ts";

/** Acquires a key, says `held <token>`, and then does what each line of its input says: `confirm`, `release` or `close`. */
export interface HoldOrder {
  readonly mode: "hold";
  readonly place: LockPlace;
  readonly key: string;
  readonly leaseMs: number;
}

export type LockOrder = HoldOrder | ContendOrder | RaceOrder;

async function main(order: LockOrder): Promise<void> {
  if (order.mode === "race") return race(order, say);
  const locks = await openLocks(order.place, order.mode === "hold" ? { lease: { milliseconds: order.leaseMs } } : {});
  if (order.mode === "hold") await hold(locks, order.key);
  else say(JSON.stringify(await actor(locks, order, `process ${process.pid}`)));
  await locks.close();
}

async function hold(locks: LockManager, key: string): Promise<void> {
  const lease = (await locks.acquire(key, `process ${process.pid}`))!;
  say(`held ${lease.token}`);
  for await (const line of createInterface({ input: process.stdin })) {
    if (line === "close") return;
    say(await answer(line, lease));
  }
}

async function answer(line: string, lease: Lease): Promise<string> {
  try {
    if (line === "release") return `released ${await lease.release()}`;
    await lease.confirm();
    return "confirmed";
  } catch (error) {
    return error instanceof OxbowError ? error.code : String(error);
  }
}

/** Synchronously: what was said before a kill has been said. */
function say(line: string): void {
  writeSync(1, `${line}\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(JSON.parse(process.argv[2]!) as LockOrder);
