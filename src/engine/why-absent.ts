/*
 * DESIGN. Why there was no record, in words that are made when somebody reads them.
 *
 * What a record is held against are the newest ones of the same task, stored before the outermost run began. The storage
 * gives them where that costs little; elsewhere the run history is asked beside the run, and has answered by the time that the body
 * has run. It is also asked whether the record was removed to make room, where anything ever was.
 */
import type { CacheKey } from "../caching/compute-key.ts";
import { describeDifference } from "../caching/difference.ts";
import type { RunStore, TaskRunRow } from "../history/run-store.ts";
import { formatMs } from "../kernel/duration.ts";
import type { Lookup } from "../results/lookup.ts";
import type { ResultStore } from "../results/result-store.ts";
import type { RecentRecord, Storage } from "../storage/storage.ts";
import type { TaskRun } from "./task-run.ts";

/** Why there was no record. */
export function whyAbsent(
  run: TaskRun,
  key: CacheKey,
  store: ResultStore,
  lookup: Extract<Lookup, { kind: "absent" }>,
): () => string {
  const now = run.clock.now();
  const index = store.keyStorage ?? store.storage;
  const past = lookup.expired || lookup.uncommitted ? undefined : historyOf(run, key, index.recent === undefined);
  return () => {
    if (lookup.expired || lookup.uncommitted) return lookup.reason();
    if (past?.removed) return `${past.removed.detail}, ${formatMs(Math.max(0, now - past.removed.time))} ago`;
    const candidates = index.recent ? recordsBefore(run, index, now) : (past?.candidates ?? []);
    return describeDifference(key.digests(), candidates, now) ?? lookup.reason();
  };
}

// Enough to find the call that differs in one thing only, few enough to be read in passing.
const recentRecords = 16;

/** What the task stored before the outermost run began: not what its siblings do now. Asked once in a flow run. */
function recordsBefore(run: TaskRun, index: Storage, now: number): readonly RecentRecord[] {
  const outermost = outermostOf(run);
  const begun = (outermost ?? run).states[0]?.timestamp ?? now;
  const place = `${index.location}\n${run.task.name}`;
  const known = outermost?.recent.get(place);
  if (known) return known;
  const records = recentOf(index, run.task.name, begun);
  outermost?.recent.set(place, records);
  return records;
}

function outermostOf(run: TaskRun): TaskRun["flowRun"] {
  let outermost = run.flowRun;
  while (outermost?.parent) outermost = outermost.parent;
  return outermost;
}

/** An explanation is no reason to fail. */
function recentOf(index: Storage, taskName: string, before: number): readonly RecentRecord[] {
  try {
    return index.recent?.(taskName, before, recentRecords) ?? [];
  } catch {
    return [];
  }
}

/** What the run history knows of a key; filled in when it has answered. */
interface Past {
  candidates: readonly RecentRecord[];
  removed: { readonly detail: string; readonly time: number } | undefined;
}

/** Asks the history, where there is one and it may know something. */
function historyOf(run: TaskRun, key: CacheKey, wantsCandidates: boolean): Past | undefined {
  const recorder = run.services.recorder(run.settings);
  if (!recorder || !(wantsCandidates || (recorder.hasRemovals ?? true))) return undefined;
  const past: Past = { candidates: [], removed: undefined };
  const begun = (outermostOf(run) ?? run).states[0]?.timestamp ?? run.clock.now();
  const asked = recorder.store().then(async (store) => {
    if (recorder.hasRemovals) past.removed = await removalOf(store, key.value);
    if (wantsCandidates) past.candidates = await candidatesOf(store, run.task.name, begun);
  });
  run.explaining = asked.catch(() => undefined);
  return past;
}

async function removalOf(store: RunStore, key: string): Promise<Past["removed"]> {
  const [newest] = await store.cacheEvents.list({ key, limit: 1 });
  return newest?.kind === "evicted" || newest?.kind === "removed" || newest?.kind === "damaged" ? newest : undefined;
}

async function candidatesOf(store: RunStore, of: string, before: number): Promise<readonly RecentRecord[]> {
  const runs = await store.taskRuns.list({ of, before, stored: true, limit: recentRecords });
  return runs.flatMap((run) => recordOf(run) ?? []);
}

function recordOf({ states, components, persisted }: TaskRunRow): RecentRecord | undefined {
  return components && persisted ? { createdAt: states.at(-1)!.timestamp, components } : undefined;
}
