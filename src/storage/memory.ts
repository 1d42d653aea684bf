import { andThen, type Awaitable, isPromise } from "../kernel/awaitable.ts";
import { copyOf, piecesOf } from "./memory/bytes.ts";
import { MemoryFiles } from "./memory/files.ts";
import type {
  FileArea,
  ListOptions,
  Payload,
  PutOptions,
  RecentRecord,
  RecordIdentity,
  RecordMetadata,
  Storage,
  StoredRecord,
  ValueArea,
  ValueEntry,
} from "./storage.ts";
import { fencedOff, isFencedOff } from "./internal/fencing.ts";
import { checkedStream } from "./internal/checked-stream.ts";
import { checkPayload, checkPayloadSize, isWriting } from "./internal/record-checks.ts";
import { compareUtf8 } from "./internal/utf8-order.ts";

interface Entry {
  readonly metadata: RecordMetadata;
  readonly payload: Uint8Array;
  readonly version: number;
}

let places = 0;

/**
 * A storage in the memory of this process, for tests and for results that need not outlive it. Every call makes a
 * place of its own. Nothing is ever evicted, and `close()` keeps what is there.
 *
 * @example
 * ```ts
 * const storage = memoryStorage();
 * ```
 */
export function memoryStorage(): Storage {
  return new MemoryStorage();
}

class MemoryStorage implements Storage {
  readonly kind = "memory";
  readonly location: string = `memory #${(places += 1)}`;
  readonly capabilities = {
    persistent: false,
    putIfAbsent: true,
    atomicBatch: true,
    fencing: true,
    versions: true,
    streams: true,
    list: true,
  } as const;
  readonly values: ValueArea = new MemoryValues(this.location);
  readonly files: FileArea = new MemoryFiles(this.location);
  readonly #entries = new Map<string, Entry>();
  #writes = 0;

  get(key: string): StoredRecord | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    const { metadata, payload, version } = entry;
    const where = `${this.location} (key "${key}")`;
    const bytes = (): Uint8Array => checkPayload(payload.slice(), metadata, where);
    return { metadata, version, bytes, stream: () => checkedStream(piecesOf(payload), metadata, where) };
  }

  head(key: string): RecordMetadata | undefined {
    return this.#entries.get(key)?.metadata;
  }

  put(metadata: RecordMetadata, payload: Payload, options?: PutOptions): Awaitable<boolean> {
    checkPayloadSize(metadata, payload);
    const ifAbsent = options?.ifAbsent === true;
    if (ifAbsent && this.#entries.has(metadata.key)) return false;
    return andThen(copyOf(payload, this.location), (bytes) => this.#place(metadata, bytes, ifAbsent));
  }

  #place(metadata: RecordMetadata, payload: Uint8Array, ifAbsent: boolean): boolean {
    const inPlace = this.#entries.get(metadata.key);
    if (ifAbsent && inPlace !== undefined) return false;
    this.#checkFence(metadata, inPlace?.metadata);
    this.#writes += 1;
    this.#entries.set(metadata.key, { metadata: frozenCopy(metadata), payload, version: this.#writes });
    return true;
  }

  putAll(records: ReadonlyArray<readonly [RecordMetadata, Payload]>): Awaitable<void> {
    for (const [metadata, payload] of records) checkPayloadSize(metadata, payload);
    const all = records.map(([, payload]) => copyOf(payload, this.location));
    const place = (payloads: readonly Uint8Array[]): void =>
      this.#placeAll(records.map(([metadata], i) => [metadata, payloads[i]!]));
    return all.some(isPromise) ? Promise.all(all).then(place) : place(all as Uint8Array[]);
  }

  #placeAll(records: ReadonlyArray<readonly [RecordMetadata, Uint8Array]>): void {
    // Everything that can fail first; of two records of one key the second replaces the first.
    const inPlace = new Map<string, RecordMetadata>();
    for (const [metadata] of records) {
      this.#checkFence(metadata, inPlace.get(metadata.key) ?? this.#entries.get(metadata.key)?.metadata);
      inPlace.set(metadata.key, metadata);
    }
    for (const [metadata, payload] of records) this.#place(metadata, payload, false);
  }

  #checkFence({ key, fence }: RecordMetadata, inPlace: RecordMetadata | undefined): void {
    if (isFencedOff(fence, inPlace?.fence)) throw fencedOff(key, this.location);
  }

  delete(key: string): boolean {
    return this.#entries.delete(key);
  }

  deleteAll(records: readonly RecordIdentity[]): readonly string[] {
    const there = records.filter((record) => isWriting(this.#entries.get(record.key)?.metadata, record));
    return there.filter(({ key }) => this.#entries.delete(key)).map(({ key }) => key);
  }

  async *list({ prefix = "", after }: ListOptions = {}): AsyncIterable<RecordMetadata> {
    const keys = [...this.#entries.keys()].filter(
      (key) => key.startsWith(prefix) && (after === undefined || compareUtf8(key, after) > 0),
    );
    for (const key of keys.sort(compareUtf8)) {
      const entry = this.#entries.get(key);
      if (entry !== undefined) yield entry.metadata;
    }
  }

  recent(taskName: string, before: number, limit: number): readonly RecentRecord[] {
    return [...this.#entries.values()]
      .map((entry) => entry.metadata)
      .filter((metadata) => metadata.taskName === taskName && metadata.createdAt < before)
      .sort((left, right) => right.createdAt - left.createdAt)
      .slice(0, limit);
  }

  version(key: string): number {
    return this.#entries.get(key)?.version ?? 0;
  }

  close(): void {}
}

class MemoryValues implements ValueArea {
  readonly #location: string;
  readonly #values = new Map<string, Uint8Array>();

  constructor(location: string) {
    this.#location = location;
  }

  get(name: string): Uint8Array | undefined {
    return this.#values.get(name)?.slice();
  }

  open(name: string): AsyncIterable<Uint8Array> | undefined {
    const value = this.#values.get(name);
    return value && inTurns(piecesOf(value));
  }

  async *list(prefix = ""): AsyncIterable<ValueEntry> {
    for (const [name, { byteLength: size }] of this.#values) if (name.startsWith(prefix)) yield { name, size };
  }

  put(name: string, payload: Payload): Awaitable<void> {
    return andThen(copyOf(payload, this.#location), (bytes) => void this.#values.set(name, bytes));
  }

  delete(name: string): boolean {
    return this.#values.delete(name);
  }
}

async function* inTurns(pieces: Iterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  yield* pieces;
}

function frozenCopy(metadata: RecordMetadata): RecordMetadata {
  return Object.freeze({
    ...metadata,
    tags: Object.freeze([...metadata.tags]),
    components: Object.freeze({ ...metadata.components }),
  });
}
