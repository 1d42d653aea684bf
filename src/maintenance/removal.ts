import { RecordError } from "../kernel/errors.ts";
import type { CacheEventRow } from "../history/run-store.ts";
import { isSameRecord } from "../results/damaged-records.ts";
import type { RecordIdentity, RecordMetadata, Storage } from "../storage/storage.ts";
import type { EventLog } from "./events.ts";
import { forEachOf, type Pace } from "./pace.ts";
import type { RecordPlace } from "./place.ts";

/** A record that is to go, and why. */
export interface Doomed extends RecordIdentity, Pick<RecordMetadata, "size" | "taskName"> {
  readonly kind: CacheEventRow["kind"];
  /** Why, in words. */
  readonly detail: string;
}

/** A record that is to go, without what only its reader needs. */
export function doomed(metadata: RecordMetadata, kind: CacheEventRow["kind"], detail: string): Doomed {
  const { key, createdAt, taskRunId, sha256, size, taskName } = metadata;
  return { key, createdAt, taskRunId, sha256, size, taskName, kind, detail };
}

const fewest = 4;
const most = 64;
const requestsAtOnce = 8;

/*
 * DESIGN. How records are removed that somebody has chosen a moment ago, while others write.
 *
 * What it does: gathers them, and removes a batch at a time: in one transaction where the storage has `deleteAll`. A batch has as
 * many as can be removed within half a slice (see pace.ts), which is measured as it goes. What was removed is written down in
 * the history as cache events.
 * What it promises: the record that was chosen goes, and no other: one that was replaced meanwhile stays. (Where the storage has
 * no `deleteAll`, one that is replaced between a look and the removal goes; it is computed again.) With metadata kept apart these go
 * first, so that whoever looks finds nothing; then the value, unless there is a record of its key again. A process that dies
 * in between leaves a value without a record, which `collect` finds.
 * What the caller must do: {@link Remover.flush} in the end.
 */
export class Remover {
  /** What was removed, by us: not what somebody else was faster with. */
  readonly removed: { records: number; bytes: number } = { records: 0, bytes: 0 };
  readonly #place: RecordPlace;
  readonly #index: Storage;
  readonly #pace: Pace;
  readonly #events: EventLog;
  readonly #dryRun: boolean;
  readonly #onRemoved: ((record: Doomed) => void) | undefined;
  #batch: Doomed[] = [];
  #batchSize = 16;

  constructor(
    place: RecordPlace,
    pace: Pace,
    events: EventLog,
    { dryRun = false, onRemoved }: { readonly dryRun?: boolean | undefined; onRemoved?(record: Doomed): void } = {},
  ) {
    this.#place = place;
    this.#index = place.keyStorage ?? place.storage;
    this.#pace = pace;
    this.#events = events;
    this.#dryRun = dryRun;
    this.#onRemoved = onRemoved;
  }

  async add(record: Doomed): Promise<void> {
    if (this.#dryRun) return this.#count(record);
    this.#batch.push(record);
    if (this.#batch.length >= this.#batchSize) await this.flush();
  }

  /** Removes what has been gathered. */
  async flush(): Promise<void> {
    if (this.#batch.length === 0) return;
    const batch = this.#batch;
    this.#batch = [];
    const keys = new Set(await this.#remove(batch));
    const gone = batch.filter(({ key }) => keys.has(key));
    for (const record of gone) this.#count(record);
    await this.#pace.turn();
    for (const { kind, key, taskName, detail } of gone) await this.#events.add({ kind, key, taskName, detail });
    await this.#events.flush();
    await this.#pace.turn();
  }

  #count(record: Doomed): void {
    this.removed.records += 1;
    this.removed.bytes += record.size;
    this.#onRemoved?.(record);
  }

  async #remove(batch: readonly Doomed[]): Promise<readonly string[]> {
    const begun = performance.now();
    const removing = this.#index.deleteAll ? this.#index.deleteAll(batch) : removeEach(this.#index, batch, this.#pace);
    // What is waited for keeps nobody.
    const took = performance.now() - begun;
    const keys = await removing;
    if (took < 0.5) this.#batchSize = Math.min(most, this.#batchSize * 2);
    else if (took > 1.5) this.#batchSize = Math.max(fewest, this.#batchSize >> 1);
    if (this.#place.keyStorage) await forEachOf(keys, requestsAtOnce, (key) => this.#removeValue(key));
    return keys;
  }

  async #removeValue(key: string): Promise<void> {
    if ((await headOf(this.#index, key)) === undefined) await this.#place.storage.values.delete(key);
    await this.#pace.turn();
  }
}

async function removeEach(index: Storage, batch: readonly Doomed[], pace: Pace): Promise<readonly string[]> {
  const keys: string[] = [];
  await forEachOf(batch, requestsAtOnce, async (record) => {
    const found = await headOf(index, record.key);
    if (found && isSameRecord(found, record) && (await index.delete(record.key))) keys.push(record.key);
    await pace.turn();
  });
  return keys;
}

/** The metadata under a key; `undefined` where there are none that can be read. */
export async function headOf(index: Storage, key: string): Promise<RecordMetadata | undefined> {
  try {
    return await index.head(key);
  } catch (error) {
    if (error instanceof RecordError) return undefined;
    throw error;
  }
}
