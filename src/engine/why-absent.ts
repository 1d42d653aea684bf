import type { CacheKey } from "../caching/compute-key.ts";
import { describeDifference } from "../caching/difference.ts";
import type { Lookup } from "../results/lookup.ts";
import type { ResultStore } from "../results/result-store.ts";
import type { RecentRecord, Storage } from "../storage/storage.ts";
import type { TaskRun } from "./task-run.ts";

/** Why there was no record, in words that are made when somebody reads them. */
export function whyAbsent(
  run: TaskRun,
  key: CacheKey,
  store: ResultStore,
  lookup: Extract<Lookup, { kind: "absent" }>,
): () => string {
  const now = run.clock.now();
  return () => {
    if (lookup.expired || lookup.uncommitted) return lookup.reason();
    const candidates = recordsBefore(run, store.keyStorage ?? store.storage, now);
    return describeDifference(key.digests(), candidates, now) ?? lookup.reason();
  };
}

// Enough to find the call that differs in one thing only, few enough to be read in passing.
const recentRecords = 16;

/** What the task stored before the outermost run began: not what its siblings do now. Asked once in a flow run. */
function recordsBefore(run: TaskRun, index: Storage, now: number): readonly RecentRecord[] {
  let outermost = run.flowRun;
  while (outermost?.parent) outermost = outermost.parent;
  const begun = (outermost ?? run).states[0]?.timestamp ?? now;
  const place = `${index.location}\n${run.task.name}`;
  const known = outermost?.recent.get(place);
  if (known) return known;
  const records = recentOf(index, run.task.name, begun);
  outermost?.recent.set(place, records);
  return records;
}

/** An explanation is no reason to fail. */
function recentOf(index: Storage, taskName: string, before: number): readonly RecentRecord[] {
  try {
    return index.recent?.(taskName, before, recentRecords) ?? [];
  } catch {
    return [];
  }
}
