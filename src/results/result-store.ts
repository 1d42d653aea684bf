/*
 * DESIGN. A result store is a place for results: a storage for the values, perhaps another one for their metadata, a
 * serializer, and a memory tier in front. With key storage the value is written first, then the metadata, so that
 * metadata without a value is rare, and a miss.
 */
import { andThen, type Awaitable } from "../kernel/awaitable.ts";
import { systemClock, type Clock } from "../kernel/clock.ts";
import { toMs, type Duration } from "../kernel/duration.ts";
import { ConfigurationError, MissingResultError, StorageError } from "../kernel/errors.ts";
import { type CacheMode, mayRead, mayWrite } from "../kernel/cache-mode.ts";
import { whyNoKey } from "../kernel/keys.ts";
import { serializerFor } from "../serializers/registry.ts";
import type { Serializer } from "../serializers/serializer.ts";
import type { LockManager } from "../locks/lock-manager.ts";
import type { ListOptions, Payload, RecordMetadata, Storage } from "../storage/storage.ts";
import { counts } from "./commit-marker.ts";
import {
  decode,
  defaultSpoolFolder,
  encode,
  type EncodedValue,
  encodeItems,
  inMemory,
  isStream,
  type SerializerFinder,
} from "./encode.ts";
import { DamagedRecords, isSameRecord } from "./damaged-records.ts";
import { type DamageListener, lookUp, type Lookup, type LookupKey, type LookupPlace } from "./lookup.ts";
import { copied } from "./payload.ts";
import { MemoryTier, type MemoryLimits } from "./memory-tier.ts";
import type { PreparedRecord } from "./prepared-record.ts";
import { describeRecord, isExpired, type Provenance, whyNotTrusted } from "./record.ts";
import type { ResultStoreOptions, SaveOptions } from "./result-store-options.ts";

export type { ResultStoreOptions, SaveOptions } from "./result-store-options.ts";

const unknownOrigin: Provenance = { taskName: "", taskRunId: "", durationMs: 0, tags: [], components: {} };
const defaultLimits: MemoryLimits = { entries: 10_000, bytes: 64 * 1024 * 1024 };

/**
 * A place for results, by key.
 *
 * @example
 * const store = new ResultStore({ storage: memoryStorage(), serializer: json() });
 * await store.write("answer", 42, { expiration: "1 day" });
 * console.log(await store.read("answer")); // 42
 */
export class ResultStore {
  readonly storage: Storage;
  readonly keyStorage: Storage | undefined;
  readonly serializer: Serializer;
  readonly lockManager: LockManager | undefined;
  readonly mode: CacheMode;
  readonly #spoolPath: string;
  readonly #serializerFor: SerializerFinder;
  readonly #place: LookupPlace;
  /** The same place, without memory. */
  readonly #placeOnly: LookupPlace;
  readonly #clock: Clock;
  readonly #onWrite: ResultStoreOptions["onWrite"];

  /** @throws {ConfigurationError} where the storage or the serializer is missing */
  constructor(options: ResultStoreOptions) {
    for (const part of ["storage", "serializer"] as const) {
      if (options[part]) continue;
      throw new ConfigurationError("OXBOW_OPTION_INVALID", `A ResultStore needs a ${part}`);
    }
    this.storage = options.storage;
    this.keyStorage = options.keyStorage;
    this.serializer = options.serializer;
    this.lockManager = options.lockManager;
    this.mode = options.mode ?? "read-write";
    this.#spoolPath = options.spoolPath ?? defaultSpoolFolder();
    this.#serializerFor = options.serializerFor ?? ((format) => readerOf(options.serializer, format));
    this.#clock = options.clock ?? systemClock;
    this.#onWrite = options.onWrite;
    this.#place = {
      storage: options.storage,
      keyStorage: options.keyStorage,
      memory: new MemoryTier(options.memory ?? defaultLimits),
      serializerFor: this.#serializerFor,
      seal: options.serializer.seal,
      spoolFolder: this.#spoolPath,
      damaged: new DamagedRecords(),
    };
    this.#placeOnly = { ...this.#place, memory: new MemoryTier({ entries: 0, bytes: 0 }) };
  }

  /**
   * The value under a key.
   *
   * @throws {MissingResultError} where there is none that can be used; the message says why
   * @throws {StorageError} where the storage cannot be asked
   */
  async read(key: string): Promise<unknown> {
    if (!mayRead(this.mode)) throw new MissingResultError(`Nothing is read from this result store: it is ${this.mode}`);
    const lookup = await this.lookUp(plain(key), this.#clock.now());
    if (lookup.kind === "found") return lookup.value;
    if (lookup.kind === "failed") throw lookup.error;
    // Results outlive their keys: a value whose metadata are gone can still be read, by this store's serializer.
    const isGone = lookup.kind === "absent" && !lookup.uncommitted;
    // Nobody knows who wrote it, so a store that asks for signatures does not use it.
    const mayBeOrphan = this.keyStorage && isGone && !this.serializer.seal;
    const orphan = mayBeOrphan ? await this.storage.values.get(key) : undefined;
    if (orphan) return this.serializer.deserialize(orphan);
    throw new MissingResultError(`No result under key ${JSON.stringify(key)}: ${lookup.reason()}`);
  }

  /**
   * Writes a value under a key, in place of what was there.
   *
   * @param options.expiration from when on the record is not used, counted from now; never by default
   * @throws {SerializationError} for a value that the serializer refuses, with the path
   * @throws {StorageError} where the storage fails; what was there before is still there
   */
  async write(key: string, value: unknown, options: { readonly expiration?: Duration } = {}): Promise<RecordMetadata> {
    if (!mayWrite(this.mode)) throw new StorageError(`Nothing is written to this result store: it is ${this.mode}`);
    const now = this.#clock.now();
    const expiresAt = options.expiration === undefined ? undefined : now + toMs(options.expiration, "expiration");
    return this.save(plain(key), value, unknownOrigin, now, { expiresAt });
  }

  /** Whether there is a record under a key that has not expired, signed where this store asks for that. The value is not read. */
  async exists(key: string): Promise<boolean> {
    const metadata = await this.stat(key);
    if (metadata === undefined || isExpired(metadata, this.#clock.now())) return false;
    return whyNotTrusted(metadata, this.serializer.seal) === undefined;
  }

  /** What is known of the record under a key, expired or not. */
  async stat(key: string): Promise<RecordMetadata | undefined> {
    const index = this.keyStorage ?? this.storage;
    const metadata = await index.head(checked(key));
    return metadata && (await counts(index, metadata)) ? metadata : undefined;
  }

  /** Removes the record under a key, metadata and value. @returns whether there was one */
  async delete(key: string): Promise<boolean> {
    if (!this.keyStorage) return this.storage.delete(checked(key));
    const known = await this.keyStorage.delete(checked(key));
    return (await this.storage.values.delete(key)) || known;
  }

  /** The metadata of all records, in the order of their keys. */
  async *list(options?: ListOptions): AsyncIterable<RecordMetadata> {
    const index = this.keyStorage ?? this.storage;
    for await (const metadata of index.list(options)) if (await counts(index, metadata)) yield metadata;
  }

  /**
   * Finds the record of a key, in memory or in storage. Never throws: what went wrong is in what it gives.
   *
   * @param inMemory whether memory is asked, and keeps what was found @default true
   * @param onDamage called where a stream that was found turns out to be damaged while it is read
   */
  lookUp(key: LookupKey, now: number, inMemory = true, onDamage?: DamageListener): Awaitable<Lookup> {
    return lookUp(inMemory ? this.#place : this.#placeOnly, key, now, onDamage);
  }

  /**
   * Finds a record no more that turned out to be damaged when it was read. Another one in its place stays.
   *
   * @param remove whether it is removed from its storage, too
   * @throws {StorageError} where it cannot be removed; it is not found again by this store all the same
   */
  async discard(damaged: RecordMetadata, remove: boolean): Promise<void> {
    const forget = this.#place.damaged.add(damaged);
    if (!remove) return;
    const there = await (this.keyStorage ?? this.storage).head(damaged.key);
    if (there && isSameRecord(there, damaged)) await this.delete(damaged.key);
    forget();
  }

  /** Makes a record of a value, to be published later. A stream is gone through. @throws {SerializationError} */
  prepare(
    key: LookupKey,
    value: unknown,
    origin: Provenance,
    createdAt: number,
    options: Pick<SaveOptions, "expiresAt"> = {},
  ): Awaitable<PreparedRecord> {
    return andThen(this.encode(value), (encoded) =>
      this.prepareEncoded(key, { ...encoded, payload: copied(encoded.payload) }, origin, createdAt, options),
    );
  }

  /**
   * The bytes of a value. A stream is gone through: see {@link ResultStore.open}.
   *
   * @param onTouch called before the first piece of a stream is read
   * @throws {SerializationError}
   */
  encode(value: unknown, onTouch?: () => void): Awaitable<EncodedValue> {
    return andThen(encode(this.serializer, value, this.#spoolPath, onTouch), (encoded) => this.#fitting(encoded));
  }

  /** Whether a value that is stored can also be handed on: no stream, which storing uses up, and nothing that would be read as another. */
  keeps(value: unknown): boolean {
    return !isStream(value);
  }

  /** The value of bytes that this store has made; a copy of its own each time. */
  open(encoded: Pick<EncodedValue, "format" | "payload">): Awaitable<unknown> {
    return decode(encoded, this.#serializerFor);
  }

  /** Makes a record of bytes that this store has made. */
  prepareEncoded(
    key: LookupKey,
    encoded: EncodedValue,
    origin: Provenance,
    createdAt: number,
    options: Pick<SaveOptions, "expiresAt"> = {},
  ): PreparedRecord {
    const metadata = this.#describe(key, encoded, { createdAt, expiresAt: options.expiresAt }, origin);
    return { store: this, key, metadata, payload: encoded.payload };
  }

  /** The bytes of items that are yielded one by one. @throws {SerializationError} */
  encodeItems(items: AsyncIterable<unknown>): Promise<EncodedValue> {
    const encoding = encodeItems(this.serializer, items, this.#serializerFor, this.#spoolPath);
    return encoding.then((encoded) => this.#fitting(encoded));
  }

  /** A storage without streams is given the bytes as a whole. */
  #fitting(encoded: EncodedValue): Awaitable<EncodedValue> {
    return this.storage.capabilities.streams ? encoded : inMemory(encoded);
  }

  /** The value of a record that was prepared by this store; a copy of its own each time. */
  decode({ metadata, payload }: PreparedRecord): Awaitable<unknown> {
    return this.open({ format: metadata.serializer, payload });
  }

  /** Drops what memory has of a key: to be called by whoever writes or removes its record past this store. */
  forget(key: LookupKey): void {
    this.#place.memory.delete(key.text);
  }

  /** Writes a value together with where it came from. @throws as {@link ResultStore.write} */
  save(
    key: LookupKey,
    value: unknown,
    origin: Provenance,
    createdAt: number,
    options: SaveOptions = {},
  ): Awaitable<RecordMetadata> {
    return andThen(this.encode(value), (encoded) => this.saveEncoded(key, encoded, origin, createdAt, options));
  }

  /** Writes bytes that this store has made. @throws {StorageError} */
  saveEncoded(
    key: LookupKey,
    encoded: EncodedValue,
    origin: Provenance,
    createdAt: number,
    options: SaveOptions = {},
  ): Awaitable<RecordMetadata> {
    // What is in memory is forgotten, and the new value is not put there: only the storage knows which of two
    // writers came last. The first hit reads it back.
    this.#place.memory.delete(key.text);
    const described = this.#describe(key, encoded, { createdAt, expiresAt: options.expiresAt }, origin);
    const metadata = options.fence === undefined ? described : { ...described, fence: options.fence };
    const written: Awaitable<unknown> = this.keyStorage
      ? this.#putApart(this.keyStorage, metadata, encoded.payload)
      : this.storage.put(metadata, encoded.payload, options.ifAbsent ? { ifAbsent: true } : undefined);
    return andThen(written, () => metadata);
  }

  #describe(
    key: LookupKey,
    encoded: EncodedValue,
    times: { readonly createdAt: number; readonly expiresAt: number | undefined },
    origin: Provenance,
  ): RecordMetadata {
    const metadata = describeRecord(key.value, encoded, times, origin, this.serializer.seal);
    this.#onWrite?.(metadata.size);
    return metadata;
  }

  async #putApart(keyStorage: Storage, metadata: RecordMetadata, payload: Payload): Promise<void> {
    await this.storage.values.put(metadata.key, payload);
    await keyStorage.put(metadata, []);
  }
}

/** A serializer of the user's own reads what it wrote, registered or not. */
function readerOf(serializer: Serializer, format: string): Serializer {
  return format === serializer.format ? serializer : serializerFor(format);
}

/** @throws {ConfigurationError} `OXBOW_KEY_INVALID` */
function checked(key: string): string {
  const fault = whyNoKey(key);
  if (fault === undefined) return key;
  throw new ConfigurationError("OXBOW_KEY_INVALID", `A result store has no key that is ${fault}`);
}

function plain(key: string): LookupKey {
  checked(key);
  return { text: `=${key}`, value: key };
}
