import { andThen, type Awaitable } from "../kernel/awaitable.ts";
import { newId } from "../kernel/ids.ts";
import type { Payload, RecordMetadata, Storage } from "../storage/storage.ts";
import { removeCommitMarker, writeCommitMarker } from "./commit-marker.ts";
import type { PreparedRecord } from "./prepared-record.ts";
import { sealed } from "./record.ts";
import { ValueApart } from "./value-apart.ts";

/** A prepared record, and the fencing token of the lock under which it is published. */
export interface PublishableRecord extends PreparedRecord {
  readonly fence: number | undefined;
}

/**
 * Records whose metadata go to one storage, and how they appear there together: a single one by itself, several in a
 * batch where the storage has that, else under a commit marker.
 */
export class RecordGroup {
  readonly index: Storage;
  readonly #records: readonly PublishableRecord[];
  readonly #metadata: readonly RecordMetadata[];
  /** The id of the commit marker, where one is needed. */
  readonly #commit: string | undefined;
  #isBegun = false;

  /** @param records each with a key of its own */
  constructor(index: Storage, records: readonly PublishableRecord[]) {
    this.index = index;
    this.#records = records;
    this.#commit = records.length > 1 && !index.capabilities.atomicBatch ? newId() : undefined;
    this.#metadata = records.map((record) => published(record, this.#commit));
  }

  /** What was published under a key of the group. */
  find(key: string): RecordMetadata {
    return this.#metadata.find((metadata) => metadata.key === key)!;
  }

  /** The values that go elsewhere. */
  valuesApart(): ValueApart[] {
    return this.#records.filter(({ store }) => store.keyStorage).map((record) => new ValueApart(record, this.index));
  }

  publish(): Awaitable<void> {
    this.#isBegun = true;
    this.#forget();
    if (this.#commit !== undefined) return this.#publishMarked(this.#commit);
    if (this.#records.length > 1) return this.index.putAll!(this.#metadata.map((each, i) => [each, this.#payload(i)]));
    return andThen(this.index.put(this.#metadata[0]!, this.#payload(0)), () => undefined);
  }

  async #publishMarked(commit: string): Promise<void> {
    for (const [i, metadata] of this.#metadata.entries()) await this.index.put(metadata, this.#payload(i));
    await writeCommitMarker(this.index, commit, this.#metadata);
  }

  #payload(i: number): Payload {
    const { store, payload } = this.#records[i]!;
    return store.keyStorage ? [] : payload;
  }

  #forget(): void {
    for (const { store, key } of this.#records) store.forget(key);
  }

  /**
   * Removes those of the records that are there and are these, whether or not {@link publish} knows of having written
   * them: a storage that is far away may have done what it could not confirm any more.
   *
   * @returns what went wrong
   */
  async withdraw(): Promise<unknown[]> {
    if (!this.#isBegun) return [];
    const errors: unknown[] = [];
    const attempt = (step: () => Promise<void>): Promise<void> => step().catch((error) => void errors.push(error));
    const commit = this.#commit;
    // Without their marker all of them are gone at once.
    if (commit !== undefined) await attempt(() => removeCommitMarker(this.index, commit));
    await Promise.all(this.#metadata.map((metadata) => attempt(() => this.#remove(metadata))));
    this.#forget();
    return errors;
  }

  async #remove(metadata: RecordMetadata): Promise<void> {
    const found = await this.index.head(metadata.key);
    if (found !== undefined && isSame(found, metadata)) await this.index.delete(metadata.key);
  }
}

function published({ metadata, fence, store }: PublishableRecord, commit: string | undefined): RecordMetadata {
  const record = { ...metadata, fence, commit };
  return commit === undefined ? record : sealed(record, store.serializer.seal);
}

/** Whether a record is the very one that was written, and not another of the same content. */
function isSame(found: RecordMetadata, written: RecordMetadata): boolean {
  return (
    found.commit === written.commit &&
    found.fence === written.fence &&
    found.sha256 === written.sha256 &&
    found.createdAt === written.createdAt &&
    found.taskRunId === written.taskRunId
  );
}
