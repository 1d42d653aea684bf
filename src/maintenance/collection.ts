import { systemClock } from "../kernel/clock.ts";
import type { CacheEventRow } from "../history/run-store.ts";
import type { RecordMetadata, Storage } from "../storage/storage.ts";
import type { CollectOptions, CollectReason, CollectReport } from "./collect-options.ts";
import { EventLog } from "./events.ts";
import { Pace } from "./pace.ts";
import { type Amount, indexOf, metadataBytes, type RecordPlace } from "./place.ts";
import { Protection } from "./protection.ts";
import { doomed, Remover } from "./removal.ts";

const nothing: Amount = { records: 0, bytes: 0 };

/** One run of `collect`: what its parts share. */
export class Collection {
  readonly place: RecordPlace;
  readonly index: Storage;
  /** When it began: what was written later is left alone. */
  readonly now: number;
  readonly options: CollectOptions;
  readonly pace: Pace;
  readonly protection: Protection;
  readonly events: EventLog;
  /** What a dry run would have removed. */
  readonly spared: Set<string> = new Set<string>();
  readonly #removers = new Map<CollectReason, Remover>();
  readonly #others = new Map<CollectReason, { records: number; bytes: number }>();
  readonly #problems = new Set<string>();
  #kept = { records: 0, bytes: 0 };
  #inUse = 0;

  constructor(place: RecordPlace, options: CollectOptions) {
    this.place = place;
    this.index = indexOf(place);
    this.now = (place.clock ?? systemClock).now();
    this.options = options;
    this.pace = new Pace(options);
    this.events = new EventLog(place);
    this.protection = new Protection(place.history, this.pace);
  }

  get isDry(): boolean {
    return this.options.dryRun === true;
  }

  /** What the records come to that are kept, with their metadata. */
  get footprint(): number {
    return this.#kept.bytes + this.#kept.records * metadataBytes;
  }

  /** Whether a record may be removed at all. */
  mayGo(metadata: RecordMetadata): boolean {
    return metadata.createdAt <= this.now && !this.protection.covers(metadata);
  }

  keep({ size }: Pick<RecordMetadata, "size">): void {
    this.#kept.records += 1;
    this.#kept.bytes += size;
  }

  /** One that was kept goes after all. */
  release({ size }: Pick<RecordMetadata, "size">): void {
    this.#kept.records -= 1;
    this.#kept.bytes -= size;
  }

  /** Begins to add up anew. */
  recount(): void {
    this.#kept = { records: 0, bytes: 0 };
  }

  /** Removes a record, unless it may not be touched. */
  async doom(metadata: RecordMetadata, reason: CollectReason, detail: string): Promise<void> {
    if (!this.mayGo(metadata)) {
      this.#inUse += 1;
      return this.keep(metadata);
    }
    const kind: CacheEventRow["kind"] = reason === "maxAge" ? "evicted" : "removed";
    await this.removerFor(reason).add(doomed(metadata, kind, detail));
  }

  removerFor(reason: CollectReason): Remover {
    let remover = this.#removers.get(reason);
    if (remover) return remover;
    remover = new Remover(this.place, this.pace, this.events, {
      dryRun: this.isDry,
      onRemoved: ({ key }) => {
        if (this.isDry) this.spared.add(key);
        this.options.onRemoved?.(key, reason);
      },
    });
    this.#removers.set(reason, remover);
    return remover;
  }

  async flush(): Promise<void> {
    for (const remover of this.#removers.values()) await remover.flush();
    await this.events.flush();
  }

  /** Counts something that was removed past the removers. */
  count(reason: CollectReason, bytes: number): void {
    const amount = this.#others.get(reason) ?? { records: 0, bytes: 0 };
    amount.records += 1;
    amount.bytes += bytes;
    this.#others.set(reason, amount);
  }

  problem(text: string): void {
    this.#problems.add(text);
  }

  report(): CollectReport {
    const of = (reason: CollectReason): Amount =>
      this.#removers.get(reason)?.removed ?? this.#others.get(reason) ?? nothing;
    const [expired, damaged, uncommitted] = [of("expired"), of("damaged"), of("uncommitted")];
    const [maxAge, maxSize, values, markers] = [of("maxAge"), of("maxSize"), of("values"), of("markers")];
    return {
      removed: { expired, damaged, uncommitted, maxAge, maxSize, values, markers },
      kept: { ...this.#kept },
      inUse: this.#inUse,
      problems: [...this.events.problems, ...this.#problems],
    };
  }
}
