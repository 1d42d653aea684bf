import type { Schema } from "../../io/postgres/schema.ts";
import { StorageError } from "../../kernel/errors.ts";
import type { ValueArea } from "../storage.ts";
import { PayloadTable, payloadUpTo } from "./payload-table.ts";
import { insertOf, replacing, rowOf } from "./rows.ts";

const columns = ["key_head", "key_digest", "key_tail", "payload"];
// The server counts the writings of a row.
const writing = "xmin::text";
const found = `${payloadUpTo("octet_length(payload)")}, ${writing}`;
const attempts = 5;

/** Values without metadata. */
export class ValueTable implements ValueArea {
  readonly #schema: Schema;
  readonly #table: PayloadTable;
  readonly #upsert: string;

  constructor(schema: Schema) {
    this.#schema = schema;
    this.#table = new PayloadTable(schema, "plain_values");
    this.#upsert = insertOf(`${schema.quoted}.plain_values`, columns, 1, replacing(columns, undefined));
  }

  async get(name: string): Promise<Uint8Array | undefined> {
    // A long value that is replaced while it is read is read again.
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      const row = await this.#table.find(name, found);
      if (row === undefined) return undefined;
      const bytes = (row[0] as Uint8Array | null) ?? (await this.#table.readPieces(name, writing, row[1]));
      if (bytes !== undefined) return bytes;
    }
    throw new StorageError(
      `Cannot read ${this.#schema.location}: the value ${JSON.stringify(name)} was replaced ${attempts} times while it was read`,
    );
  }

  async put(name: string, payload: readonly Uint8Array[]): Promise<void> {
    const { values, bytes } = rowOf(name, [], payload);
    await this.#schema.query({
      text: this.#upsert,
      values,
      bytes,
      action: "write to",
      isRepeatable: true,
      isFixed: true,
    });
  }

  delete(name: string): Promise<boolean> {
    return this.#table.delete(name);
  }
}
