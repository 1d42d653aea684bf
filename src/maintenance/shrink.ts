import type { RecordMetadata } from "../storage/storage.ts";
import type { Collection } from "./collection.ts";
import { LeastRecent, type Used } from "./least-recent.ts";
import { footprintOf } from "./place.ts";
import { type Doomed, doomed } from "./removal.ts";
import { keysPerQuestion, lastUsesOf } from "./uses.ts";

/** So many of the oldest records are in memory at a time. */
const candidates = 10_000;

interface Candidate extends Used {
  readonly record: Doomed;
}

const detail = "cache.maxSize: it was not used for the longest time";

/*
 * DESIGN. Where all records together are too large, they are gone through once more, each with the moment of its last use, and those
 * that were not used for the longest time go, until the rest is small enough. They are taken in rounds.
 *
 * Two processes at the same: each round adds up anew what is there, and a record that the other one has removed meanwhile counts as
 * gone. So both together remove what one would have.
 */
export async function shrink(collection: Collection, maxBytes: number, lowWater: number): Promise<void> {
  if (collection.footprint <= maxBytes) return;
  const remover = collection.removerFor("maxSize");
  for (let isFirst = true; ; isFirst = false) {
    await collection.protection.refresh();
    const oldest = await survey(collection);
    let excess = collection.footprint - maxBytes * lowWater;
    if (isFirst && collection.footprint <= maxBytes) return;
    const found = excess > 0 ? await oldest.drain(collection.pace) : [];
    for (const { record } of found) {
      if (excess <= 0) break;
      await remover.add(record);
      excess -= footprintOf(record);
      collection.release(record);
    }
    await remover.flush();
    if (excess <= 0) return;
    if (found.length === 0 || collection.isDry) {
      collection.problem(`All records together are still ${Math.ceil(excess)} bytes too large: the rest is in use`);
      return;
    }
  }
}

/** Adds up anew what is there, and finds what was not used for the longest time. */
async function survey(collection: Collection): Promise<LeastRecent<Candidate>> {
  const { index, pace, place, spared } = collection;
  collection.recount();
  const oldest = new LeastRecent<Candidate>(collection.isDry ? Number.MAX_SAFE_INTEGER : candidates);
  const group: RecordMetadata[] = [];
  const offer = async (): Promise<void> => {
    const records = group.splice(0);
    const lastUses = await lastUsesOf(place.history, records);
    for (const [i, metadata] of records.entries()) {
      const lastUse = lastUses[i]!;
      if (oldest.accepts(lastUse)) oldest.offer({ lastUse, record: doomed(metadata, "evicted", detail) });
    }
    await pace.turn();
  };
  for await (const metadata of index.list()) {
    if (spared.has(metadata.key)) continue;
    collection.keep(metadata);
    if (collection.mayGo(metadata) && group.push(metadata) >= keysPerQuestion) await offer();
    await pace.turn();
  }
  if (group.length > 0) await offer();
  return oldest;
}
