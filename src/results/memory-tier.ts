import type { RecordMetadata } from "../storage/storage.ts";

/** What the memory tier keeps of a record. */
export interface MemoryEntry {
  readonly metadata: RecordMetadata;
  /** Never handed out: a reader copies it. */
  readonly payload: Uint8Array;
  /** The storage's version token of the moment when the record was read or written. */
  readonly version: string | number;
}

/** How much the memory tier may hold. */
export interface MemoryLimits {
  readonly entries: number;
  readonly bytes: number;
}

// What an entry costs beside its payload and its key: metadata, map slot, objects.
const overheadBytes = 512;

/**
 * Records at hand, by the text of their key, least recently used out first. It holds bytes and not values, so that
 * a caller may do with a value what it likes.
 */
export class MemoryTier {
  readonly #limits: MemoryLimits;
  readonly #entries = new Map<string, MemoryEntry>();
  #bytes = 0;

  constructor(limits: MemoryLimits) {
    this.#limits = limits;
  }

  /** How many bytes its entries take, an estimate from above for small ones. */
  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(text: string): MemoryEntry | undefined {
    const entry = this.#entries.get(text);
    if (!entry) return undefined;
    // A Map keeps the order of insertion: the entry goes to the young end.
    this.#entries.delete(text);
    this.#entries.set(text, entry);
    return entry;
  }

  set(text: string, entry: MemoryEntry): void {
    this.delete(text);
    const cost = costOf(text, entry);
    // One large value must not push out everything else.
    if (cost > this.#limits.bytes / 8 || this.#limits.entries < 1) return;
    this.#entries.set(text, entry);
    this.#bytes += cost;
    while (this.#bytes > this.#limits.bytes || this.#entries.size > this.#limits.entries) {
      this.delete(this.#entries.keys().next().value!);
    }
  }

  delete(text: string): void {
    const entry = this.#entries.get(text);
    if (!entry) return;
    this.#entries.delete(text);
    this.#bytes -= costOf(text, entry);
  }
}

function costOf(text: string, entry: MemoryEntry): number {
  return text.length * 2 + entry.payload.byteLength + overheadBytes;
}
