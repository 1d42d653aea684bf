import type { Say } from "../../io/postgres.ts";
import { pgCode } from "../../io/postgres/failure.ts";
import type { Schema } from "../../io/postgres/schema.ts";
import { asText } from "../../io/postgres/values.ts";
import { fencedOff, fenceHolds, isFencedOff } from "../internal/fencing.ts";
import { checkPayloadSize } from "../internal/record-checks.ts";
import { toRow } from "../internal/record-columns.ts";
import type { RecordMetadata } from "../storage.ts";
import { insertOf, replacing, type Row, rowOf } from "./rows.ts";
import { columns } from "./tables.ts";

/** A record with its payload. */
export type NewRecord = readonly [RecordMetadata, readonly Uint8Array[]];

const allColumns = ["key_head", "key_digest", "key_tail", ...columns, "payload"];
const fenced = replacing(allColumns, fenceHolds("there"));
const action = "write to";

/** What goes into one statement of a batch. A statement has 65,535 parameters at most, and has to be kept in memory. */
const rowsPerStatement = 500;
const bytesPerStatement = 64 * 1024 * 1024;
/** What the server says of a division by zero. */
const divisionByZero = "22012";

/*
 * DESIGN: how records are written.
 *
 * What it does: a record is one INSERT that replaces what is there unless its fencing token is higher. A batch is one INSERT, too;
 * it divides by zero where it has not written all rows, which undoes it. A batch that is too large for that is a
 * transaction, and so is one that was undone: there each statement says what it has written, hence which record was refused.
 * What it promises: all or nothing. Batches that meet do not wait for each other in a circle: they write in the order of keys.
 */
export class RecordWriter {
  readonly #schema: Schema;
  readonly #table: string;
  readonly #insert: string;
  readonly #upsert: string;

  constructor(schema: Schema) {
    this.#schema = schema;
    this.#table = `${schema.quoted}.records`;
    this.#insert = insertOf(this.#table, allColumns, 1, "NOTHING");
    this.#upsert = insertOf(this.#table, allColumns, 1, fenced);
  }

  async put(record: NewRecord, ifAbsent: boolean): Promise<boolean> {
    const { key, values, bytes } = newRow(record);
    const text = ifAbsent ? this.#insert : this.#upsert;
    const { rowCount } = await this.#schema.query({
      text,
      values,
      action,
      bytes,
      // Said twice, it would find what it has written itself.
      isRepeatable: !ifAbsent,
      isFixed: true,
    });
    if (rowCount !== 1 && !ifAbsent) throw fencedOff(key, this.#schema.location);
    return rowCount === 1;
  }

  async putAll(records: readonly NewRecord[]): Promise<void> {
    const batches = [...inBatches(this.#inOrder(records))];
    if (batches.length === 0 || (batches.length === 1 && (await this.#writeAtOnce(batches[0]!)))) return;
    await this.#schema.transaction(action, async (say) => {
      for (const batch of batches) await this.#write(say, batch);
    });
  }

  /** @returns whether no row was refused */
  async #writeAtOnce(batch: readonly Row[]): Promise<boolean> {
    const insert = insertOf(this.#table, allColumns, batch.length, fenced);
    const text = `WITH written AS (${insert} RETURNING 1) SELECT 1 / (count(*) = ${batch.length})::int FROM written`;
    try {
      await this.#schema.query({ text, ...contentOf(batch), action, isRepeatable: true });
      return true;
    } catch (error) {
      if (pgCode((error as Error).cause) === divisionByZero) return false;
      throw error;
    }
  }

  async #write(say: Say, batch: readonly Row[]): Promise<void> {
    const insert = insertOf(this.#table, allColumns, batch.length, fenced);
    const { rows } = await say({ text: `${insert} RETURNING key_head, key_digest`, ...contentOf(batch) });
    const written = new Set(rows.map(([head, digest]) => idOf(head, digest)));
    const refused = batch.find(({ values: [head, digest] }) => !written.has(idOf(head, digest)));
    if (refused !== undefined) throw fencedOff(refused.key, this.#schema.location);
  }

  /** One row for each key, as if they had been written one after the other. */
  #inOrder(records: readonly NewRecord[]): Row[] {
    const last = new Map<string, NewRecord>();
    for (const record of records) {
      const [{ key, fence }] = record;
      if (isFencedOff(fence, last.get(key)?.[0].fence)) throw fencedOff(key, this.#schema.location);
      last.set(key, record);
    }
    const rows = [...last.values()].map(newRow);
    return rows.sort((left, right) => Buffer.compare(left.values[0] as Uint8Array, right.values[0] as Uint8Array));
  }
}

function newRow([metadata, payload]: NewRecord): Row {
  checkPayloadSize(metadata, payload);
  return rowOf(metadata.key, toRow(metadata, asText).slice(1), payload);
}

function* inBatches(rows: readonly Row[]): Iterable<Row[]> {
  let batch: Row[] = [];
  let bytes = 0;
  for (const row of rows) {
    if (batch.length === rowsPerStatement || (batch.length > 0 && bytes + row.bytes > bytesPerStatement)) {
      yield batch;
      [batch, bytes] = [[], 0];
    }
    batch.push(row);
    bytes += row.bytes;
  }
  if (batch.length > 0) yield batch;
}

function contentOf(batch: readonly Row[]): { values: unknown[]; bytes: number } {
  return { values: batch.flatMap((row) => row.values), bytes: batch.reduce((sum, row) => sum + row.bytes, 0) };
}

function idOf(head: unknown, digest: unknown): string {
  return Buffer.concat([head as Uint8Array, digest as Uint8Array]).toString("latin1");
}
