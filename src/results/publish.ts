/*
 * DESIGN. The way of several results into their stores, all of them or none:
 *
 *   values that are kept apart ─▶ `beforePublishing` ─▶ records, one storage of metadata after the other
 *
 * Promises:
 * - Readers of every process see all records of one storage or none, at every moment, also when this process dies. Where
 *   several storages take part, each of them is atomic by itself, and a later one that fails has the earlier ones
 *   taken back.
 * - Where anything fails, what was written is taken back as far as possible, and everything that went wrong is in the
 *   error. What another process has written meanwhile is left alone: only the very record that was written here is
 *   removed. (Between that look and the removal it may still be replaced: no storage does both in one.)
 * - Of two records with one key the later one counts. Of two processes the last one wins, unless its fencing token is
 *   refused.
 *
 * What it does not promise: an old record that was replaced is not brought back. With key storage a value can be read by
 * its name (`ResultStore.read`) before its metadata are there, and a process that dies in between leaves old metadata
 * beside a new value: the checksum tells, and it is a miss.
 */
import { andThen, isPromise, type Awaitable } from "../kernel/awaitable.ts";
import { messageOf } from "../kernel/errors.ts";
import type { RecordMetadata, Storage } from "../storage/storage.ts";
import { type PublishableRecord, RecordGroup } from "./record-group.ts";
import type { ValueApart } from "./value-apart.ts";

export type { PublishableRecord } from "./record-group.ts";

/** Records that are out: readers of every process see all of them. */
export interface Publication {
  /** In the order in which they were given; of one that a later one of its key has replaced, that of the later one. */
  readonly metadata: readonly RecordMetadata[];
  /**
   * Takes the records back, those that are still the ones that were published. Others may see it happen: the records
   * go one after the other, unless they have a commit marker.
   *
   * @returns what went wrong doing it
   */
  withdraw(): Promise<readonly unknown[]>;
}

/** How {@link publish} goes about it. */
export interface PublishOptions {
  /** Called right before the first record can be seen. What it throws stops everything. @default nothing is called */
  readonly beforePublishing?: () => Awaitable<void>;
}

/** Nothing was published. */
export class PublishError extends Error {
  /** What stopped it first, then what went wrong in taking back what had been written. */
  readonly errors: readonly unknown[];

  constructor(errors: readonly unknown[]) {
    super(messageOf(errors[0]), { cause: errors[0] });
    this.name = "PublishError";
    this.errors = errors;
  }
}

/**
 * Publishes all records or none. A single one is published synchronously where its storage can do that; a failure is
 * always a rejection.
 *
 * @throws {PublishError} where anything failed: none of the records is there
 */
export function publish(records: readonly PublishableRecord[], options: PublishOptions = {}): Awaitable<Publication> {
  const publishing = new Publishing(records);
  try {
    const publication = publishing.run(options.beforePublishing);
    return isPromise(publication) ? publication.catch((error: unknown) => publishing.fail(error)) : publication;
  } catch (error) {
    return publishing.fail(error);
  }
}

class Publishing {
  readonly #records: readonly PublishableRecord[];
  readonly #groups: readonly RecordGroup[];
  readonly #values: readonly ValueApart[];

  constructor(records: readonly PublishableRecord[]) {
    this.#records = records;
    this.#groups = groupsOf(records);
    this.#values = this.#groups.flatMap((group) => group.valuesApart());
  }

  run(confirm: PublishOptions["beforePublishing"]): Awaitable<Publication> {
    const [group] = this.#groups;
    if (this.#groups.length > 1 || this.#values.length > 0 || !group) return this.#runAll(confirm);
    return andThen(confirm?.(), () => andThen(group.publish(), () => this.#publication()));
  }

  async #runAll(confirm: PublishOptions["beforePublishing"]): Promise<Publication> {
    for (const value of this.#values) await value.write();
    await confirm?.();
    for (const group of this.#groups) await group.publish();
    return this.#publication();
  }

  #publication(): Publication {
    for (const value of this.#values) value.settle();
    const metadata = this.#records.map(({ store, metadata }) =>
      this.#groups.find(({ index }) => index === indexOf(store))!.find(metadata.key),
    );
    return { metadata, withdraw: () => this.#takeBack() };
  }

  async fail(error: unknown): Promise<never> {
    throw new PublishError([error, ...(await this.#takeBack())]);
  }

  /** In the order opposite to that of the writing. */
  async #takeBack(): Promise<unknown[]> {
    const errors: unknown[] = [];
    for (const group of this.#groups.toReversed()) errors.push(...(await group.withdraw()));
    for (const value of this.#values.toReversed()) errors.push(...(await value.takeBack()));
    return errors;
  }
}

/** One group per storage of metadata; of two records of a key the later one. */
function groupsOf(records: readonly PublishableRecord[]): RecordGroup[] {
  const places = new Map<Storage, Map<string, PublishableRecord>>();
  for (const record of records) {
    const index = indexOf(record.store);
    const place = places.get(index) ?? new Map<string, PublishableRecord>();
    places.set(index, place.set(record.metadata.key, record));
  }
  return [...places].map(([index, place]) => new RecordGroup(index, [...place.values()]));
}

function indexOf({ storage, keyStorage }: PublishableRecord["store"]): Storage {
  return keyStorage ?? storage;
}
