/*
 * Somebody who uses a lock medium directly, with leases so short that most of them are taken over, and tells of each operation when it
 * began and ended. What all of them tell is judged by lock-history.ts.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { LockMedium } from "../../src/locks/lock-medium.ts";

/** What a racer is to do. */
export interface RaceOrder {
  readonly mode: "race";
  readonly locks: "sqlite" | "file";
  readonly at: string;
  readonly key: string;
  readonly leaseMs: number;
  readonly forMs: number;
}

/** An operation that succeeded, or a release that is about to be tried. Times are milliseconds of the steady clock, which all processes of a machine share. */
export interface RaceEvent {
  readonly what: "grant" | "renew" | "releasing" | "release";
  readonly token: number;
  readonly from: number;
  readonly to: number;
}

const classes = { sqlite: "SqliteMedium", file: "FileMedium" } as const;

/** @param say gets a line of JSON for each {@link RaceEvent} */
export async function race({ locks, at, key, leaseMs, forMs }: RaceOrder, say: (line: string) => void): Promise<void> {
  const module = (await import(`../../src/locks/${locks}/medium.ts`)) as Record<string, new (at: string) => LockMedium>;
  const medium = new module[classes[locks]]!(at);
  const end = steadyMs() + forMs;
  const tell = async (what: RaceEvent["what"], token: number, done: () => Promise<boolean>): Promise<boolean> => {
    const from = steadyMs();
    const isDone = await done();
    if (isDone) say(JSON.stringify({ what, token, from, to: steadyMs() } satisfies RaceEvent));
    return isDone;
  };
  while (steadyMs() < end) {
    const from = steadyMs();
    const grant = await medium.tryAcquire({ key, holder: `${process.pid}`, leaseMs });
    if (grant === undefined) {
      // Often enough right when the lease of the other one ends.
      await sleep(Math.random() * 2);
      continue;
    }
    const { token } = grant;
    say(JSON.stringify({ what: "grant", token, from, to: steadyMs() } satisfies RaceEvent));
    while (Math.random() < 0.6) {
      await sleep(Math.random() * 1.3 * leaseMs);
      if (!(await tell("renew", token, async () => medium.renew(key, token, leaseMs)))) break;
    }
    // One in two is forgotten, and runs out.
    if (Math.random() < 0.5) {
      await tell("releasing", token, async () => true);
      await tell("release", token, async () => medium.release(key, token));
    }
  }
  await medium.close();
}

/** The steady clock of the machine. */
export function steadyMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
