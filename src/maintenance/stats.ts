import { systemClock } from "../kernel/clock.ts";
import type { TaskStats } from "../history/run-store.ts";
import { isExpired } from "../results/record.ts";
import type { RecordMetadata } from "../storage/storage.ts";
import type { Amount, LongOperation, RecordPlace } from "./place.ts";
import { type RecordFilter, select } from "./select.ts";

/** The records of one task, and what its runs did with them. */
export interface TaskRecords extends Amount {
  readonly taskName: string;
  /** When the oldest and the newest one were written, in milliseconds since 1970; `undefined` where there is none. */
  readonly oldestAt: number | undefined;
  readonly newestAt: number | undefined;
  /** What the history says of the task; `undefined` without one. */
  readonly runs: TaskStats | undefined;
  /** Hits of hits and misses, 0 to 1; `undefined` where there were none. */
  readonly hitRate: number | undefined;
}

/** What {@link stats} found. */
export interface CacheStats extends Amount {
  /** Of the records, those that have expired. */
  readonly expired: Amount;
  /** By task, the one with the most bytes first. */
  readonly tasks: readonly TaskRecords[];
  /** What all records would take to be computed again, in milliseconds. */
  readonly worthMs: number;
  /** `undefined` without a history. */
  readonly hits: number | undefined;
  readonly misses: number | undefined;
  /** Hits of hits and misses, 0 to 1; `undefined` where there were none. */
  readonly hitRate: number | undefined;
  /** How much time hits have saved, in milliseconds. */
  readonly savedMs: number | undefined;
  /** How much time was spent on computing, in milliseconds. */
  readonly computedMs: number | undefined;
}

interface Counted {
  records: number;
  bytes: number;
  oldestAt: number;
  newestAt: number;
}

/** How {@link stats} goes about it. */
export interface StatsOptions extends LongOperation {
  /** Only runs that began at or after this moment, in milliseconds since 1970, count for hits and misses. @default all */
  readonly since?: number | undefined;
}

/**
 * How many records there are, how large they are, and with a history what they were good for.
 *
 * @throws as {@link select}
 */
export async function stats(
  place: RecordPlace,
  filter: RecordFilter = {},
  options: StatsOptions = {},
): Promise<CacheStats> {
  const now = (place.clock ?? systemClock).now();
  const tasks = new Map<string, Counted>();
  const [all, expired] = [
    { records: 0, bytes: 0 },
    { records: 0, bytes: 0 },
  ];
  let worthMs = 0;
  for await (const metadata of select(place, filter, options)) {
    for (const amount of isExpired(metadata, now) ? [all, expired] : [all]) {
      amount.records += 1;
      amount.bytes += metadata.size;
    }
    worthMs += metadata.durationMs;
    countIn(tasks, metadata);
  }
  const runs = await place.history?.taskRuns.stats({ of: filter.task, since: options.since });
  return { ...all, expired, worthMs, tasks: byTask(tasks, runs ?? []), ...totalOf(runs) };
}

function countIn(tasks: Map<string, Counted>, { taskName, size, createdAt }: RecordMetadata): void {
  let counted = tasks.get(taskName);
  if (!counted) tasks.set(taskName, (counted = { records: 0, bytes: 0, oldestAt: createdAt, newestAt: createdAt }));
  counted.records += 1;
  counted.bytes += size;
  counted.oldestAt = Math.min(counted.oldestAt, createdAt);
  counted.newestAt = Math.max(counted.newestAt, createdAt);
}

function byTask(counted: ReadonlyMap<string, Counted>, runs: readonly TaskStats[]): readonly TaskRecords[] {
  const runsOf = new Map(runs.map((each) => [each.taskName, each]));
  const names = new Set([...counted.keys(), ...runsOf.keys()]);
  const rows = [...names].map((taskName): TaskRecords => {
    const { records = 0, bytes = 0, oldestAt, newestAt } = counted.get(taskName) ?? {};
    const of = runsOf.get(taskName);
    return { taskName, records, bytes, oldestAt, newestAt, runs: of, hitRate: of && rateOf(of.hits, of.misses) };
  });
  return rows.sort((left, right) => right.bytes - left.bytes || (left.taskName < right.taskName ? -1 : 1));
}

function totalOf(
  runs: readonly TaskStats[] | undefined,
): Pick<CacheStats, "hits" | "misses" | "hitRate" | "savedMs" | "computedMs"> {
  if (!runs)
    return { hits: undefined, misses: undefined, hitRate: undefined, savedMs: undefined, computedMs: undefined };
  const sum = (of: (stats: TaskStats) => number): number => runs.reduce((total, each) => total + of(each), 0);
  const [hits, misses] = [sum((each) => each.hits), sum((each) => each.misses)];
  const [savedMs, computedMs] = [sum((each) => each.savedMs), sum((each) => each.computedMs)];
  return { hits, misses, hitRate: rateOf(hits, misses), savedMs, computedMs };
}

function rateOf(hits: number, misses: number): number | undefined {
  return hits + misses === 0 ? undefined : hits / (hits + misses);
}
