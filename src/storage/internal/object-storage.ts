import { type Configuration, discreet } from "../../kernel/configuration.ts";
import type { LockManager } from "../../locks/lock-manager.ts";
import type {
  FileArea,
  ListOptions,
  Payload,
  PutOptions,
  RecordMetadata,
  Storage,
  StorageCapabilities,
  StoredRecord,
  ValueArea,
} from "../storage.ts";
import type { ObjectMedium } from "./object-medium.ts";
import { writeFenced, writeIfAbsent } from "./objects/conditional-write.ts";
import { ObjectFiles } from "./objects/files.ts";
import { framed } from "./objects/framed.ts";
import { listRecords } from "./objects/list-records.ts";
import { recordName } from "./objects/names.ts";
import { readMetadata, readRecord } from "./objects/read-record.ts";
import { ObjectValues, removeObject } from "./objects/values.ts";
import { checkPayloadSize } from "./record-checks.ts";

/** How {@link objectStorage} works. */
export interface ObjectStorageOptions {
  /** What decides `ifAbsent` on a store without conditions. All who write to the place have to share it. @default none */
  readonly locks?: LockManager | undefined;
  readonly configuration?: Configuration | undefined;
}

/*
 * DESIGN: a storage out of an object store (object-medium.ts), one object per record (internal/record-frame.ts,
 * objects/names.ts).
 *
 * What it does: what is done most often is one request: a hit of a record below 1 MiB, a miss, the write of a small record.
 * What it promises: the contract of storage.ts among all machines that use the store, whose objects are whole or absent.
 * `ifAbsent` and fencing are decided by the store where it keeps conditions; whether it does is found out with the first
 * write that needs them, so `capabilities` say what is likely until then (objects/conditional-write.ts).
 * What the caller must do: pass `locks` where the store keeps no conditions and `ifAbsent` is needed.
 */

/** A storage out of an object store. */
export function objectStorage(medium: ObjectMedium, options: ObjectStorageOptions = {}): Storage {
  return new ObjectStorage(medium, options);
}

class ObjectStorage implements Storage {
  readonly kind: string;
  readonly location: string;
  readonly values: ValueArea;
  readonly files: FileArea;
  readonly #medium: ObjectMedium;
  readonly #locks: LockManager | undefined;
  readonly #configuration: Configuration | undefined;

  constructor(medium: ObjectMedium, { locks, configuration }: ObjectStorageOptions) {
    this.kind = medium.kind;
    this.location = medium.location;
    this.#configuration = discreet(configuration);
    this.values = new ObjectValues(medium);
    this.files = new ObjectFiles(medium);
    this.#medium = medium;
    this.#locks = locks;
  }

  get configuration(): Configuration | undefined {
    return this.#configuration;
  }

  get capabilities(): StorageCapabilities {
    const { likelyConditions } = this.#medium;
    return {
      persistent: true,
      putIfAbsent: likelyConditions || this.#locks !== undefined,
      atomicBatch: false,
      fencing: likelyConditions,
      versions: false,
      streams: true,
      list: true,
    };
  }

  get(key: string): Promise<StoredRecord | undefined> {
    return readRecord(this.#medium, recordName(key), key);
  }

  head(key: string): Promise<RecordMetadata | undefined> {
    return readMetadata(this.#medium, recordName(key), key);
  }

  async put(metadata: RecordMetadata, payload: Payload, options?: PutOptions): Promise<boolean> {
    checkPayloadSize(metadata, payload);
    const name = recordName(metadata.key);
    // Before the first wait: the metadata are the caller's.
    const object = framed(metadata, payload);
    if (options?.ifAbsent === true) return writeIfAbsent(this.#medium, this.#locks, name, object);
    const { key, fence } = metadata;
    if (fence !== undefined && (await this.#medium.conditions()))
      return writeFenced(this.#medium, name, key, fence, object);
    return this.#medium.write(name, object);
  }

  delete(key: string): Promise<boolean> {
    return removeObject(this.#medium, recordName(key));
  }

  list(options: ListOptions = {}): AsyncIterable<RecordMetadata> {
    return listRecords(this.#medium, options);
  }

  close(): Promise<void> {
    return this.#medium.close();
  }
}
