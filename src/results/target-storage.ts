import { andThen, type Awaitable } from "../kernel/awaitable.ts";
import { StorageError } from "../kernel/errors.ts";
import {
  type FileArea,
  type Payload,
  type RecordMetadata,
  recordFormatVersion,
  type Storage,
  type StoredFile,
  type StoredRecord,
  type ValueArea,
} from "../storage/storage.ts";

/*
 * DESIGN: plain files as a storage, so that a task with a target is looked up, stored, staged and locked like any other.
 *
 * What it does: a record is a file, its key the path. A file has no metadata, so what is known of it is where and when: its being
 * there means that the work is done, as in Make. What this process has written itself it knows in full for a while: that is
 * what a transaction takes back when it fails.
 * What it promises: what a FileArea promises. Several files of one transaction appear one after the other; where one fails,
 * those before it are removed.
 */

const unknownDigest = "";

/** So many records of own files are remembered. */
const remembered = 1000;

/** @param expirationMs how long after it was written a file counts */
export function targetStorage(files: FileArea, format: string, expirationMs: number | undefined): Storage {
  return new TargetStorage(files, format, expirationMs);
}

class TargetStorage implements Storage {
  readonly kind = "target";
  readonly location: string;
  readonly capabilities = {
    persistent: true,
    putIfAbsent: false,
    atomicBatch: true,
    fencing: false,
    versions: false,
    streams: true,
    list: false,
  } as const;
  readonly values: ValueArea = noValues;
  readonly #files: FileArea;
  readonly #format: string;
  readonly #expirationMs: number | undefined;
  readonly #own = new Map<string, { readonly metadata: RecordMetadata; readonly modifiedAt: number }>();

  constructor(files: FileArea, format: string, expirationMs: number | undefined) {
    this.location = files.locate("_").replace(/[/\\]?_$/, "");
    this.#files = files;
    this.#format = format;
    this.#expirationMs = expirationMs;
  }

  get(path: string): Awaitable<StoredRecord | undefined> {
    return andThen(
      this.#files.find(path),
      (file) =>
        file && { metadata: this.#describe(path, file), bytes: () => file.bytes(), stream: () => file.stream() },
    );
  }

  head(path: string): Awaitable<RecordMetadata | undefined> {
    return andThen(this.#files.find(path), (file) => file && this.#describe(path, file));
  }

  #describe(path: string, { size, modifiedAt }: StoredFile): RecordMetadata {
    const own = this.#own.get(path);
    if (own?.modifiedAt === modifiedAt && own.metadata.size === size) return own.metadata;
    return {
      formatVersion: recordFormatVersion,
      key: path,
      createdAt: modifiedAt,
      expiresAt: this.#expirationMs === undefined ? undefined : modifiedAt + this.#expirationMs,
      serializer: this.#format,
      size,
      sha256: unknownDigest,
      durationMs: 0,
      taskName: "",
      taskRunId: "",
      tags: [],
      components: {},
    };
  }

  async put(metadata: RecordMetadata, payload: Payload): Promise<boolean> {
    await this.#files.write(metadata.key, payload);
    const written = await this.#files.find(metadata.key);
    if (written) this.#remember(metadata, written.modifiedAt);
    return true;
  }

  #remember(metadata: RecordMetadata, modifiedAt: number): void {
    this.#own.delete(metadata.key);
    this.#own.set(metadata.key, { metadata, modifiedAt });
    if (this.#own.size > remembered) this.#own.delete(this.#own.keys().next().value!);
  }

  async putAll(records: ReadonlyArray<readonly [RecordMetadata, Payload]>): Promise<void> {
    const written: string[] = [];
    try {
      for (const [metadata, payload] of records) {
        await this.put(metadata, payload);
        written.push(metadata.key);
      }
    } catch (error) {
      await Promise.allSettled(written.map((path) => this.#files.delete(path)));
      throw error;
    }
  }

  delete(path: string): Awaitable<boolean> {
    this.#own.delete(path);
    return this.#files.delete(path);
  }

  // oxlint-disable-next-line require-yield -- there is nothing to give
  async *list(): AsyncIterable<RecordMetadata> {
    throw new StorageError("Targets are files among others, so there is no list of them");
  }

  close(): void {}
}

const noValues: ValueArea = {
  get: () => undefined,
  put: () => {
    throw new StorageError("Targets keep no values apart");
  },
  delete: () => false,
};
