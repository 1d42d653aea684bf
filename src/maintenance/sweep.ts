import { formatMs } from "../kernel/duration.ts";
import { RecordError } from "../kernel/errors.ts";
import { counts } from "../results/commit-marker.ts";
import { isExpired } from "../results/record.ts";
import type { RecordMetadata } from "../storage/storage.ts";
import type { CollectReason } from "./collect-options.ts";
import type { Collection } from "./collection.ts";
import { keysPerQuestion, lastUsesOf } from "./uses.ts";

/** What a transaction has not committed by then, it never will. */
export const patienceMs: number = 24 * 60 * 60 * 1000;

/** Goes through all records once: what is of no use goes, and the rest is added up. */
export async function sweep(collection: Collection, maxAgeMs: number | undefined): Promise<void> {
  const { index, now, pace } = collection;
  const damaged: string[] = [];
  const aged: RecordMetadata[] = [];
  for await (const metadata of index.list({ onDamaged: (key) => void damaged.push(key) })) {
    pace.advance(metadata.size);
    const verdict = await verdictOn(collection, metadata);
    if (verdict) await collection.doom(metadata, ...verdict);
    else if (maxAgeMs === undefined || now - metadata.createdAt <= maxAgeMs) collection.keep(metadata);
    else if (aged.push(metadata) >= keysPerQuestion) await judgeAged(collection, aged.splice(0), maxAgeMs);
    if (damaged.length > 0) await removeDamaged(collection, damaged.splice(0));
    await pace.turn();
  }
  await removeDamaged(collection, damaged);
  if (maxAgeMs !== undefined) await judgeAged(collection, aged, maxAgeMs);
  await collection.flush();
}

async function verdictOn(
  { index, now }: Collection,
  metadata: RecordMetadata,
): Promise<readonly [CollectReason, string] | undefined> {
  const { commit, createdAt, expiresAt } = metadata;
  if (isExpired(metadata, now)) return ["expired", `expired ${formatMs(now - expiresAt!)} ago`];
  if (commit === undefined || now - createdAt <= patienceMs) return undefined;
  return (await counts(index, metadata)) ? undefined : ["uncommitted", "its transaction was never committed"];
}

async function judgeAged(collection: Collection, records: readonly RecordMetadata[], maxAgeMs: number): Promise<void> {
  if (records.length === 0) return;
  const lastUses = await lastUsesOf(collection.place.history, records);
  await collection.pace.turn();
  for (const [i, metadata] of records.entries()) {
    const unusedMs = collection.now - lastUses[i]!;
    if (unusedMs <= maxAgeMs) collection.keep(metadata);
    else await collection.doom(metadata, "maxAge", `cache.maxAge: not used for ${formatMs(unusedMs)}`);
  }
}

async function removeDamaged(collection: Collection, keys: readonly string[]): Promise<void> {
  const { index, options, pace, place } = collection;
  for (const key of keys) {
    const detail = await whyDamaged(collection, key);
    if (detail === undefined) continue;
    collection.count("damaged", 0);
    options.onRemoved?.(key, "damaged");
    if (collection.isDry) continue;
    await index.delete(key);
    if (place.keyStorage) await place.storage.values.delete(key);
    await collection.events.add({ kind: "damaged", key, detail });
    await pace.turn();
  }
}

/** A second look: one that was replaced while it was listed is a good one by now. One that is too new is somebody's. */
async function whyDamaged({ index }: Collection, key: string): Promise<string | undefined> {
  try {
    await index.head(key);
    return undefined;
  } catch (error) {
    if (!(error instanceof RecordError)) throw error;
    return error.code === "OXBOW_RECORD_DAMAGED" ? error.message.split("\n", 1)[0] : undefined;
  }
}
