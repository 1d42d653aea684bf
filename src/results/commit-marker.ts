import { andThen, type Awaitable } from "../kernel/awaitable.ts";
import type { RecordMetadata, Storage } from "../storage/storage.ts";

/*
 * DESIGN. How several records become visible at once where the storage can only write one at a time.
 *
 * What it does: every record carries the id of its transaction (`metadata.commit`) and does not count yet. When all are
 * there, one small value of the same storage is written, the marker. Its being there is what commits them all.
 *
 *   record, record, record … → marker        none of them counts → all of them do
 *
 * What it promises: whoever asks {@link counts} sees all of the records or none, at every moment and in every process,
 * and also when the writer dies anywhere on the way. What it leaves then never counts, and is replaced by the next
 * record of the same key.
 * What the caller must do: ask before a record is used. A marker that was seen is remembered: it costs one read more per
 * transaction and process.
 * What it costs: the old record of a key has gone as soon as the new one is written, before that one counts. Nothing
 * here removes the marker of records that have been replaced, or records that nobody committed; a marker is JSON that
 * lists the keys, so that both can be told by looking: `collect` of maintenance/collect.ts does.
 */

/** So many transactions are remembered per storage; what was forgotten is read again. */
const remembered = 10_000;
const seen = new WeakMap<Storage, Set<string>>();

/** What the names of all markers begin with. */
export const commitMarkerPrefix = "commit-";

/** The name of the value that commits a transaction. */
export function commitMarkerName(id: string): string {
  return commitMarkerPrefix + id;
}

/** Whether a record of `index` counts: it belongs to no transaction, or to one that is committed. */
export function counts(index: Storage, { commit }: RecordMetadata): Awaitable<boolean> {
  if (commit === undefined || isKnown(index, commit)) return true;
  return andThen(index.values.get(commitMarkerName(commit)), (marker) => {
    if (marker !== undefined) remember(index, commit);
    return marker !== undefined;
  });
}

/** {@link counts}, as far as it can be said without asking the storage. */
export function isKnownToCount(index: Storage, { commit }: RecordMetadata): boolean {
  return commit === undefined || isKnown(index, commit);
}

/** Commits a transaction: from here on its records count. */
export async function writeCommitMarker(index: Storage, id: string, records: readonly RecordMetadata[]): Promise<void> {
  const content = {
    keys: records.map(({ key }) => key),
    createdAt: records.reduce((latest, { createdAt }) => Math.max(latest, createdAt), 0),
  };
  await index.values.put(commitMarkerName(id), [Buffer.from(`${JSON.stringify(content)}\n`)]);
  remember(index, id);
}

/**
 * Takes a commit back: its records do not count any more. A process that has seen the marker goes on using those that
 * it still finds, so they are to be removed as well.
 */
export async function removeCommitMarker(index: Storage, id: string): Promise<void> {
  seen.get(index)?.delete(id);
  await index.values.delete(commitMarkerName(id));
}

/** What a marker says, by its name; `undefined` where there is none, or it is none. */
export async function readCommitMarker(
  index: Storage,
  name: string,
): Promise<{ readonly keys: readonly string[]; readonly createdAt: number } | undefined> {
  const bytes = await index.values.get(name);
  try {
    const { keys, createdAt } = JSON.parse(Buffer.from(bytes ?? []).toString()) as Record<string, unknown>;
    const isMarker = Array.isArray(keys) && keys.every((key) => typeof key === "string") && Number.isFinite(createdAt);
    return isMarker ? { keys, createdAt: createdAt as number } : undefined;
  } catch {
    return undefined;
  }
}

function isKnown(index: Storage, id: string): boolean {
  return seen.get(index)?.has(id) === true;
}

function remember(index: Storage, id: string): void {
  let ids = seen.get(index);
  if (!ids) seen.set(index, (ids = new Set()));
  // A Set keeps the order of insertion: the oldest goes.
  if (ids.size >= remembered) ids.delete(ids.values().next().value!);
  ids.add(id);
}
