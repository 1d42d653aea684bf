import { commitMarkerPrefix, readCommitMarker } from "../results/commit-marker.ts";
import type { ValueEntry } from "../storage/storage.ts";
import type { Collection } from "./collection.ts";
import { headOf } from "./removal.ts";
import { patienceMs } from "./sweep.ts";
import { sweepNoteName } from "./sweep-note.ts";

/** What `collect` writes down for the next one: values that had no record, and since when. */
const notesName = "oxbow-orphans";
const mostNotes = 10_000;

/*
 * DESIGN. What belongs to no record any more.
 *
 * - The marker of a transaction (results/commit-marker.ts) lists its keys. Where no record of any of these is of that transaction, and
 *   it is a day old, nobody will ask for it.
 * - A value whose metadata are kept apart is one of no record where there are no metadata of its name: somebody died in between. Which storage
 *   has the metadata only the caller knows, so values are looked at only where it says so. They are written before their metadata:
 *   one has to be a day old. Where the medium does not tell how old values are, this is written down, and the next `collect` that
 *   finds them so, a day later, removes them.
 */
export async function sweepValues(collection: Collection): Promise<void> {
  await sweepMarkers(collection);
  if (collection.place.keyStorage) await sweepOrphans(collection);
}

async function sweepMarkers(collection: Collection): Promise<void> {
  const { index, now, pace } = collection;
  if (!index.values.list) return;
  for await (const { name } of index.values.list(commitMarkerPrefix)) {
    await pace.turn();
    const marker = await readCommitMarker(index, name);
    if (!marker || now - marker.createdAt <= patienceMs) continue;
    if (await isNeeded(collection, name.slice(commitMarkerPrefix.length), marker.keys)) continue;
    collection.count("markers", 0);
    if (!collection.isDry) await index.values.delete(name);
  }
}

async function isNeeded({ index, pace }: Collection, id: string, keys: readonly string[]): Promise<boolean> {
  for (const key of keys) {
    if ((await headOf(index, key))?.commit === id) return true;
    await pace.turn();
  }
  return false;
}

async function sweepOrphans(collection: Collection): Promise<void> {
  const { index, now, pace, place } = collection;
  const { values } = place.storage;
  if (!values.list) return;
  const known = await readNotes(collection);
  const notes: Record<string, number> = Object.create(null) as Record<string, number>;
  let count = 0;
  for await (const entry of values.list()) {
    await pace.turn();
    const { name } = entry;
    if (
      name === notesName ||
      name === sweepNoteName ||
      name.startsWith(commitMarkerPrefix) ||
      (await headOf(index, name))
    )
      continue;
    const since = entry.modifiedAt ?? known[name];
    if (since !== undefined && now - since > patienceMs) await removeOrphan(collection, entry);
    else if (entry.modifiedAt === undefined && ++count <= mostNotes) notes[name] = since ?? now;
  }
  if (!collection.isDry && (count > 0 || Object.keys(known).length > 0)) await writeNotes(collection, notes, count);
}

async function removeOrphan(collection: Collection, { name, size = 0 }: ValueEntry): Promise<void> {
  if (!collection.isDry && !(await collection.place.storage.values.delete(name))) return;
  collection.count("values", size);
}

async function readNotes({ place }: Collection): Promise<Record<string, number>> {
  try {
    const bytes = await place.storage.values.get(notesName);
    const found: unknown = bytes && JSON.parse(Buffer.from(bytes).toString());
    if (typeof found === "object" && found !== null) return found as Record<string, number>;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  return {};
}

async function writeNotes({ place }: Collection, notes: Record<string, number>, count: number): Promise<void> {
  const { values } = place.storage;
  if (count === 0) await values.delete(notesName);
  else await values.put(notesName, [Buffer.from(JSON.stringify(notes))]);
}
