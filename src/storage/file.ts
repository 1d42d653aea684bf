import { unlinkSync } from "node:fs";
import { join, resolve } from "node:path";
import { andThen, type Awaitable } from "../kernel/awaitable.ts";
import type { Configuration } from "../kernel/configuration.ts";
import { FileMarks } from "./file/file-marks.ts";
import { FolderFiles } from "./file/files.ts";
import { guarded } from "./file/guarded.ts";
import { recordFileName, valueFileName } from "./file/key-names.ts";
import { listFolder, listValues } from "./file/list.ts";
import { FilePublisher } from "./file/publish.ts";
import { readMetadata, readRecord, readWhole, statFile, streamWhole } from "./file/read.ts";
import { versionAt } from "./file/version.ts";
import { RecordError } from "../kernel/errors.ts";
import { codeOf, diskFailure } from "../io/disk-failure.ts";
import { type Durability, durabilityOf } from "./internal/durability.ts";
import { fencedOff, isFencedOff } from "./internal/fencing.ts";
import { checkPayloadSize, isWriting, replacedRecord } from "./internal/record-checks.ts";
import { encodeFrameHeader } from "./internal/record-frame.ts";
import type {
  FileArea,
  ListOptions,
  Payload,
  PutOptions,
  RecordIdentity,
  RecordMetadata,
  Storage,
  StoredRecord,
  ValueArea,
  ValueEntry,
} from "./storage.ts";

/** How {@link fileStorage} writes. */
export interface FileStorageOptions {
  /**
   * What a record that `put` has confirmed survives: the death of the process, or a loss of power too (every write
   * then waits for the disk). Without, a record that a power loss has torn is noticed and is a miss.
   *
   * @default "process"
   */
  readonly durability?: "process" | "power";
}

/*
 * DESIGN: one file per record, in one flat folder.
 *
 *   <folder>/<key>          one line of JSON metadata, then the payload (internal/record-frame.ts, file/key-names.ts)
 *   <folder>/<name>.value   a plain value: its bytes and nothing else
 *   <folder>/<path>         a plain file, in the folder itself or in one below (file/files.ts)
 *   <folder>/.files/…       which files of the folder itself are plain ones (file/file-marks.ts)
 *   <folder>/.tmp/…         what is being written (file/publish.ts)
 *   <folder>/.locks/…       the locks that belong to it (locks/file.ts)
 *
 * What it promises: the contract of storage.ts, among all processes that use the folder, on every file system with
 * an atomic rename; `ifAbsent` needs hard links too. Reads create nothing.
 * Fencing tokens are compared with the line that is there, right before the rename and in the same synchronous step:
 * a holder whose lock was taken over is refused, whether it slept before or while it wrote. No file system can compare
 * and rename in one: a process that is stopped exactly between these two calls, for so long that another one takes
 * the lock over and writes, still replaces what that one wrote. Such a record is whole, and is the older result.
 * A plain file in the folder itself, `report.json`, is no record, and the record `report.json` is then refused: a StorageError
 * that says so. Where the record was there first, the file is.
 * What the caller must do: nothing. `head -1 <file>` shows the metadata, `rm` removes a record.
 */

/**
 * A storage in a folder: one file per record, named by its key. The folder is made by the first write.
 *
 * @param folder where the records go; a relative path starts at the working directory of this moment
 * @throws {ConfigurationError} `OXBOW_OPTION_UNKNOWN` or `OXBOW_OPTION_INVALID` for options that there are not
 *
 * @example
 * ```ts
 * const storage = fileStorage("./results", { durability: "power" });
 * ```
 */
export function fileStorage(folder: string, options: FileStorageOptions = {}): Storage {
  const durability = durabilityOf(options, "fileStorage()");
  return new FileStorage(resolve(folder), durability, options);
}

class FileStorage implements Storage {
  readonly kind = "file";
  readonly location: string;
  readonly capabilities = {
    persistent: true,
    putIfAbsent: true,
    atomicBatch: false,
    fencing: true,
    versions: true,
    streams: true,
    list: true,
  } as const;
  readonly values: ValueArea;
  readonly files: FileArea;
  readonly #publisher: FilePublisher;
  readonly #marks: FileMarks;
  readonly #configuration: Configuration;

  constructor(folder: string, durability: Durability, options: FileStorageOptions) {
    this.location = folder;
    this.#configuration = { type: "file", args: [folder, options] };
    this.#publisher = new FilePublisher(folder, durability === "power");
    this.#marks = new FileMarks(folder);
    this.values = new FileValues(folder, this.#publisher);
    this.files = new FolderFiles(folder, this.#publisher, this.#marks);
  }

  get configuration(): Configuration {
    return this.#configuration;
  }

  get(key: string): StoredRecord | undefined {
    return this.#reading(key, (path) => {
      const record = readRecord(path, key);
      return record && { ...record, bytes: () => guarded("read", path, record.bytes) };
    });
  }

  head(key: string): RecordMetadata | undefined {
    return this.#reading(key, (path) => readMetadata(path, key));
  }

  put(metadata: RecordMetadata, payload: Payload, options?: PutOptions): Awaitable<boolean> {
    checkPayloadSize(metadata, payload);
    const content = { header: encodeFrameHeader(metadata), payload };
    const name = recordFileName(metadata.key);
    const ifAbsent = options?.ifAbsent === true;
    const mayPlace = (): void => {
      this.#marks.refuseRecord(name);
      if (metadata.fence !== undefined && !ifAbsent) checkFence(join(this.location, name), metadata);
    };
    return writing(this.location, () =>
      andThen(this.#publisher.publish(name, content, ifAbsent, mayPlace), (written) => {
        if (!written) this.#marks.refuseRecord(name);
        return written;
      }),
    );
  }

  delete(key: string): boolean {
    const name = recordFileName(key);
    return this.#marks.has(name) ? false : remove(join(this.location, name));
  }

  deleteAll(records: readonly RecordIdentity[]): readonly string[] {
    const isThere = (record: RecordIdentity): boolean => {
      try {
        return isWriting(this.head(record.key), record);
      } catch (error) {
        if (error instanceof RecordError) return false;
        throw error;
      }
    };
    // Looked at and removed in one synchronous step: only another process could come in between.
    return records.filter((record) => isThere(record) && this.delete(record.key)).map(({ key }) => key);
  }

  async *list(options: ListOptions = {}): AsyncIterable<RecordMetadata> {
    try {
      yield* listFolder(this.location, options);
    } catch (error) {
      throw diskFailure("list the folder", this.location, error);
    }
  }

  version(key: string): string {
    return versionAt(join(this.location, recordFileName(key)));
  }

  close(): void {}

  #reading<T>(key: string, work: (path: string) => T): T | undefined {
    const name = recordFileName(key);
    const path = join(this.location, name);
    return guarded("read", path, () => {
      try {
        return work(path);
      } catch (error) {
        // A plain file is no damaged record.
        if (error instanceof RecordError && this.#marks.has(name)) return undefined;
        throw error;
      }
    });
  }
}

class FileValues implements ValueArea {
  readonly #folder: string;
  readonly #publisher: FilePublisher;

  constructor(folder: string, publisher: FilePublisher) {
    this.#folder = folder;
    this.#publisher = publisher;
  }

  get(name: string): Awaitable<Uint8Array | undefined> {
    const path = join(this.#folder, valueFileName(name));
    return guarded("read", path, () => readWhole(path));
  }

  open(name: string): AsyncIterable<Uint8Array> | undefined {
    const path = join(this.#folder, valueFileName(name));
    return guarded("read", path, () => streamWhole(path, () => replacedRecord(path)));
  }

  async *list(prefix = ""): AsyncIterable<ValueEntry> {
    try {
      yield* listValues(this.#folder, prefix);
    } catch (error) {
      throw diskFailure("list the folder", this.#folder, error);
    }
  }

  put(name: string, payload: Payload): Awaitable<void> {
    const done = writing(this.#folder, () => this.#publisher.publish(valueFileName(name), { payload }, false));
    return andThen(done, () => undefined);
  }

  delete(name: string): boolean {
    return remove(join(this.#folder, valueFileName(name)));
  }
}

/** @throws {LockError} where the record at `path` was written under a later lock than this one */
function checkFence(path: string, { key, fence }: RecordMetadata): void {
  let inPlace: RecordMetadata | undefined;
  try {
    inPlace = readMetadata(path, key);
  } catch (error) {
    // What cannot be used may be replaced by anybody.
    if (!(error instanceof RecordError)) throw error;
  }
  if (isFencedOff(fence, inPlace?.fence)) throw fencedOff(key, path);
}

function remove(path: string): boolean {
  try {
    if (statFile(path) === undefined) return false;
    unlinkSync(path);
    return true;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return false;
    throw diskFailure("remove", path, error);
  }
}

function writing<T>(folder: string, work: () => T): T {
  return guarded("write to the folder", folder, work);
}
