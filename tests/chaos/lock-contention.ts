import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { memoryLocks } from "../../src/locks/memory.ts";
import { actor, type ActorReport, type ContendOrder, readCounter } from "./lock-actor.ts";
import type { LockPlace } from "./open-locks.ts";
import { startLockProcess } from "./start-lock-process.ts";

/** How many contend for how many locks. */
export interface Contention {
  readonly processes: number;
  /** Of each process. */
  readonly acquisitions: number;
  readonly keys: number;
}

/** What became of all of them; times are milliseconds. */
export interface ContentionReport {
  /** Counted under the locks: less than there were acquisitions where two were in there at once. */
  readonly counted: number;
  readonly overlaps: number;
  readonly badTokens: number;
  readonly errors: readonly string[];
  readonly slowestMs: number;
  readonly firstFinishedMs: number;
  readonly lastFinishedMs: number;
}

/** Time for all processes to be there. */
const headStartMs = 1500;

/**
 * Has many acquire the same locks at the same time.
 *
 * @param place where the locks are; without one they are in the memory of this process, and actors take the place of processes
 */
export async function contend(
  place: LockPlace | undefined,
  { processes, acquisitions, keys }: Contention,
): Promise<ContentionReport> {
  const counters = mkdtempSync(join(tmpdir(), "oxbow-counters-"));
  const names = Array.from({ length: keys }, (_, i) => `${crypto.randomUUID()} ${i}`);
  for (const i of names.keys()) writeFileSync(join(counters, `${i}`), JSON.stringify({ count: 0, token: 0 }));
  const startAt = Date.now() + (place === undefined ? 0 : headStartMs);
  const order = { mode: "contend", keys: names, acquisitions, counters, startAt } as const;
  try {
    const reports = await (place === undefined
      ? inOneProcess(processes, order)
      : inProcesses(processes, { ...order, place }));
    const counts = await Promise.all(names.map((_, i) => readCounter(join(counters, `${i}`))));
    return summed(
      reports,
      counts.reduce((sum, { count }) => sum + count, 0),
    );
  } finally {
    rmSync(counters, { recursive: true, force: true });
  }
}

async function inOneProcess(count: number, order: Omit<ContendOrder, "place">): Promise<ActorReport[]> {
  const locks = memoryLocks();
  const place: LockPlace = { locks: "sqlite", at: "" };
  const reports = await Promise.all(
    Array.from({ length: count }, (_, i) => actor(locks, { ...order, place }, `actor ${i}`)),
  );
  await locks.close();
  return reports;
}

async function inProcesses(count: number, order: ContendOrder): Promise<ActorReport[]> {
  const started = Array.from({ length: count }, () => startLockProcess(order));
  const ends = await Promise.all(started.map(({ ended }) => ended));
  return ends.map(({ lines, code, errors }) => {
    if (code === 0 && errors === "") return JSON.parse(lines[0]!) as ActorReport;
    const fault = `A process ended with ${code}: ${errors.slice(0, 500)}`;
    return { overlaps: 0, badTokens: 0, errors: [fault], slowestMs: 0, finishedMs: 0 };
  });
}

function summed(reports: readonly ActorReport[], counted: number): ContentionReport {
  const sumOf = (part: (report: ActorReport) => number): number =>
    reports.reduce((sum, report) => sum + part(report), 0);
  const finished = reports.map(({ finishedMs }) => finishedMs);
  return {
    counted,
    overlaps: sumOf(({ overlaps }) => overlaps),
    badTokens: sumOf(({ badTokens }) => badTokens),
    errors: reports.flatMap(({ errors }) => errors),
    slowestMs: Math.max(...reports.map(({ slowestMs }) => slowestMs)),
    firstFinishedMs: Math.min(...finished),
    lastFinishedMs: Math.max(...finished),
  };
}
