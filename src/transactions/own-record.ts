import { isPromise, quiet, type Awaitable } from "../kernel/awaitable.ts";
import type { PreparedRecord } from "../results/prepared-record.ts";
import type { StagedRecords } from "./staged-records.ts";

/** How a staged value becomes a record. */
export type Prepare = (value: unknown) => Awaitable<PreparedRecord>;

/*
 * DESIGN. The record of one transaction, from the value that is staged to the commit. Its bytes are made when the value is staged, which may take a
 * while; from then on the code inside the root transaction sees it.
 */
export class OwnRecord {
  /** Makes the record of a value; absent where the transaction has no key, or does not write. */
  prepare: Prepare | undefined;
  /** Reads what is there under the key; absent where the transaction has none. */
  readThere: (() => Promise<unknown>) | undefined;
  /** On its way; a rejection is kept until the commit. */
  pending: Awaitable<PreparedRecord> | undefined;
  readonly #owner: object;
  readonly #staged: StagedRecords;
  readonly #mayBeSeen: () => boolean;
  #shown: PreparedRecord | undefined;

  /** @param mayBeSeen whether the owner is still to be committed */
  constructor(owner: object, staged: StagedRecords, mayBeSeen: () => boolean) {
    this.#owner = owner;
    this.#staged = staged;
    this.#mayBeSeen = mayBeSeen;
  }

  /** Takes a value as it is now. */
  take(value: unknown): void {
    if (this.prepare) this.pending = this.#prepared(this.prepare, value);
  }

  /** Waits until it is there, or cannot be. */
  async ready(): Promise<void> {
    if (isPromise(this.pending)) await this.pending.catch(() => undefined);
  }

  /** Nobody sees it as staged any more: it is stored, or given up. */
  hide(): void {
    if (this.#shown) this.#staged.remove(this.#owner, this.#shown);
    this.#shown = undefined;
  }

  #prepared(prepare: Prepare, value: unknown): Awaitable<PreparedRecord> {
    try {
      const record = quiet(prepare(value));
      if (isPromise(record)) record.then((made) => this.#show(made)).catch(() => undefined);
      else this.#show(record);
      return record;
    } catch (error) {
      return quiet(Promise.reject(error instanceof Error ? error : new Error(String(error))));
    }
  }

  #show(record: PreparedRecord): void {
    if (!this.#mayBeSeen()) return;
    this.#shown = record;
    this.#staged.add(this.#owner, record);
  }
}
