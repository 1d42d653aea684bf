/*
 * DESIGN. A result store is a place for results: a storage for the values, perhaps another one for their metadata, a
 * serializer, and a memory tier in front. With key storage the value is written first, then the metadata, so that
 * metadata without a value is rare, and a miss.
 */
import { andThen, type Awaitable } from "../kernel/awaitable.ts";
import { systemClock, type Clock } from "../kernel/clock.ts";
import { toMs, type Duration } from "../kernel/duration.ts";
import { ConfigurationError, MissingResultError } from "../kernel/errors.ts";
import { whyNoKey } from "../kernel/keys.ts";
import type { Serializer } from "../serializers/serializer.ts";
import type { LockManager } from "../locks/lock-manager.ts";
import type { ListOptions, RecordMetadata, Storage } from "../storage/storage.ts";
import { counts } from "./commit-marker.ts";
import { lookUp, type Lookup, type LookupKey, type LookupPlace } from "./lookup.ts";
import { MemoryTier, type MemoryLimits } from "./memory-tier.ts";
import type { PreparedRecord } from "./prepared-record.ts";
import { describeRecord, isExpired, type Provenance } from "./record.ts";

/** What a {@link ResultStore} is made of. */
export interface ResultStoreOptions {
  /** Where values go, and their metadata too unless there is a key storage. */
  readonly storage: Storage;
  /** Keeps the metadata apart from the values. @default none */
  readonly keyStorage?: Storage | undefined;
  /** Writes values. Records are read by the serializer that they name. */
  readonly serializer: Serializer;
  /** Finds the serializer of a record by its format. @default gives `serializer`, whatever the format */
  readonly serializerFor?: (format: string) => Serializer;
  /** How much the memory tier may hold. @default 10,000 entries and 64 MiB */
  readonly memory?: MemoryLimits;
  /** Gives the locks of transactions with this store. @default the one that belongs to the storage, where it brings one */
  readonly lockManager?: LockManager | undefined;
  /** @default the clock of the machine */
  readonly clock?: Clock;
}

/** How a value is written. */
export interface SaveOptions {
  /** Milliseconds since 1970 from when on the record is not used. @default never */
  readonly expiresAt?: number | undefined;
  /** Write only where there is no record. @default false */
  readonly ifAbsent?: boolean;
  /** The fencing token of the lock under which the value was computed. @default none */
  readonly fence?: number | undefined;
}

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
  readonly #place: LookupPlace;
  /** The same place, without memory. */
  readonly #placeOnly: LookupPlace;
  readonly #clock: Clock;

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
    this.#clock = options.clock ?? systemClock;
    this.#place = {
      storage: options.storage,
      keyStorage: options.keyStorage,
      memory: new MemoryTier(options.memory ?? defaultLimits),
      serializerFor: options.serializerFor ?? (() => options.serializer),
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
    const lookup = await this.lookUp(plain(key), this.#clock.now());
    if (lookup.kind === "found") return lookup.value;
    if (lookup.kind === "failed") throw lookup.error;
    // Results outlive their keys: a value whose metadata are gone can still be read, by this store's serializer.
    const isGone = lookup.kind === "absent" && !lookup.uncommitted;
    const orphan = this.keyStorage && isGone ? await this.storage.values.get(key) : undefined;
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
    const now = this.#clock.now();
    const expiresAt = options.expiration === undefined ? undefined : now + toMs(options.expiration, "expiration");
    return this.save(plain(key), value, unknownOrigin, now, { expiresAt });
  }

  /** Whether there is a record under a key that has not expired. The value is not read. */
  async exists(key: string): Promise<boolean> {
    const metadata = await this.stat(key);
    return metadata !== undefined && !isExpired(metadata, this.#clock.now());
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
   */
  lookUp(key: LookupKey, now: number, inMemory = true): Awaitable<Lookup> {
    return lookUp(inMemory ? this.#place : this.#placeOnly, key, now);
  }

  /** Makes a record of a value, to be published later. @throws {SerializationError} */
  prepare(
    key: LookupKey,
    value: unknown,
    origin: Provenance,
    createdAt: number,
    options: Pick<SaveOptions, "expiresAt"> = {},
  ): Awaitable<PreparedRecord> {
    const times = { createdAt, expiresAt: options.expiresAt };
    return andThen(this.serializer.serialize(value), (chunks) => {
      // A copy: a serializer may hand out the caller's own buffers.
      const payload = chunks.map((chunk) => new Uint8Array(chunk));
      const metadata = describeRecord(key.value, this.serializer.format, payload, times, origin);
      return { store: this, key, metadata, payload };
    });
  }

  /** The value of a record that was prepared by this store; a copy of its own each time. */
  decode({ payload }: PreparedRecord): Awaitable<unknown> {
    return this.serializer.deserialize(new Uint8Array(Buffer.concat(payload)));
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
    // What is in memory is forgotten, and the new value is not put there: only the storage knows which of two
    // writers came last. The first hit reads it back.
    this.#place.memory.delete(key.text);
    return andThen(this.serializer.serialize(value), (payload) => {
      const times = { createdAt, expiresAt: options.expiresAt };
      const metadata = describeRecord(key.value, this.serializer.format, payload, times, origin, options.fence);
      const written: Awaitable<unknown> = this.keyStorage
        ? this.#putApart(this.keyStorage, metadata, payload)
        : this.storage.put(metadata, payload, options.ifAbsent ? { ifAbsent: true } : undefined);
      return andThen(written, () => metadata);
    });
  }

  async #putApart(keyStorage: Storage, metadata: RecordMetadata, payload: readonly Uint8Array[]): Promise<void> {
    await this.storage.values.put(metadata.key, payload);
    await keyStorage.put(metadata, []);
  }
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
