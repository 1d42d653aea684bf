import { systemClock } from "../kernel/clock.ts";
import { collect as collectBytes, isByteSource } from "../kernel/byte-source.ts";
import { messageOf, RecordError } from "../kernel/errors.ts";
import { commitMarkerName } from "../results/commit-marker.ts";
import type { Payload, RecordMetadata, Storage } from "../storage/storage.ts";
import { EventLog } from "./events.ts";
import { statusOf } from "./list.ts";
import { forEachOf, Pace } from "./pace.ts";
import { payloadOf } from "./payload.ts";
import type { Amount, LongOperation, RecordPlace } from "./place.ts";
import { headOf } from "./removal.ts";
import { type RecordFilter, select } from "./select.ts";

/** How {@link pull} goes about it. */
export interface PullOptions extends LongOperation {
  /** Only says what it would copy. @default false */
  readonly dryRun?: boolean | undefined;
  /** How many records are under way at a time. @default 8 */
  readonly atOnce?: number | undefined;
}

/** What {@link pull} did, or would have done. */
export interface PullReport {
  readonly copied: Amount;
  /** Were there already, byte for byte. */
  readonly identical: Amount;
  /** Left alone, because the target has a newer record of the key. */
  readonly newer: Amount;
  /** Not copied, because they do not count any more or not yet: expired, or of a transaction that is not committed. */
  readonly unusable: Amount;
  /** Could not be read from the source: their keys, and why. The first thousand. */
  readonly damaged: ReadonlyArray<{ readonly key: string; readonly reason: string }>;
  /** What went wrong beside, in words: nothing that kept a record from being copied. */
  readonly problems: readonly string[];
}

type Outcome = "copied" | "identical" | "newer" | "unusable";

/**
 * Copies records from one storage into another: those of a shared place into the one of this machine, say. Each is read with its
 * checksum compared, long ones piece by piece; what is there already is left alone, and so is what is newer there. A record
 * that was damaged at its source is not copied. Copies have no fencing token: that belongs to the locks of the source.
 *
 * @param from where the records are
 * @param to where they go; its history gets an event for each
 * @param filter which of them @default {} all
 * @throws {StorageError} where one of the storages fails; what was copied stays
 * @throws {ConfigurationError} as {@link select}
 */
export async function pull(
  from: RecordPlace,
  to: RecordPlace,
  filter: RecordFilter = {},
  options: PullOptions = {},
): Promise<PullReport> {
  const { atOnce = 8, signal, isBackground } = options;
  const transfer = new Transfer(from, to, options);
  await forEachOf(select(from, filter, { signal, isBackground }), atOnce, (metadata) => transfer.take(metadata));
  return transfer.end();
}

const damagedReported = 1000;

class Transfer {
  readonly #from: RecordPlace;
  readonly #to: RecordPlace;
  readonly #index: Storage;
  readonly #dryRun: boolean;
  readonly #pace: Pace;
  readonly #events: EventLog;
  readonly #markers = new Set<string>();
  readonly #amounts: Readonly<Record<Outcome, { records: number; bytes: number }>> = {
    copied: { records: 0, bytes: 0 },
    identical: { records: 0, bytes: 0 },
    newer: { records: 0, bytes: 0 },
    unusable: { records: 0, bytes: 0 },
  };
  readonly #damaged: Array<{ key: string; reason: string }> = [];

  constructor(from: RecordPlace, to: RecordPlace, options: PullOptions) {
    this.#from = from;
    this.#to = to;
    this.#index = to.keyStorage ?? to.storage;
    this.#dryRun = options.dryRun === true;
    this.#pace = new Pace(options);
    this.#events = new EventLog(to);
  }

  async take(metadata: RecordMetadata): Promise<void> {
    try {
      const outcome = await this.#outcomeOf(metadata);
      this.#amounts[outcome].records += 1;
      this.#amounts[outcome].bytes += metadata.size;
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
      if (this.#damaged.length < damagedReported) this.#damaged.push({ key: metadata.key, reason: messageOf(error) });
    }
    this.#pace.advance(metadata.size);
    await this.#pace.turn();
  }

  async end(): Promise<PullReport> {
    await this.#events.flush();
    this.#pace.end();
    return { ...this.#amounts, damaged: this.#damaged, problems: [...this.#events.problems] };
  }

  async #outcomeOf(metadata: RecordMetadata): Promise<Outcome> {
    const now = (this.#from.clock ?? systemClock).now();
    if ((await statusOf(this.#from, metadata, now)) !== "valid") return "unusable";
    const there = await headOf(this.#index, metadata.key);
    if (there && (await this.#isIdentical(there, metadata))) return "identical";
    if (there && there.createdAt > metadata.createdAt) return "newer";
    if (this.#dryRun) return "copied";
    const payload = await payloadOf(this.#from, metadata);
    // Replaced or removed at its source since it was listed.
    if (!payload) return "unusable";
    return (await this.#write(metadata, payload, there === undefined)) ? "copied" : "newer";
  }

  async #isIdentical(there: RecordMetadata, metadata: RecordMetadata): Promise<boolean> {
    const fields = ["sha256", "size", "serializer", "createdAt", "expiresAt", "signature"] as const;
    if (fields.some((field) => there[field] !== metadata[field])) return false;
    return (await statusOf(this.#to, there, 0)) !== "uncommitted";
  }

  async #write(metadata: RecordMetadata, payload: Payload, isNew: boolean): Promise<boolean> {
    const { storage, keyStorage } = this.#to;
    const copy = await this.#copyOf(metadata);
    const fitting = isByteSource(payload) && !storage.capabilities.streams ? [await wholeOf(payload)] : payload;
    if (keyStorage) await storage.values.put(copy.key, fitting);
    // What another process has computed meanwhile is not older than this.
    const ifAbsent = isNew && this.#index.capabilities.putIfAbsent;
    const written = await this.#index.put(copy, keyStorage ? [] : fitting, ifAbsent ? { ifAbsent } : undefined);
    if (written) await this.#writeDown(copy);
    return written;
  }

  /**
   * The metadata at the target. A record that belongs to a committed transaction counts by itself there; of one that is signed, the
   * signature says which transaction it belongs to, so its marker comes along.
   */
  async #copyOf({ fence: _, commit, ...metadata }: RecordMetadata): Promise<RecordMetadata> {
    if (commit === undefined || metadata.signature === undefined) return metadata;
    if (!this.#markers.has(commit)) {
      const name = commitMarkerName(commit);
      const marker = await (this.#from.keyStorage ?? this.#from.storage).values.get(name);
      if (marker) await this.#index.values.put(name, [marker]);
      this.#markers.add(commit);
    }
    return { ...metadata, commit };
  }

  #writeDown({ key, taskName }: RecordMetadata): Promise<void> {
    const { location } = this.#from.keyStorage ?? this.#from.storage;
    return this.#events.add({ kind: "pulled", key, taskName, detail: `copied from ${location}` });
  }
}

function wholeOf(payload: Extract<Payload, { chunks: unknown }>): Promise<Uint8Array> {
  return collectBytes(payload.chunks());
}
