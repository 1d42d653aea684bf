import { randomUUID } from "node:crypto";
import type { Schema } from "../../io/postgres/schema.ts";
import { type ByteSource, isByteSource } from "../../kernel/byte-source.ts";
import { StorageError } from "../../kernel/errors.ts";
import { partsOf } from "../internal/parts.ts";
import { replacedRecord } from "../internal/record-checks.ts";
import type { Payload } from "../storage.ts";

const chunkBytes = 2 * 1024 * 1024;
/** What a source has beyond goes into chunks. */
const wholeSource = 8 * 1024 * 1024;
/** How long a set is left alone that no row names: longer than anybody reads it, or is busy between two chunks. */
const graceTime = "interval '1 hour'";
const sweepIntervalMs = 60_000;
/** Removing one takes as long as it is large: the rest is left to the next sweep. */
const setsPerSweep = 100;
/** What is removed may be long: it has the time of a statement that carries so much. */
const bytesPerRemoval = 1024 * 1024 * 1024;

/** One chunk, and how long the whole set is. */
type Chunk = readonly [bytes: Uint8Array, sizeOfSet: number];

/*
 * DESIGN: payloads that came as streams, in chunks of 2 MiB.
 *
 *   payload_sets     one row for each payload: since when no row names it; NULL where one does
 *   payload_chunks   its bytes; they go with the row of the set
 *
 *   set with unused_since = now → chunks, each of which sets it anew → the statement that publishes the row sets it to NULL
 *   row replaced or deleted → the next sweep notices it, and sets it to now → one hour later a sweep removes the set
 *
 * What it promises: a set that is written or named is never removed, for a sweep looks at nothing but `unused_since` of a row that it has
 * locked, and who writes or publishes changes that in the same statement; where the set is gone, that statement fails. Who reads has
 * an hour. What a process that died has left goes with the first stream that is written later than that.
 * What the caller must do: publish with {@link ChunkSets.used}, and {@link ChunkSets.discard} what was not published.
 */
export class ChunkSets {
  readonly #schema: Schema;
  readonly #sets: string;
  readonly #chunks: string;
  #sweptAt: number | undefined;

  constructor(schema: Schema) {
    this.#schema = schema;
    this.#sets = `${schema.quoted}.payload_sets`;
    this.#chunks = `${schema.quoted}.payload_chunks`;
  }

  /** How long the payload of a set is, in SQL. @param id in SQL */
  sizeOf(id: string): string {
    return `(SELECT size FROM ${this.#sets} WHERE id = ${id})`;
  }

  /** Writes a set that no row names yet. @returns its id */
  async write(source: ByteSource): Promise<string> {
    await this.#sweepNowAndThen();
    const id = randomUUID();
    await this.#change(`INSERT INTO ${this.#sets} VALUES ($1, $2, now()) ON CONFLICT DO NOTHING`, [id, source.size]);
    try {
      let n = 0;
      for await (const chunk of partsOf(source, chunkBytes, this.#schema.location)) await this.#add(id, n++, chunk);
      return id;
    } catch (error) {
      await this.discard([id]);
      throw error;
    }
  }

  /** The statement that makes sets used by the rows that are published with it. @param ids in SQL, a uuid[] */
  used(ids: string): string {
    return `UPDATE ${this.#sets} SET unused_since = NULL WHERE id = ANY(${ids}::uuid[]) RETURNING 1`;
  }

  /** Removes sets that were not published. Where that fails, they are swept. */
  async discard(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    // Where nobody knows whether they were published, the set itself does.
    const text = `DELETE FROM ${this.#sets} WHERE id = ANY($1::uuid[]) AND unused_since IS NOT NULL`;
    await this.#change(text, [ids]).catch(() => undefined);
  }

  /** The bytes of a set; while one chunk is used the next one is on its way. @throws {RecordError} where it is gone */
  async *read(id: string, where: string): AsyncGenerator<Uint8Array, void> {
    let next: Promise<Chunk | undefined> | undefined = this.#chunk(id, 0);
    for (let n = 0, at = 0; next !== undefined; n += 1) {
      const [chunk, size]: Partial<Chunk> = (await next) ?? [];
      if (chunk === undefined || size === undefined) throw replacedRecord(where);
      at += chunk.byteLength;
      next = at < size ? this.#chunk(id, n + 1) : undefined;
      // Who stops early does not wait for it.
      next?.catch(() => undefined);
      yield chunk;
    }
  }

  /** What a writer gets whose set is not there any more. */
  lost(): StorageError {
    return new StorageError(
      `Cannot write to ${this.#schema.location}: a part of a value was removed while it was sent`,
      {
        hint: "this process stood still for an hour, or the clock of the server was set forward: write it again",
      },
    );
  }

  async #add(id: string, n: number, chunk: Uint8Array): Promise<void> {
    const added = await this.#change(
      `WITH writing AS (UPDATE ${this.#sets} SET unused_since = now() WHERE id = $1 AND unused_since IS NOT NULL RETURNING id)
       INSERT INTO ${this.#chunks} SELECT id, $2::integer, $3::bytea FROM writing ON CONFLICT (id, n) DO UPDATE SET bytes = excluded.bytes`,
      [id, n, chunk],
    );
    if (added !== 1) throw this.lost();
  }

  async #chunk(id: string, n: number): Promise<Chunk | undefined> {
    const found = await this.#schema.queryIfThere({
      text: `SELECT bytes, size FROM ${this.#sets} JOIN ${this.#chunks} USING (id) WHERE id = $1 AND n = $2`,
      values: [id, n],
      action: "read",
      isRepeatable: true,
      isFixed: true,
    });
    return found?.rows[0] as Chunk | undefined;
  }

  /** What fails here is nobody's concern who writes: the next sweep does it. */
  async #sweepNowAndThen(): Promise<void> {
    const now = performance.now();
    if (this.#sweptAt !== undefined && now - this.#sweptAt < sweepIntervalMs) return;
    this.#sweptAt = now;
    await this.#sweep().catch(() => undefined);
  }

  async #sweep(): Promise<void> {
    const named = ["records", "plain_values"].map(
      (table) => `EXISTS (SELECT FROM ${this.#schema.quoted}.${table} WHERE chunks = sets.id)`,
    );
    await this.#change(
      `UPDATE ${this.#sets} AS sets SET unused_since = now() WHERE unused_since IS NULL AND NOT (${named.join(" OR ")})`,
    );
    const longUnused = `SELECT id FROM ${this.#sets} WHERE unused_since < now() - ${graceTime} LIMIT 1 FOR UPDATE SKIP LOCKED`;
    for (let i = 0; i < setsPerSweep; i += 1) {
      const text = `DELETE FROM ${this.#sets} WHERE id = (${longUnused})`;
      if ((await this.#change(text, [], bytesPerRemoval)) === 0) return;
    }
  }

  async #change(text: string, values: readonly unknown[] = [], bytes = 0): Promise<number | null> {
    const statement = { text, values, bytes, action: "write to", isRepeatable: true, isFixed: true };
    return (await this.#schema.query(statement)).rowCount;
  }
}

/** Whether a payload is written in chunks. */
export function isLong(payload: Payload): payload is ByteSource {
  return isByteSource(payload) && payload.size > wholeSource;
}
