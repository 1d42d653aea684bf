import { unlinkSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Awaitable, isPromise } from "../kernel/awaitable.ts";
import { recordFileName, valueFileName } from "./file/key-names.ts";
import { listFolder } from "./file/list.ts";
import { FilePublisher } from "./file/publish.ts";
import { readMetadata, readRecord, readWhole, statFile } from "./file/read.ts";
import { versionAt } from "./file/version.ts";
import { RecordError } from "../kernel/errors.ts";
import { codeOf, diskFailure } from "../io/disk-failure.ts";
import { fencedOff, isFencedOff } from "./internal/fencing.ts";
import { checkPayloadSize } from "./internal/record-checks.ts";
import { encodeFrameHeader } from "./internal/record-frame.ts";
import type { ListOptions, PutOptions, RecordMetadata, Storage, StoredRecord, ValueArea } from "./storage.ts";

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
 *   <folder>/.tmp/…         what is being written (file/publish.ts)
 *
 * What it promises: the contract of storage.ts, among all processes that use the folder, on every file system with
 * an atomic rename; `ifAbsent` needs hard links too. Reads create nothing.
 * Fencing tokens are compared with the line that is there, right before the rename and in the same synchronous step:
 * a holder whose lock was taken over is refused, whether it slept before or while it wrote. No file system can compare
 * and rename in one: a process that is stopped exactly between these two calls, for so long that another one takes
 * the lock over and writes, still replaces what that one wrote. Such a record is whole, and is the older result.
 * What the caller must do: nothing. `head -1 <file>` shows the metadata, `rm` removes a record.
 */

/**
 * A storage in a folder: one file per record, named by its key. The folder is made by the first write.
 *
 * @param folder where the records go; a relative path starts at the working directory of this moment
 *
 * @example
 * ```ts
 * const storage = fileStorage("./results", { durability: "power" });
 * ```
 */
export function fileStorage(folder: string, options: FileStorageOptions = {}): Storage {
  return new FileStorage(resolve(folder), options.durability ?? "process");
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
    streams: false,
    list: true,
  } as const;
  readonly values: ValueArea;
  readonly #publisher: FilePublisher;

  constructor(folder: string, durability: "process" | "power") {
    this.location = folder;
    this.#publisher = new FilePublisher(folder, durability === "power");
    this.values = new FileValues(folder, this.#publisher);
  }

  get(key: string): StoredRecord | undefined {
    const path = join(this.location, recordFileName(key));
    return reading(path, () => {
      const record = readRecord(path, key);
      return record && { ...record, bytes: () => reading(path, record.bytes) };
    });
  }

  head(key: string): RecordMetadata | undefined {
    const path = join(this.location, recordFileName(key));
    return reading(path, () => readMetadata(path, key));
  }

  put(metadata: RecordMetadata, payload: readonly Uint8Array[], options?: PutOptions): Awaitable<boolean> {
    checkPayloadSize(metadata, payload);
    const chunks = [encodeFrameHeader(metadata), ...payload];
    const name = recordFileName(metadata.key);
    const mayReplace = metadata.fence === undefined ? undefined : () => checkFence(join(this.location, name), metadata);
    return writing(this.location, () => this.#publisher.publish(name, chunks, options?.ifAbsent === true, mayReplace));
  }

  delete(key: string): boolean {
    return remove(join(this.location, recordFileName(key)));
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
    return reading(path, () => readWhole(path));
  }

  put(name: string, payload: readonly Uint8Array[]): Awaitable<void> {
    const done = writing(this.#folder, () => this.#publisher.publish(valueFileName(name), payload, false));
    return isPromise(done) ? done.then(() => undefined) : undefined;
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

function reading<T>(path: string, work: () => T): T {
  return guarded("read", path, work);
}

function writing<T>(folder: string, work: () => T): T {
  return guarded("write to the folder", folder, work);
}

function guarded<T>(action: string, path: string, work: () => T): T {
  try {
    const result = work();
    if (!isPromise(result)) return result;
    return result.catch((error: unknown) => Promise.reject(diskFailure(action, path, error))) as T;
  } catch (error) {
    throw diskFailure(action, path, error);
  }
}
