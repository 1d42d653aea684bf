import type { Schema } from "../../io/postgres/schema.ts";
import { RecordError } from "../../kernel/errors.ts";
import { checkedStream, cut, filled } from "../internal/checked-stream.ts";
import { rangeOf, successor } from "../internal/key-range.ts";
import { checkPayload, replacedRecord } from "../internal/record-checks.ts";
import { fromRow } from "../internal/record-columns.ts";
import type { ListOptions, RecordMetadata, StoredRecord } from "../storage.ts";
import type { ChunkSets } from "./chunk-sets.ts";
import { keyColumns } from "./keys.ts";
import { type PayloadTable, payloadUpTo } from "./payload-table.ts";
import { columns } from "./tables.ts";

const rowsPerPage = 500;
const metadata = columns.join(", ");
const all = `${metadata}, ${payloadUpTo("size")}, chunks`;

/*
 * DESIGN: how records are read.
 *
 * What it does: one statement gives metadata and payload. A payload above 8 MiB is read when it is asked for, piece by piece, all
 * of the same writing of the row, or of its set of chunks.
 * What it promises: a record that was replaced between two pieces is a RecordError, never a mixture.
 */
export class RecordReader {
  readonly #schema: Schema;
  readonly #table: PayloadTable;
  readonly #sets: ChunkSets;

  constructor(schema: Schema, table: PayloadTable, sets: ChunkSets) {
    this.#schema = schema;
    this.#table = table;
    this.#sets = sets;
  }

  async get(key: string): Promise<StoredRecord | undefined> {
    const row = await this.#table.find(key, all);
    if (row === undefined) return undefined;
    const where = this.#where(key);
    const found = fromRow(key, row, where);
    const [payload, chunks] = row.slice(columns.length) as [Uint8Array | null, string | null];
    if (payload !== null) {
      const stream = (): AsyncIterable<Uint8Array> => cut(checkedStream([payload], found, where));
      return { metadata: found, bytes: () => checkPayload(payload, found, where), stream };
    }
    const checked = (): AsyncIterable<Uint8Array> => checkedStream(this.#pieces(found, chunks, where), found, where);
    return { metadata: found, bytes: () => filled(checked(), found.size, where), stream: () => cut(checked()) };
  }

  async head(key: string): Promise<RecordMetadata | undefined> {
    const row = await this.#table.find(key, metadata);
    return row && fromRow(key, row, this.#where(key));
  }

  async *list({ prefix = "", after, onDamaged }: ListOptions): AsyncIterable<RecordMetadata> {
    const range = rangeOf(prefix, after);
    let from = range.from;
    for (;;) {
      const page = await this.#page(from, range.to);
      for (const row of page) {
        const found = this.#listed(keyIn(row).toString(), row, onDamaged);
        if (found !== undefined) yield found;
      }
      if (page.length < rowsPerPage) return;
      from = successor(keyIn(page.at(-1)!));
    }
  }

  async #page(from: Uint8Array, to: Uint8Array): Promise<ReadonlyArray<readonly unknown[]>> {
    const [first, end] = [keyColumns(from), keyColumns(to)];
    const found = await this.#schema.queryIfThere({
      text: `SELECT ${metadata}, key_head, key_tail FROM ${this.#schema.quoted}.records
        WHERE (key_head, key_tail) >= ($1, $2) AND (key_head, key_tail) < ($3, $4) ORDER BY key_head, key_tail LIMIT ${rowsPerPage}`,
      values: [first.head, first.tail, end.head, end.tail],
      action: "read",
      isRepeatable: true,
      isFixed: true,
    });
    return found?.rows ?? [];
  }

  #listed(key: string, row: readonly unknown[], onDamaged: ListOptions["onDamaged"]): RecordMetadata | undefined {
    try {
      return fromRow(key, row, this.#where(key));
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
      onDamaged?.(key, error);
      return undefined;
    }
  }

  async *#pieces(
    { key, sha256 }: RecordMetadata,
    chunks: string | null,
    where: string,
  ): AsyncGenerator<Uint8Array, void> {
    if (chunks !== null) return yield* this.#sets.read(chunks, where);
    for await (const piece of this.#table.pieces(key, "sha256", sha256)) {
      if (piece === undefined) throw replacedRecord(where);
      yield piece;
    }
  }

  #where(key: string): string {
    return `${this.#schema.location} (key "${key}")`;
  }
}

function keyIn(row: readonly unknown[]): Buffer {
  return Buffer.concat(row.slice(-2) as Uint8Array[]);
}
