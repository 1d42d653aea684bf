import type { Say } from "../../io/postgres.ts";
import { pgCode } from "../../io/postgres/failure.ts";
import type { Schema } from "../../io/postgres/schema.ts";
import { asText } from "../../io/postgres/values.ts";
import { type ByteSource, isByteSource } from "../../kernel/byte-source.ts";
import type { LockError } from "../../kernel/errors.ts";
import { fencedOff, fenceHolds, isFencedOff } from "../internal/fencing.ts";
import { wholeOf } from "../internal/parts.ts";
import { checkPayloadSize } from "../internal/record-checks.ts";
import { toRow } from "../internal/record-columns.ts";
import type { Payload, RecordMetadata } from "../storage.ts";
import { type ChunkSets, isLong } from "./chunk-sets.ts";
import { divisionByZero, insertOf, replacing, type Row, rowOf } from "./rows.ts";
import { columns } from "./tables.ts";

/** A record with its payload. */
export type NewRecord = readonly [RecordMetadata, Payload];

const allColumns = ["key_head", "key_digest", "key_tail", ...columns, "chunks", "payload"];
const fenced = replacing(allColumns, fenceHolds("there"));
const action = "write to";

/** What goes into one statement of a batch. A statement has 65,535 parameters at most, and has to be kept in memory. */
const rowsPerStatement = 500;
const bytesPerStatement = 64 * 1024 * 1024;

/*
 * DESIGN: how records are written.
 *
 * What it does: a record is one INSERT that replaces what is there unless its fencing token is higher. A batch is one INSERT, too;
 * it divides by zero where it has not written all rows, which undoes it. A batch that is too large for that is a
 * transaction, and so is one that was undone: there each statement says what it has written, hence which record was refused.
 * A payload that comes as a long stream is a set of chunks (chunk-sets.ts) which was written before; the statement that publishes
 * its row makes it used, and undoes itself where it is gone.
 * What it promises: all or nothing. Batches that meet do not wait for each other in a circle: they write in the order of keys.
 */
export class RecordWriter {
  readonly #schema: Schema;
  readonly #table: string;
  readonly #insert: string;
  readonly #upsert: string;
  readonly #sets: ChunkSets;

  constructor(schema: Schema, sets: ChunkSets) {
    this.#schema = schema;
    this.#sets = sets;
    this.#table = `${schema.quoted}.records`;
    this.#insert = insertOf(this.#table, allColumns, 1, "NOTHING");
    this.#upsert = insertOf(this.#table, allColumns, 1, fenced);
  }

  async put([metadata, payload]: NewRecord, ifAbsent: boolean): Promise<boolean> {
    checkPayloadSize(metadata, payload);
    if (isLong(payload)) return this.#putLong([metadata, payload], ifAbsent);
    const chunks = isByteSource(payload) ? [await wholeOf(payload, this.#schema.location)] : payload;
    const { key, values, bytes } = newRow(metadata, chunks);
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
    if (rowCount !== 1 && !ifAbsent) throw this.#fencedOff(key);
    return rowCount === 1;
  }

  async putAll(records: readonly NewRecord[]): Promise<void> {
    const last = new Map<string, NewRecord>();
    for (const record of records) {
      const [metadata, payload] = record;
      checkPayloadSize(metadata, payload);
      // One row for each key, as if they had been written one after the other.
      if (isFencedOff(metadata.fence, last.get(metadata.key)?.[0].fence)) throw this.#fencedOff(metadata.key);
      last.set(metadata.key, record);
    }
    await this.#withRows([...last.values()], (rows) => this.#publish(rows));
  }

  async #putLong(record: NewRecord, ifAbsent: boolean): Promise<boolean> {
    if (!ifAbsent) return this.putAll([record]).then(() => true);
    return this.#withRows([record], async ([row]) => {
      const isWritten = await this.#insertLong(row!);
      if (!isWritten) await this.#sets.discard(setsOf([row!]));
      return isWritten;
    });
  }

  async #insertLong({ values }: Row): Promise<boolean> {
    const used = this.#sets.used("ARRAY(SELECT chunks FROM written)");
    const text = `WITH written AS (${this.#insert} RETURNING chunks), used AS (${used})
      SELECT count(*) / (count(*) = (SELECT count(*) FROM used))::int FROM written`;
    try {
      const { rows } = await this.#schema.query({ text, values, action, isFixed: true });
      return rows[0]?.[0] === 1;
    } catch (error) {
      throw isDivisionByZero(error) ? this.#sets.lost() : error;
    }
  }

  /** Makes the rows of records, with their sets; these are removed again where the work fails. */
  async #withRows<T>(records: readonly NewRecord[], work: (rows: Row[]) => Promise<T>): Promise<T> {
    // What is in memory as it is now.
    const rows = records.flatMap(([metadata, payload]) => (isByteSource(payload) ? [] : newRow(metadata, payload)));
    try {
      for (const [metadata, payload] of records) {
        if (isByteSource(payload)) rows.push(await this.#rowOf(metadata, payload));
      }
      return await work(rows);
    } catch (error) {
      await this.#sets.discard(setsOf(rows));
      throw error;
    }
  }

  async #rowOf(metadata: RecordMetadata, payload: ByteSource): Promise<Row> {
    if (!isLong(payload)) return newRow(metadata, [await wholeOf(payload, this.#schema.location)]);
    return newRow(metadata, [], await this.#sets.write(payload));
  }

  async #publish(rows: Row[]): Promise<void> {
    rows.sort((left, right) => Buffer.compare(left.values[0] as Uint8Array, right.values[0] as Uint8Array));
    const batches = [...inBatches(rows)];
    if (batches.length === 0 || (batches.length === 1 && (await this.#writeAtOnce(batches[0]!)))) return;
    const sets = setsOf(rows);
    await this.#schema.transaction(action, async (say) => {
      if (sets.length > 0) {
        const { rowCount } = await say({ text: this.#sets.used("$1"), values: [sets] });
        if (rowCount !== sets.length) throw this.#sets.lost();
      }
      for (const batch of batches) await this.#write(say, batch);
    });
  }

  /** @returns whether no row was refused, and no set is gone */
  async #writeAtOnce(batch: readonly Row[]): Promise<boolean> {
    const insert = insertOf(this.#table, allColumns, batch.length, fenced);
    const { values, bytes } = contentOf(batch);
    const sets = setsOf(batch);
    const isLong = sets.length > 0;
    const used = isLong ? `used AS (${this.#sets.used(`$${values.length + 1}`)}), ` : "";
    const isUsed = isLong ? ` AND (SELECT count(*) FROM used) = ${sets.length}` : "";
    const text = `WITH ${used}written AS (${insert} RETURNING 1) SELECT 1 / (count(*) = ${batch.length}${isUsed})::int FROM written`;
    try {
      const all = isLong ? [...values, sets] : values;
      await this.#schema.query({ text, values: all, bytes, action, isRepeatable: true });
      return true;
    } catch (error) {
      if (isDivisionByZero(error)) return false;
      throw error;
    }
  }

  async #write(say: Say, batch: readonly Row[]): Promise<void> {
    const insert = insertOf(this.#table, allColumns, batch.length, fenced);
    const { rows } = await say({ text: `${insert} RETURNING key_head, key_digest`, ...contentOf(batch) });
    const written = new Set(rows.map(([head, digest]) => idOf(head, digest)));
    const refused = batch.find(({ values: [head, digest] }) => !written.has(idOf(head, digest)));
    if (refused !== undefined) throw this.#fencedOff(refused.key);
  }

  #fencedOff(key: string): LockError {
    return fencedOff(key, this.#schema.location);
  }
}

function newRow(metadata: RecordMetadata, chunks: readonly Uint8Array[], set?: string): Row {
  return { ...rowOf(metadata.key, [...toRow(metadata, asText).slice(1), set ?? null], chunks), set };
}

function setsOf(rows: readonly Row[]): string[] {
  return rows.flatMap(({ set }) => set ?? []);
}

function isDivisionByZero(error: unknown): boolean {
  return pgCode((error as Error).cause) === divisionByZero;
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
