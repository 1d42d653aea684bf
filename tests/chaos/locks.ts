/*
 * Has many processes acquire the same few locks, and counts under each of them.
 *
 *   node tests/chaos/locks.ts --locks sqlite --processes 8 --acquisitions 3000 --keys 4
 *
 * Holds where no two were under a lock at once, nothing was lost, and each token was greater than the one before. Prints one line, with
 * the slowest wait, and when the first and the last process had finished; exits with 1 where something does not hold. Redis and
 * PostgreSQL are found at OXBOW_TEST_REDIS_URL and OXBOW_TEST_PG_URL. Locks in memory have actors in place of processes.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { contend } from "./lock-contention.ts";
import type { LockPlace, SharedLocks } from "./open-locks.ts";

const { values: options } = parseArgs({
  options: {
    locks: { type: "string", default: "sqlite" },
    processes: { type: "string", default: "8" },
    acquisitions: { type: "string", default: "3000" },
    keys: { type: "string", default: "4" },
  },
});
const [processes, acquisitions, keys] = [options.processes, options.acquisitions, options.keys].map(Number) as [
  number,
  number,
  number,
];
const variables: Partial<Record<string, string>> = { redis: "OXBOW_TEST_REDIS_URL", postgres: "OXBOW_TEST_PG_URL" };
if (
  !["memory", "sqlite", "file", "redis", "postgres"].includes(options.locks) ||
  !(processes > 0 && acquisitions > 0 && keys > 0)
)
  throw new Error(
    "Usage: --locks memory|sqlite|file|redis|postgres --processes <number> --acquisitions <number> --keys <number>",
  );

const folder = mkdtempSync(join(tmpdir(), `oxbow-locks-${options.locks}-`));
try {
  const report = await contend(placeOf(options.locks), { processes, acquisitions, keys });
  const expected = processes * acquisitions;
  const { counted, overlaps, badTokens, errors, slowestMs, firstFinishedMs, lastFinishedMs } = report;
  for (const error of new Set(errors.slice(0, 20))) console.error(error);
  console.log(
    `locks ${options.locks}: ${counted} of ${expected} acquisitions on ${keys} keys, ${overlaps} overlaps, ${badTokens} bad tokens, ` +
      `${errors.length} errors, slowest wait ${slowestMs.toFixed(0)} ms, processes finished after ${seconds(firstFinishedMs)} to ` +
      `${seconds(lastFinishedMs)}`,
  );
  process.exitCode = counted === expected && overlaps + badTokens + errors.length === 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function placeOf(kind: string): LockPlace | undefined {
  if (kind === "memory") return undefined;
  const variable = variables[kind];
  if (variable === undefined) return { locks: kind as SharedLocks, at: folder };
  const at = process.env[variable];
  if (!at) throw new Error(`Say where ${kind} is: ${variable}`);
  return { locks: kind as SharedLocks, at };
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
