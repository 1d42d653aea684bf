/*
 * Has racers take one lock over from each other, kills some of them, and judges what they have told.
 *
 *   node tests/chaos/lock-race.ts --locks file --processes 4 --seconds 60
 *
 * Prints one line; exits with 1 where something cannot have happened to one lock.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { faultsIn, type RacerHistory } from "./lock-history.ts";
import { type RaceEvent, type RaceOrder, steadyMs } from "./lock-racer.ts";
import { startLockProcess } from "./start-lock-process.ts";

export interface RaceReport {
  readonly grants: number;
  readonly renewals: number;
  readonly releases: number;
  readonly kills: number;
  readonly faults: readonly string[];
}

const leaseMs = 8;

/** @param processes so many at a time, half of which are killed and replaced now and then */
export async function raceForLock(locks: RaceOrder["locks"], processes: number, forMs: number): Promise<RaceReport> {
  const at = mkdtempSync(join(tmpdir(), "oxbow-race-"));
  const histories: RacerHistory[] = [];
  const failures: string[] = [];
  const end = Date.now() + forMs;
  const run = async (isMortal: boolean): Promise<void> => {
    do {
      const order = { mode: "race", locks, at, key: "the key", leaseMs, forMs: end - Date.now() } as const;
      const { child, ended, nextLine } = startLockProcess(order);
      const first = await nextLine().catch(() => undefined);
      let killedAt: number | undefined;
      if (isMortal) {
        await sleep(Math.random() * 150);
        killedAt = steadyMs();
        child.kill("SIGKILL");
      }
      const { lines, code, errors } = await ended;
      if (errors !== "") failures.push(`A racer ended with ${code}: ${errors.slice(0, 500)}`);
      const events = [...(first === undefined ? [] : [first]), ...lines].flatMap(parsed);
      histories.push({ pid: child.pid!, killedAt, events });
    } while (isMortal && Date.now() < end);
  };
  try {
    await Promise.all(Array.from({ length: processes }, (_, i) => run(i % 2 === 1)));
  } finally {
    rmSync(at, { recursive: true, force: true });
  }
  const countOf = (what: RaceEvent["what"]): number =>
    histories.reduce((sum, { events }) => sum + events.filter((event) => event.what === what).length, 0);
  return {
    grants: countOf("grant"),
    renewals: countOf("renew"),
    releases: countOf("release"),
    kills: histories.filter(({ killedAt }) => killedAt !== undefined).length,
    faults: [...failures, ...faultsIn(histories, leaseMs)],
  };
}

/** A line that was cut off by a kill says nothing. */
function parsed(line: string): RaceEvent[] {
  try {
    return [JSON.parse(line) as RaceEvent];
  } catch {
    return [];
  }
}

async function main(): Promise<void> {
  const { values: options } = parseArgs({
    options: {
      locks: { type: "string", default: "file" },
      processes: { type: "string", default: "4" },
      seconds: { type: "string", default: "60" },
    },
  });
  const [processes, secs] = [Number(options.processes), Number(options.seconds)];
  if (!["sqlite", "file"].includes(options.locks) || !(processes > 0 && secs > 0))
    throw new Error("Usage: --locks sqlite|file --processes <number> --seconds <number>");
  const report = await raceForLock(options.locks as RaceOrder["locks"], processes, secs * 1000);
  for (const fault of report.faults.slice(0, 20)) console.error(fault);
  const { grants, renewals, releases, kills, faults } = report;
  console.log(
    `lock-race ${options.locks}: ${grants} grants, ${renewals} renewals, ${releases} releases, ${kills} kills, ${faults.length} faults`,
  );
  process.exitCode = faults.length === 0 ? 0 : 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
