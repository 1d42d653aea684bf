import type { Schema } from "../../io/postgres/schema.ts";
import { pgCode } from "../../io/postgres/failure.ts";
import { isByteSource } from "../../kernel/byte-source.ts";
import { RecordError, StorageError } from "../../kernel/errors.ts";
import { cut, filled } from "../internal/checked-stream.ts";
import { wholeOf } from "../internal/parts.ts";
import { replacedRecord } from "../internal/record-checks.ts";
import type { Payload, ValueArea } from "../storage.ts";
import { type ChunkSets, isLong } from "./chunk-sets.ts";
import { PayloadTable, payloadUpTo } from "./payload-table.ts";
import { divisionByZero, insertOf, replacing, rowOf } from "./rows.ts";

const columns = ["key_head", "key_digest", "key_tail", "chunks", "payload"];
// The server counts the writings of a row.
const writing = "xmin::text";
// A release that does not know of sets leaves the name of one in the row that it replaces; a record has its checksum.
const chunksOfRow = "CASE WHEN octet_length(payload) = 0 THEN chunks END";
const attempts = 5;
const saying = { action: "write to", isRepeatable: true, isFixed: true } as const;

interface FoundValue {
  readonly size: number;
  /** Present where it is not long. */
  readonly whole?: Uint8Array;
  stream(): AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

/** Values without metadata. */
export class ValueTable implements ValueArea {
  readonly #schema: Schema;
  readonly #table: PayloadTable;
  readonly #sets: ChunkSets;
  readonly #upsert: string;
  readonly #found: string;

  constructor(schema: Schema, sets: ChunkSets) {
    this.#schema = schema;
    this.#table = new PayloadTable(schema, "plain_values");
    this.#sets = sets;
    this.#upsert = insertOf(`${schema.quoted}.plain_values`, columns, 1, replacing(columns, undefined));
    const length = "octet_length(payload)";
    const size = `CASE WHEN ${length} > 0 OR chunks IS NULL THEN ${length} ELSE ${sets.sizeOf("chunks")} END`;
    this.#found = `${payloadUpTo(length)}, ${chunksOfRow}, ${writing}, ${size}`;
  }

  async get(name: string): Promise<Uint8Array | undefined> {
    // A long value that is replaced while it is read is read again.
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      const value = await this.#find(name);
      if (value === undefined || value.whole !== undefined) return value?.whole;
      try {
        return await filled(value.stream(), value.size, this.#where(name));
      } catch (error) {
        if (!(error instanceof RecordError)) throw error;
      }
    }
    throw new StorageError(
      `Cannot read ${this.#schema.location}: the value ${JSON.stringify(name)} was replaced ${attempts} times while it was read`,
    );
  }

  async open(name: string): Promise<AsyncIterable<Uint8Array> | undefined> {
    const value = await this.#find(name);
    return value && cut(value.stream());
  }

  async put(name: string, payload: Payload): Promise<void> {
    if (isLong(payload)) {
      const set = await this.#sets.write(payload);
      return this.#publish(name, set).catch(async (error: unknown) => {
        await this.#sets.discard([set]);
        throw error;
      });
    }
    const chunks = isByteSource(payload) ? [await wholeOf(payload, this.#schema.location)] : payload;
    const { values, bytes } = rowOf(name, [null], chunks);
    await this.#schema.query({ text: this.#upsert, values, bytes, ...saying });
  }

  delete(name: string): Promise<boolean> {
    return this.#table.delete(name);
  }

  async #publish(name: string, set: string): Promise<void> {
    const { values } = rowOf(name, [set], []);
    const used = this.#sets.used(`$${columns.length + 1}`);
    const text = `WITH used AS (${used}), written AS (${this.#upsert} RETURNING 1) SELECT 1 / (SELECT count(*) FROM used) FROM written`;
    try {
      await this.#schema.query({ text, values: [...values, [set]], ...saying });
    } catch (error) {
      throw pgCode((error as Error).cause) === divisionByZero ? this.#sets.lost() : error;
    }
  }

  async #find(name: string): Promise<FoundValue | undefined> {
    const row = await this.#table.find(name, this.#found);
    if (row === undefined) return undefined;
    const [payload, chunks, version, size] = row as [Uint8Array | null, string | null, string, number];
    if (chunks !== null) return { size, stream: () => this.#sets.read(chunks, this.#where(name)) };
    if (payload === null) return { size, stream: () => this.#pieces(name, version) };
    return { size, whole: payload, stream: () => [payload] };
  }

  async *#pieces(name: string, version: string): AsyncGenerator<Uint8Array, void> {
    for await (const piece of this.#table.pieces(name, writing, version)) {
      if (piece === undefined) throw replacedRecord(this.#where(name));
      yield piece;
    }
  }

  #where(name: string): string {
    return `${this.#schema.location} (value "${name}")`;
  }
}
