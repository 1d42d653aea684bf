import type {
  ListOptions,
  PutOptions,
  RecentRecord,
  RecordMetadata,
  Storage,
  StoredRecord,
  ValueArea,
} from "./storage.ts";
import { fencedOff, isFencedOff } from "./internal/fencing.ts";
import { checkPayload, checkPayloadSize } from "./internal/record-checks.ts";
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
    streams: false,
    list: true,
  } as const;
  readonly values: ValueArea = new MemoryValues();
  readonly #entries = new Map<string, Entry>();
  #writes = 0;

  get(key: string): StoredRecord | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    const { metadata, payload } = entry;
    return {
      metadata,
      version: entry.version,
      bytes: () => checkPayload(payload.slice(), metadata, `${this.location} (key "${key}")`),
    };
  }

  head(key: string): RecordMetadata | undefined {
    return this.#entries.get(key)?.metadata;
  }

  put(metadata: RecordMetadata, payload: readonly Uint8Array[], options?: PutOptions): boolean {
    checkPayloadSize(metadata, payload);
    const inPlace = this.#entries.get(metadata.key);
    if (options?.ifAbsent === true && inPlace !== undefined) return false;
    this.#checkFence(metadata, inPlace?.metadata);
    this.#writes += 1;
    this.#entries.set(metadata.key, {
      metadata: frozenCopy(metadata),
      payload: copyOf(payload),
      version: this.#writes,
    });
    return true;
  }

  putAll(records: ReadonlyArray<readonly [RecordMetadata, readonly Uint8Array[]]>): void {
    // Everything that can fail first; of two records of one key the second replaces the first.
    const inPlace = new Map<string, RecordMetadata>();
    for (const [metadata, payload] of records) {
      checkPayloadSize(metadata, payload);
      this.#checkFence(metadata, inPlace.get(metadata.key) ?? this.#entries.get(metadata.key)?.metadata);
      inPlace.set(metadata.key, metadata);
    }
    for (const [metadata, payload] of records) this.put(metadata, payload);
  }

  #checkFence({ key, fence }: RecordMetadata, inPlace: RecordMetadata | undefined): void {
    if (isFencedOff(fence, inPlace?.fence)) throw fencedOff(key, this.location);
  }

  delete(key: string): boolean {
    return this.#entries.delete(key);
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
  readonly #values = new Map<string, Uint8Array>();

  get(name: string): Uint8Array | undefined {
    return this.#values.get(name)?.slice();
  }

  put(name: string, payload: readonly Uint8Array[]): void {
    this.#values.set(name, copyOf(payload));
  }

  delete(name: string): boolean {
    return this.#values.delete(name);
  }
}

/** In memory of its own: `slice` of a Buffer would keep its kind, and may share its pool. */
function copyOf(chunks: readonly Uint8Array[]): Uint8Array {
  return chunks.length === 1 ? new Uint8Array(chunks[0]!) : new Uint8Array(Buffer.concat(chunks));
}

function frozenCopy(metadata: RecordMetadata): RecordMetadata {
  return Object.freeze({
    ...metadata,
    tags: Object.freeze([...metadata.tags]),
    components: Object.freeze({ ...metadata.components }),
  });
}
