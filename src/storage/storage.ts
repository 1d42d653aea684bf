import type { Awaitable } from "../kernel/awaitable.ts";
import type { ByteSource } from "../kernel/byte-source.ts";
import type { Configuration } from "../kernel/configuration.ts";
import type { RecordError } from "../kernel/errors.ts";

/** The version of the record format that this release writes. It reads this one and the older ones. */
export const recordFormatVersion = 1;

/** What is known of a stored result beside its bytes. Times are milliseconds since 1970. */
export interface RecordMetadata {
  /** The version of the record format that the writer wrote. */
  readonly formatVersion: number;
  /** The cache key; equal to the key that the record was asked for, or the record is not the one. */
  readonly key: string;
  readonly createdAt: number;
  /** From this moment on the record is not used; `undefined` means never. */
  readonly expiresAt?: number | undefined;
  /** The format of the serializer that wrote it. */
  readonly serializer: string;
  /** Length of the payload in bytes. */
  readonly size: number;
  /** SHA-256 of the payload, 64 lower-case hexadecimal digits (FIPS 180-4). */
  readonly sha256: string;
  /** How long the computation took, in milliseconds: what a hit saves. */
  readonly durationMs: number;
  /** The task that computed it. */
  readonly taskName: string;
  readonly taskRunId: string;
  readonly flowRunId?: string | undefined;
  readonly tags: readonly string[];
  /** A short digest per part of the cache key (`inputs.url`, `task-source`, …): what "why" is answered from. */
  readonly components: Readonly<Record<string, string>>;
  /**
   * The fencing token of the lock under which it was written, a whole number; see `Lease.token` in locks/lock-manager.ts. `undefined` for
   * a record that was written without a lock.
   */
  readonly fence?: number | undefined;
  /**
   * The transaction that it belongs to, where that spans several writes: the record counts only once the storage's value
   * of this name is there. See results/commit-marker.ts. `undefined` for a record that counts by itself.
   */
  readonly commit?: string | undefined;
  /** What the serializer signed it with, where that signs: see `Seal` in serializers/serializer.ts. */
  readonly signature?: string | undefined;
}

/**
 * The bytes of a record on their way in: the chunks in order, or a source of them where they are too many for memory. A
 * source is given only to storages with `capabilities.streams`.
 */
export type Payload = readonly Uint8Array[] | ByteSource;

/** A record as it was found. */
export interface StoredRecord {
  readonly metadata: RecordMetadata;
  /** What {@link Storage.version} would have given before the record was read, where the storage has versions. */
  readonly version?: string | number | undefined;
  /**
   * The payload, held against `metadata.size` and `metadata.sha256`; to be called at most once, and the caller owns the
   * bytes. A payload that has gone in the meantime, or was never whole, is a {@link RecordError}; a medium that fails is
   * a {@link StorageError}.
   */
  bytes(): Awaitable<Uint8Array>;
  /**
   * The payload, piece by piece, in place of `bytes()`: memory holds a few pieces at a time. Length and checksum are
   * compared as it is read, so damage is a {@link RecordError} in place of the end. Whoever stops early releases what
   * is held. Present where `capabilities.streams` is.
   */
  stream?(): AsyncIterable<Uint8Array>;
}

/** What a storage can do beyond the required methods. */
export interface StorageCapabilities {
  /** Records outlive the process. */
  readonly persistent: boolean;
  /** `put(…, { ifAbsent: true })` is decided by the medium: of several writers at once exactly one wins. */
  readonly putIfAbsent: boolean;
  /** {@link Storage.putAll} publishes all of its records or none, also when the process dies half-way. */
  readonly atomicBatch: boolean;
  /** A write with a lower fencing token than that of the record in its place is refused by the medium. */
  readonly fencing: boolean;
  /** {@link Storage.version} is there and notices changes by other processes. */
  readonly versions: boolean;
  /** Payloads of any length go in ({@link ByteSource}) and out (`StoredRecord.stream`) without being in memory as a whole. */
  readonly streams: boolean;
  /** {@link Storage.list} gives the records; without, it gives none and throws a {@link StorageError}. */
  readonly list: boolean;
}

/** How a record is written. */
export interface PutOptions {
  /** Write only where there is no record under the key. @default false */
  readonly ifAbsent?: boolean;
}

/** Which records {@link Storage.list} gives. */
export interface ListOptions {
  /** Only keys that begin with this. @default "" */
  readonly prefix?: string;
  /** Only keys after this one, in the order of the list: the last key of the page before. */
  readonly after?: string;
  /**
   * Told of damaged records in passing, as far as the medium tells their keys from what is not Oxbow's; `error` says what is wrong.
   * @default they are passed over in silence
   */
  readonly onDamaged?: (key: string, error: RecordError) => void;
}

/** What tells one writing of a record from another one of the same key. */
export type RecordIdentity = Pick<RecordMetadata, "key" | "createdAt" | "taskRunId" | "sha256">;

/**
 * Where records go: values with their metadata, under a key.
 *
 * What an implementation promises:
 * - **Any key.** A key is any well-formed Unicode string of 1 to 10,000 characters: `/`, `..`, NUL and emoji too.
 *   Two different keys never share a record.
 * - **Whole or absent.** After `put` has returned, every reader of every process sees the whole new record; before
 *   that, the old one or none. A process that dies at any moment leaves the old or the new one. What such a
 *   process leaves behind beside that does not grow: the next writer cleans it up.
 * - **Two writers at once** leave one of the two records, whole. The last one wins, unless `ifAbsent` is asked for.
 * - **Fencing.** Where `capabilities.fencing` is, a record with a `fence` does not replace one with a higher `fence`: `put` and
 *   `putAll` then write nothing and throw a {@link LockError} `OXBOW_LOCK_LOST`. A record without a `fence` replaces any. Storages
 *   without fencing write it like any other field.
 * - **Errors.** A key that is not there is `undefined` or `false`, never an error. What was found and cannot be used
 *   is a {@link RecordError}. All else that goes wrong is a {@link StorageError} with the cause, and never looks
 *   like "not there". A failed `put` leaves what was there before.
 * - **Time.** It does not judge expiry and has no clock: it stores `expiresAt` and hands it back. Where the medium lets things expire by
 *   itself (Redis), a record that is past its `expiresAt` by the clock of the server may be gone.
 * - Where nothing has to be waited for, methods may answer synchronously.
 */
export interface Storage {
  /** `sqlite`, `file`, `memory`, …: the name that logs and reports use. */
  readonly kind: string;
  /** Where the records are, for people: a folder, a URL without credentials. Two storages of one place have the same. */
  readonly location: string;
  readonly capabilities: StorageCapabilities;

  /** The record under a key. Metadata are read at once, the payload when it is asked for. */
  get(key: string): Awaitable<StoredRecord | undefined>;

  /** The metadata alone, without touching the payload. */
  head(key: string): Awaitable<RecordMetadata | undefined>;

  /**
   * Writes a record under `metadata.key`, in place of the one that was there.
   *
   * @param payload `metadata.size` bytes, or no chunks at all where the value is kept elsewhere; such a record has metadata
   * and no `bytes`. A source may be read more than once.
   * @returns whether it was written: `false` only where `ifAbsent` found a record
   */
  put(metadata: RecordMetadata, payload: Payload, options?: PutOptions): Awaitable<boolean>;

  /** Publishes several records in one step. Present where `capabilities.atomicBatch` is. */
  putAll?(records: ReadonlyArray<readonly [RecordMetadata, Payload]>): Awaitable<void>;

  /** Removes a record. @returns whether there was one */
  delete(key: string): Awaitable<boolean>;

  /**
   * Removes these very records in one step; one that was replaced since its metadata were read stays. Present where that
   * is cheaper than one `delete` after the other.
   *
   * @returns the keys of those that were removed
   */
  deleteAll?(records: readonly RecordIdentity[]): Awaitable<readonly string[]>;

  /**
   * The metadata of all records, in the order of the keys' UTF-8 bytes, each once. Records written or removed
   * meanwhile may or may not appear; a damaged one is passed over.
   */
  list(options?: ListOptions): AsyncIterable<RecordMetadata>;

  /**
   * A token that changes whenever the record under the key may have changed, by whichever process; cheaper than
   * `head`. A token that has changed proves nothing; one that has not proves that the record is the same.
   */
  version?(key: string): string | number;

  /**
   * Some of the newest records of a task, the newest first: what a miss is explained by. Present where it costs little,
   * and never a reason to fail: what cannot be had is left out, and so is what only a long search would find.
   *
   * @param before only records made before this moment, in milliseconds since 1970
   */
  recent?(taskName: string, before: number, limit: number): readonly RecentRecord[];

  /**
   * Values without metadata, for results whose cache metadata are kept apart. Names are keys; the same promises
   * hold. A value and a record of the same name are two things.
   */
  readonly values: ValueArea;

  /**
   * How it could be made again, for blocks. Absent where it was made of something alive. It may hold passwords, so it is no property of the
   * object's own: what prints or copies the object must not find it.
   */
  readonly configuration?: Configuration | undefined;

  /** Plain files by path, for results that other programs read. Absent where the medium has none. */
  readonly files?: FileArea;

  /** Ends all use, releases handles. A storage that is closed may be used again: it opens itself. */
  close(): Awaitable<void>;
}

/** What explains a miss: when a record was made, and of what. See {@link Storage.recent}. */
export interface RecentRecord {
  readonly createdAt: number;
  readonly components: Readonly<Record<string, string>>;
}

/** Plain bytes by name: see {@link Storage.values}. */
export interface ValueArea {
  get(name: string): Awaitable<Uint8Array | undefined>;
  put(name: string, payload: Payload): Awaitable<void>;
  delete(name: string): Awaitable<boolean>;
  /** The value, piece by piece. Present where `capabilities.streams` is. */
  open?(name: string): Awaitable<AsyncIterable<Uint8Array> | undefined>;
  /**
   * All values whose names begin with `prefix`, each once, in no order. Values written or removed meanwhile may or may not
   * appear. Present where the medium can tell the names.
   *
   * @param prefix @default ""
   */
  list?(prefix?: string): AsyncIterable<ValueEntry>;
}

/** A value that {@link ValueArea.list} has found. */
export interface ValueEntry {
  readonly name: string;
  /** In bytes, where the medium tells. */
  readonly size?: number | undefined;
  /** When it was written, in milliseconds since 1970, where the medium tells. */
  readonly modifiedAt?: number | undefined;
}

/**
 * Files of their own name and nothing but their content, beside the records: see {@link Storage.files}.
 *
 * What an implementation promises: a path is relative, its parts joined by `/`; what leads out of the place (`..`, an
 * absolute path) is a {@link StorageError}. A file appears whole or not at all, in place of the one that was there. No
 * record and no value is ever met by a path.
 */
export interface FileArea {
  /** Where a file is, for people: an absolute path, a URL without credentials. */
  locate(path: string): string;
  /** `undefined` where there is no such file. */
  find(path: string): Awaitable<StoredFile | undefined>;
  write(path: string, payload: Payload): Awaitable<void>;
  /** @returns whether there was one */
  delete(path: string): Awaitable<boolean>;
}

/** A file that was found. Its content is read when it is asked for: of one that has gone since, that is a {@link StorageError}. */
export interface StoredFile {
  /** In bytes. */
  readonly size: number;
  /** When it was last written, in milliseconds since 1970. */
  readonly modifiedAt: number;
  bytes(): Awaitable<Uint8Array>;
  stream(): AsyncIterable<Uint8Array>;
}
