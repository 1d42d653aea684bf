import { describeDifference } from "../caching/difference.ts";
import { systemClock } from "../kernel/clock.ts";
import { formatMs } from "../kernel/duration.ts";
import type { CacheEventRow, RunStore, TaskRunRow } from "../history/run-store.ts";
import type { RecentRecord, RecordMetadata } from "../storage/storage.ts";
import { findKey } from "./find-key.ts";
import { type RecordStatus, statusOf } from "./list.ts";
import type { RecordPlace } from "./place.ts";
import { headOf } from "./removal.ts";

/** Why a result was computed and not taken from the cache, or will be. */
export interface Explanation {
  /** What was asked for was understood as this. */
  readonly subject: { readonly kind: "task" | "task-run" | "key"; readonly name: string };
  /** The run that is explained: of a task, or of a key, the last one that computed. */
  readonly run: TaskRunRow | undefined;
  /** The key that it is about. */
  readonly key: string | undefined;
  /** The record that is there now, and whether it is used. */
  readonly record: RecordMetadata | undefined;
  readonly status: RecordStatus | undefined;
  /** What differs from the nearest record of the task, in words. */
  readonly difference: string | undefined;
  /** What happened to records of the key beside runs, the newest first. */
  readonly events: readonly CacheEventRow[];
  /** All of that in sentences, what matters most first. Never empty. */
  readonly lines: readonly string[];
}

const recentRecords = 16;
const recentRuns = 50;

/**
 * Explains the last miss of a task, a task run, or a key.
 *
 * @param what the name of a task; the id or the name of a task run; a key, or its beginning
 * @returns `undefined` where none of these is known
 * @throws {ConfigurationError} where several keys begin so
 */
export async function why(place: RecordPlace, what: string): Promise<Explanation | undefined> {
  const { history } = place;
  const ofTask = await history?.taskRuns.list({ of: what, limit: 1 });
  if (history && ofTask?.length) {
    const run = await lastComputed(history, { of: what });
    return explain(place, { kind: "task", name: what }, run ?? ofTask[0], (run ?? ofTask[0])?.key);
  }
  const run = await history?.taskRuns.find(what);
  if (run) return explain(place, { kind: "task-run", name: run.name }, run, run.key);
  const key = (await findKey(place, what)) ?? what;
  const ofKey = history && (await lastComputed(history, { key }));
  const explanation = await explain(place, { kind: "key", name: key }, ofKey, key);
  return ofKey || explanation.record || explanation.events.length > 0 ? explanation : undefined;
}

/** The last run that did not take its result from the cache. */
async function lastComputed(
  history: RunStore,
  of: { readonly of?: string; readonly key?: string },
): Promise<TaskRunRow | undefined> {
  const outcomes = ["miss", "refreshed", "uncached", "disabled"] as const;
  const found = await Promise.all(outcomes.map((outcome) => history.taskRuns.list({ ...of, outcome, limit: 1 })));
  return found.flat().toSorted((left, right) => beginOf(right) - beginOf(left))[0];
}

function beginOf(run: TaskRunRow): number {
  return run.states[0]?.timestamp ?? 0;
}

async function explain(
  place: RecordPlace,
  subject: Explanation["subject"],
  run: TaskRunRow | undefined,
  key: string | undefined,
): Promise<Explanation> {
  const now = (place.clock ?? systemClock).now();
  const record = key === undefined ? undefined : await headOf(place.keyStorage ?? place.storage, key);
  const status = record && (await statusOf(place, record, now));
  const events = key === undefined ? [] : ((await place.history?.cacheEvents.list({ key, limit: 20 })) ?? []);
  const difference = run && (await differenceOf(place, run, now));
  const known = { subject, run, key, record, status, difference, events };
  return { ...known, lines: linesOf(known, now, place.keyStorage ?? place.storage) };
}

async function differenceOf(place: RecordPlace, run: TaskRunRow, now: number): Promise<string | undefined> {
  if (!run.components) return undefined;
  const index = place.keyStorage ?? place.storage;
  const before = beginOf(run);
  const stored: readonly RecentRecord[] = index.recent?.(run.taskName, before, recentRecords) ?? [];
  const candidates = stored.length > 0 ? stored : await earlierRuns(place.history, run, before);
  return describeDifference(run.components, candidates, now);
}

/** Where the storage does not tell the newest records of a task, the runs that stored something do. */
async function earlierRuns(
  history: RunStore | undefined,
  { id, taskName }: TaskRunRow,
  before: number,
): Promise<readonly RecentRecord[]> {
  const runs = await history?.taskRuns.list({ of: taskName, before, stored: true, limit: recentRuns });
  return (runs ?? []).flatMap((run) =>
    run.id !== id && run.components
      ? [{ createdAt: run.states.at(-1)?.timestamp ?? beginOf(run), components: run.components }]
      : [],
  );
}

function linesOf(
  known: Omit<Explanation, "lines">,
  now: number,
  place: { readonly location: string },
): readonly string[] {
  const { subject, run, key, record, status, difference, events } = known;
  const ago = (time: number): string => `${formatMs(Math.max(0, now - time))} ago`;
  const lines: string[] = [];
  const elsewhere = run?.storage !== undefined && run.storage !== place.location ? run.storage : undefined;
  if (run) {
    const begun = `Run "${run.name}" of task "${run.taskName}", ${ago(beginOf(run))}`;
    lines.push(`${begun}: ${run.outcome ?? "not cached"}${reasonOf(run)}`);
    if (difference !== undefined && !run.reason?.includes(withoutTimes(difference)))
      lines.push(`Nearest record: ${difference}`);
  }
  for (const { kind, time, detail } of events.slice(0, 3))
    lines.push(`A record of this key was ${kind} ${ago(time)} (${detail})`);
  if (record) lines.push(`There is a record now, written ${ago(record.createdAt)}: ${inWords(record, status, now)}`);
  else if (key !== undefined && elsewhere !== undefined)
    lines.push(`Its record is in another storage, ${elsewhere}: name that one to look there (--storage)`);
  else if (key !== undefined) lines.push("There is no record under this key now: the next call computes");
  return lines.length > 0 ? lines : [`Nothing is known of ${subject.kind} "${subject.name}"`];
}

const timesInWords = /; last stored .* ago/;

/** The words are those of the run: the times in them count from there, and not from now. */
function reasonOf({ reason }: TaskRunRow): string {
  if (reason === undefined) return "";
  return reason.includes(" ago") ? `; it said then: "${reason}"` : `, ${reason}`;
}

function withoutTimes(difference: string): string {
  return difference.replace(timesInWords, "");
}

function inWords({ expiresAt }: RecordMetadata, status: RecordStatus | undefined, now: number): string {
  if (status === "expired") return `it expired ${formatMs(now - expiresAt!)} ago, the next call computes`;
  if (status === "uncommitted") return "its transaction has not been committed, the next call computes";
  return "the next call uses it";
}
