import type { RecordIdentity } from "../storage/storage.ts";

/** So many are remembered. */
const limit = 1000;

/** Whether two records of one key are the same writing. */
export function isSameRecord(one: RecordIdentity, other: RecordIdentity): boolean {
  return nameOf(one) === nameOf(other);
}

/** Records that turned out to be damaged when they were read, and that cannot be removed: they are not found again. */
export class DamagedRecords {
  readonly #names = new Set<string>();

  /** @returns what takes it back: once it has been removed */
  add(record: RecordIdentity): () => void {
    const name = nameOf(record);
    this.#names.add(name);
    if (this.#names.size > limit) this.#names.delete(this.#names.values().next().value!);
    return () => this.#names.delete(name);
  }

  has(record: RecordIdentity): boolean {
    return this.#names.size > 0 && this.#names.has(nameOf(record));
  }
}

function nameOf({ key, createdAt, taskRunId, sha256 }: RecordIdentity): string {
  return `${createdAt} ${taskRunId} ${sha256} ${key}`;
}
