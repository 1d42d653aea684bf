/*
 * DESIGN. Finding the record of a key: in memory, else in storage. Steps that need not wait do not: a hit in memory
 * or in an embedded storage is found without a promise.
 *
 * Promises:
 * - It never throws because of what is stored: it finds a usable record, or says in words why there is none. A storage
 *   that cannot be asked is told apart from a record that is not there.
 * - A value that is handed out shares nothing with the store or with an earlier caller.
 * - What memory holds is used only while the storage's version token proves that the record is still the same one.
 */
import { andThen, isPromise, type Awaitable } from "../kernel/awaitable.ts";
import { formatMs } from "../kernel/duration.ts";
import { RecordError, SerializationError, messageOf } from "../kernel/errors.ts";
import type { Seal } from "../serializers/serializer.ts";
import type { RecordMetadata, Storage, StoredRecord } from "../storage/storage.ts";
import { counts, isKnownToCount } from "./commit-marker.ts";
import { isStreamFormat, openStream, type SerializerFinder } from "./encode.ts";
import type { MemoryTier } from "./memory-tier.ts";
import { checkedChunks, checkPayload } from "./payload.ts";
import { isExpired, statementOf, whyUnusable } from "./record.ts";

/** A key in two steps: `text` is at hand and finds it in memory, `value` is a hash away and finds it in storage. */
export interface LookupKey {
  readonly text: string;
  readonly value: string;
}

/** What a lookup found. */
export type Lookup =
  | { readonly kind: "found"; readonly metadata: RecordMetadata; readonly value: unknown }
  /** Nothing to use, as it should be: never written, or expired, or written in a transaction that does not count. */
  | {
      readonly kind: "absent";
      readonly expired: boolean;
      readonly uncommitted?: true;
      readonly reason: () => string;
    }
  /** Something is there that should be usable and is not. */
  | { readonly kind: "damaged"; readonly reason: () => string }
  /** The storage could not be asked. */
  | { readonly kind: "failed"; readonly error: unknown };

/** Where to look. */
export interface LookupPlace {
  readonly storage: Storage;
  readonly keyStorage: Storage | undefined;
  readonly memory: MemoryTier;
  readonly serializerFor: SerializerFinder;
  /** Refuses records that nobody signed whom it trusts. */
  readonly seal: Seal | undefined;
}

const nothing: Lookup = { kind: "absent", expired: false, reason: () => "no record under this key" };
const uncommitted: Lookup = {
  kind: "absent",
  expired: false,
  uncommitted: true,
  reason: () => "the record belongs to a transaction that has not been committed",
};
const valueGone: Lookup = { kind: "damaged", reason: () => "the key is there, but its value is gone" };

/** Finds the record of a key, usable at the time `now`. */
export function lookUp(place: LookupPlace, key: LookupKey, now: number): Awaitable<Lookup> {
  try {
    const lookup = fromMemory(place, key, now) ?? fromStorage(place, key, now);
    return isPromise(lookup) ? lookup.catch((error: unknown) => lookAgain(place, key, now, error)) : lookup;
  } catch (error) {
    return lookAgain(place, key, now, error);
  }
}

/** A record that was replaced while it was read looks damaged. A second look tells. */
async function lookAgain(place: LookupPlace, key: LookupKey, now: number, error: unknown): Promise<Lookup> {
  if (!(error instanceof RecordError)) return explain(error);
  try {
    return await fromStorage(place, key, now);
  } catch (again) {
    return explain(again);
  }
}

function fromMemory(place: LookupPlace, key: LookupKey, now: number): Awaitable<Lookup> | undefined {
  const entry = place.memory.get(key.text);
  if (!entry) return undefined;
  const index = place.keyStorage ?? place.storage;
  const isCurrent = index.version?.(entry.metadata.key) === entry.version && isKnownToCount(index, entry.metadata);
  if (!isCurrent || isExpired(entry.metadata, now)) {
    place.memory.delete(key.text);
    return undefined;
  }
  return decode(place, entry.metadata, entry.payload.slice());
}

function fromStorage(place: LookupPlace, key: LookupKey, now: number): Awaitable<Lookup> {
  const index = place.keyStorage ?? place.storage;
  return andThen(index.get(key.value), (record) => {
    if (!record) return nothing;
    const { metadata } = record;
    const unusable = whyUnusable(metadata, key.value) ?? whyRefused(place, metadata);
    if (unusable !== undefined) return { kind: "damaged", reason: () => unusable };
    if (isExpired(metadata, now))
      return {
        kind: "absent",
        expired: true,
        reason: () => `the record expired ${formatMs(now - metadata.expiresAt!)} ago`,
      };
    if (metadata.commit === undefined) return use(place, key, record);
    return andThen(counts(index, metadata), (committed) => (committed ? use(place, key, record) : uncommitted));
  });
}

function whyRefused({ seal }: LookupPlace, metadata: RecordMetadata): string | undefined {
  const why = seal?.whyRefused(statementOf(metadata), metadata.signature);
  return why === undefined ? undefined : `the record is not used: ${why}`;
}

function use(place: LookupPlace, key: LookupKey, record: StoredRecord): Awaitable<Lookup> {
  const { metadata } = record;
  if (isStreamFormat(metadata.serializer, place.serializerFor)) {
    const chunks = chunksOf(place, record);
    if (chunks) return andThen(chunks, (found) => (found ? streamed(place, metadata, found) : valueGone));
  }
  return andThen(payloadOf(place, record), (payload) => {
    if (!payload) return valueGone;
    if (place.keyStorage) checkPayload(metadata, payload);
    // The token is from before the record was read: a change in between makes the entry in memory stale, never wrong.
    if (record.version !== undefined)
      place.memory.set(key.text, { metadata, payload: payload.slice(), version: record.version });
    return decode(place, metadata, payload);
  });
}

/** The pieces of a record; `undefined` where its storage gives it only as a whole. */
function chunksOf(
  place: LookupPlace,
  record: StoredRecord,
): Awaitable<AsyncIterable<Uint8Array> | undefined> | undefined {
  if (!place.keyStorage) return record.stream?.();
  const found = place.storage.values.open?.(record.metadata.key);
  return found && andThen(found, (chunks) => chunks && checkedChunks(record.metadata, chunks));
}

function streamed(place: LookupPlace, metadata: RecordMetadata, chunks: AsyncIterable<Uint8Array>): Awaitable<Lookup> {
  const opened = openStream(metadata.serializer, chunks, place.serializerFor);
  return andThen(opened, (value) => ({ kind: "found", metadata, value }));
}

function payloadOf(place: LookupPlace, record: StoredRecord): Awaitable<Uint8Array | undefined> {
  return place.keyStorage ? place.storage.values.get(record.metadata.key) : record.bytes();
}

function decode(place: LookupPlace, metadata: RecordMetadata, payload: Uint8Array): Awaitable<Lookup> {
  return andThen(place.serializerFor(metadata.serializer).deserialize(payload), (value) => ({
    kind: "found",
    metadata,
    value,
  }));
}

function explain(error: unknown): Lookup {
  if (error instanceof RecordError || error instanceof SerializationError)
    return { kind: "damaged", reason: () => messageOf(error) };
  return { kind: "failed", error };
}
