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
import { spool } from "../io/spool.ts";
import { formatMs } from "../kernel/duration.ts";
import { RecordError, SerializationError, messageOf } from "../kernel/errors.ts";
import type { Seal } from "../serializers/serializer.ts";
import type { RecordMetadata, Storage, StoredRecord } from "../storage/storage.ts";
import { counts, isKnownToCount } from "./commit-marker.ts";
import type { DamagedRecords } from "./damaged-records.ts";
import { isStreamFormat, openStream, type SerializerFinder, type Watcher } from "./encode.ts";
import type { MemoryTier } from "./memory-tier.ts";
import { checkedPayload, checkPayload } from "./payload.ts";
import { isExpired, whyNotTrusted, whyUnusable } from "./record.ts";

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
  /** Keeps the streams that have to be verified first. */
  readonly spoolFolder: string;
  /** Known to be of no use. */
  readonly damaged: DamagedRecords;
}

/** Told of a stream whose record is damaged, when that shows: while it is read. The error reaches the reader after that. */
export type DamageListener = (metadata: RecordMetadata, error: unknown) => Awaitable<void>;

const nothing: Lookup = { kind: "absent", expired: false, reason: () => "no record under this key" };
const uncommitted: Lookup = {
  kind: "absent",
  expired: false,
  uncommitted: true,
  reason: () => "the record belongs to a transaction that has not been committed",
};
const knownDamage: Lookup = { kind: "damaged", reason: () => "the record is damaged, as an earlier call has found" };
const valueGone: Lookup = { kind: "damaged", reason: () => "the key is there, but its value is gone" };

/** Finds the record of a key, usable at the time `now`. */
export function lookUp(place: LookupPlace, key: LookupKey, now: number, onDamage?: DamageListener): Awaitable<Lookup> {
  const again = (error: unknown): Promise<Lookup> => lookAgain(place, key, now, error, onDamage);
  try {
    const lookup = fromMemory(place, key, now) ?? fromStorage(place, key, now, onDamage);
    return isPromise(lookup) ? lookup.catch(again) : lookup;
  } catch (error) {
    return again(error);
  }
}

/** A record that was replaced while it was read looks damaged. A second look tells. */
async function lookAgain(
  place: LookupPlace,
  key: LookupKey,
  now: number,
  error: unknown,
  onDamage?: DamageListener,
): Promise<Lookup> {
  if (!(error instanceof RecordError)) return explain(error);
  try {
    return await fromStorage(place, key, now, onDamage);
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

function fromStorage(place: LookupPlace, key: LookupKey, now: number, onDamage?: DamageListener): Awaitable<Lookup> {
  const index = place.keyStorage ?? place.storage;
  return andThen(index.get(key.value), (record) => {
    if (!record) return nothing;
    const { metadata } = record;
    const unusable = whyUnusable(metadata, key.value) ?? whyNotTrusted(metadata, place.seal);
    if (unusable !== undefined) return { kind: "damaged", reason: () => unusable };
    if (place.damaged.has(metadata)) return knownDamage;
    if (isExpired(metadata, now))
      return {
        kind: "absent",
        expired: true,
        reason: () => `the record expired ${formatMs(now - metadata.expiresAt!)} ago`,
      };
    if (metadata.commit === undefined) return use(place, key, record, onDamage);
    return andThen(counts(index, metadata), (committed) =>
      committed ? use(place, key, record, onDamage) : uncommitted,
    );
  });
}

function use(
  place: LookupPlace,
  key: LookupKey,
  record: StoredRecord,
  onDamage: DamageListener | undefined,
): Awaitable<Lookup> {
  const { metadata } = record;
  if (isStreamFormat(metadata.serializer, place.serializerFor)) {
    const chunks = chunksOf(place, record);
    if (chunks)
      return andThen(chunks, (found) =>
        found
          ? andThen(trusted(place, metadata, found), (pieces) => streamed(place, metadata, pieces, onDamage))
          : valueGone,
      );
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
  return found && andThen(found, (chunks) => chunks && checkedPayload(record.metadata, chunks));
}

/**
 * The pieces of a stream. Where signatures are asked for, all of them are held against what was signed before the first is handed
 * out, and kept here meanwhile: read a second time from the storage, they could be others.
 *
 * @throws {RecordError} where they are not those that the metadata describe
 */
function trusted(
  { seal, spoolFolder }: LookupPlace,
  metadata: RecordMetadata,
  chunks: AsyncIterable<Uint8Array>,
): Awaitable<AsyncIterable<Uint8Array>> {
  if (!seal) return chunks;
  return spool(checkedPayload(metadata, chunks), spoolFolder, () => undefined).then((source) => source.chunks());
}

function streamed(
  place: LookupPlace,
  metadata: RecordMetadata,
  chunks: AsyncIterable<Uint8Array>,
  onDamage: DamageListener | undefined,
): Awaitable<Lookup> {
  const watched = onDamage && watcher((error) => onDamage(metadata, error));
  const opened = openStream(metadata.serializer, chunks, place.serializerFor, watched);
  return andThen(opened, (value) => ({ kind: "found", metadata, value }));
}

/** Tells of damage once, before the reader meets it. */
function watcher(onDamage: (error: unknown) => Awaitable<void>): Watcher {
  let told: unknown;
  return async function* watched(source) {
    try {
      yield* source;
    } catch (error) {
      if (isDamage(error) && told === undefined) await onDamage((told = error));
      throw error;
    }
  };
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

/** Whether an error says that what is stored cannot be used, not that the storage failed. */
export function isDamage(error: unknown): boolean {
  return error instanceof RecordError || error instanceof SerializationError;
}

function explain(error: unknown): Lookup {
  if (isDamage(error)) return { kind: "damaged", reason: () => messageOf(error) };
  return { kind: "failed", error };
}
