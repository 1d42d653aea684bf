import type { Schema } from "../../io/postgres/schema.ts";
import type { PostgresResult } from "../../io/postgres/target.ts";
import { keyColumns } from "./keys.ts";

/** Beyond, a payload is read in pieces of this size: PostgreSQL writes bytes as text, and Node has no text for all of it. */
export const pieceBytes: number = 8 * 1024 * 1024;

/** What both tables have in common: a key and a payload. */
export class PayloadTable {
  readonly #schema: Schema;
  readonly #name: string;

  /** @param table its name within the schema */
  constructor(schema: Schema, table: string) {
    this.#schema = schema;
    this.#name = `${schema.quoted}.${table}`;
  }

  /** Some columns of a row. */
  async find(key: string, columns: string): Promise<readonly unknown[] | undefined> {
    const { head, digest } = keyColumns(key);
    const text = `SELECT ${columns} FROM ${this.#name} WHERE key_head = $1 AND key_digest = $2`;
    return (await this.#read(text, [head, digest]))?.rows[0];
  }

  /**
   * A long payload, piece by piece; it ends with `undefined` where it is another one by now.
   *
   * @param sameness what tells one writing of the row from another, in SQL
   * @param value what that was
   */
  async *pieces(key: string, sameness: string, value: unknown): AsyncGenerator<Uint8Array | undefined, void> {
    const { head, digest } = keyColumns(key);
    const text = `SELECT substring(payload FROM $3::int FOR $4::int), octet_length(payload) FROM ${this.#name}
      WHERE key_head = $1 AND key_digest = $2 AND ${sameness} = $5`;
    for (let done = 0, length = 1; done < length; done += pieceBytes) {
      const found = await this.#read(text, [head, digest, done + 1, pieceBytes, value]);
      const [piece, whole = 0] = (found?.rows[0] ?? []) as [Uint8Array?, number?];
      length = whole;
      yield piece;
    }
  }

  /** Removes a row. @returns whether there was one */
  async delete(key: string): Promise<boolean> {
    const { head, digest } = keyColumns(key);
    const found = await this.#schema.queryIfThere({
      text: `DELETE FROM ${this.#name} WHERE key_head = $1 AND key_digest = $2`,
      values: [head, digest],
      action: "write to",
      isFixed: true,
    });
    return found?.rowCount === 1;
  }

  #read(text: string, values: readonly unknown[]): Promise<PostgresResult | undefined> {
    return this.#schema.queryIfThere({ text, values, action: "read", isRepeatable: true, isFixed: true });
  }
}

/** A payload, `null` where it is to be read in pieces. @param length how long it is, in SQL */
export function payloadUpTo(length: string): string {
  return `CASE WHEN ${length} <= ${pieceBytes} THEN payload END`;
}
