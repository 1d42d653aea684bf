import { sha256 } from "../hashing/sha256.ts";
import { RecordError } from "../kernel/errors.ts";
import type { Storage } from "../storage/storage.ts";
import type { PreparedRecord } from "./prepared-record.ts";

/**
 * A value that is kept apart from its metadata. It has one name for ever, the key, so a new one overwrites the old one
 * before its metadata are there: until it is settled, the old one is at hand to be put back.
 */
export class ValueApart {
  readonly #record: PreparedRecord;
  readonly #index: Storage;
  #before: Uint8Array | undefined;
  #isWritten = false;

  constructor(record: PreparedRecord, index: Storage) {
    this.#record = record;
    this.#index = index;
  }

  async write(): Promise<void> {
    const { values } = this.#record.store.storage;
    this.#before = await this.#find().catch(unlessDamaged);
    this.#isWritten = true;
    await values.put(this.#record.metadata.key, this.#record.payload);
  }

  async #find(): Promise<Uint8Array | undefined> {
    return this.#record.store.storage.values.get(this.#record.metadata.key);
  }

  /** The metadata are out: the old value is of no use any more. */
  settle(): void {
    this.#before = undefined;
  }

  /**
   * Puts back what was there, or nothing; to be called when the metadata have been taken back.
   *
   * @returns what went wrong
   */
  async takeBack(): Promise<unknown[]> {
    if (!this.#isWritten) return [];
    try {
      await this.#undo();
      return [];
    } catch (error) {
      return [error];
    }
  }

  async #undo(): Promise<void> {
    const { values } = this.#record.store.storage;
    const { key, sha256: ours } = this.#record.metadata;
    const found = await this.#find();
    if (found === undefined || sha256(found) !== ours) return;
    // Somebody else has come to the same value: it is theirs.
    if ((await this.#index.head(key))?.sha256 === ours) return;
    if (this.#before) await values.put(key, [this.#before]);
    else await values.delete(key);
  }
}

/** What could not be read is not worth being put back. */
function unlessDamaged(error: unknown): undefined {
  if (!(error instanceof RecordError)) throw error;
}
