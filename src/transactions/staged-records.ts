import type { PreparedRecord } from "../results/prepared-record.ts";
import type { Storage } from "../storage/storage.ts";

interface Staged {
  readonly owner: object;
  readonly record: PreparedRecord;
}

/*
 * DESIGN. The records that a root transaction has staged and not yet committed, by the place where they will be and their key. Code inside
 * the transaction sees them; nobody else does.
 */
export class StagedRecords {
  /** Those of one key in the order of their staging. */
  readonly #byPlace = new Map<Storage, Map<string, Staged[]>>();

  add(owner: object, record: PreparedRecord): void {
    const place = placeOf(record);
    const { key } = record.metadata;
    const records = this.#byPlace.get(place) ?? new Map<string, Staged[]>();
    const others = (records.get(key) ?? []).filter((staged) => staged.owner !== owner);
    this.#byPlace.set(place, records.set(key, [...others, { owner, record }]));
  }

  /** The record that was staged last under a key. */
  find(place: Storage, key: string): PreparedRecord | undefined {
    return this.#byPlace.get(place)?.get(key)?.at(-1)?.record;
  }

  /** Forgets a record that a transaction has staged: it has been committed, or rolled back. */
  remove(owner: object, record: PreparedRecord): void {
    const records = this.#byPlace.get(placeOf(record));
    const { key } = record.metadata;
    const others = (records?.get(key) ?? []).filter((staged) => staged.owner !== owner);
    if (others.length === 0) records?.delete(key);
    else records?.set(key, others);
  }

  get isEmpty(): boolean {
    return this.#byPlace.size === 0;
  }
}

function placeOf({ store }: PreparedRecord): Storage {
  return store.keyStorage ?? store.storage;
}
