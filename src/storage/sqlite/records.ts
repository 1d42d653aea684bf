import { closeSync } from "node:fs";
import { andThen, type Awaitable, isPromise, quiet } from "../../kernel/awaitable.ts";
import { RecordError } from "../../kernel/errors.ts";
import { diskFailure } from "../../io/disk-failure.ts";
import { readAsync } from "../../io/disk-files.ts";
import { rangeOf, successor } from "../internal/key-range.ts";
import { readChecked } from "../internal/read-checked.ts";
import { badSize, checkPayload, damagedRecord, replacedRecord } from "../internal/record-checks.ts";
import { type ColumnValue, fromRow, metadataColumns } from "../internal/record-columns.ts";
import type { ListOptions, RecentRecord, RecordMetadata, StoredRecord } from "../storage.ts";
import type { Database } from "./database.ts";
import type { ValueFiles } from "./value-files.ts";

// Rows come without their key.
const fileColumn = metadataColumns.length - 1;
const payloadColumn = fileColumn + 1;
const rowsPerPage = 100;
const nothing: Uint8Array = new Uint8Array(0);

/*
 * DESIGN: how rows are read.
 *
 * What it does: one look-up gives metadata and payload of a small record. The file of a large one is opened when the
 * payload is asked for.
 * What it promises: a value file that has gone because its record was replaced meanwhile is looked up once more;
 * where the record is another one by now, that is a RecordError, never a payload with the metadata of another.
 */
export class RowReader {
  readonly #database: Database;
  readonly #files: ValueFiles;

  constructor(database: Database, files: ValueFiles) {
    this.#database = database;
    this.#files = files;
  }

  get(key: string): Awaitable<StoredRecord | undefined> {
    const id = Buffer.from(key);
    return this.#database.read((connection) => {
      const version = connection?.knownVersion();
      const row = connection?.statements.records.find(id);
      if (row === undefined) return undefined;
      const where = this.#where(key);
      const metadata = fromRow(key, row, where);
      const file = row[fileColumn];
      if (file !== null) return { metadata, version, bytes: () => this.#readFile(key, metadata, file) };
      return { metadata, version, bytes: () => checkPayload(inline(row[payloadColumn], where), metadata, where) };
    });
  }

  head(key: string): Awaitable<RecordMetadata | undefined> {
    const id = Buffer.from(key);
    return this.#database.read((connection) => {
      const row = connection?.statements.head(id);
      return row && fromRow(key, row, this.#where(key));
    });
  }

  /** @param taskName as it is stored */
  recent(taskName: ColumnValue, before: number, limit: number): readonly RecentRecord[] {
    try {
      const found = quiet(
        this.#database.read((connection) => connection?.statements.recent(taskName, before, limit) ?? []),
      );
      // A database that is busy is not waited for: it is an explanation and no more.
      return isPromise(found) ? [] : found.map(([createdAt, components]) => recentOf(createdAt, components));
    } catch {
      return [];
    }
  }

  async *list({ prefix = "", after }: ListOptions): AsyncIterable<RecordMetadata> {
    const range = rangeOf(prefix, after);
    let { from } = range;
    // Page by page: a cursor that stays open would keep the log from starting over.
    for (;;) {
      const page = await this.#database.read(
        (connection) => connection?.statements.page(from, range.to, rowsPerPage) ?? [],
      );
      for (const row of page) {
        const metadata = this.#listed(row);
        if (metadata !== undefined) yield metadata;
      }
      if (page.length < rowsPerPage) return;
      from = successor(page.at(-1)![0] as Uint8Array);
    }
  }

  getValue(name: string): Awaitable<Uint8Array | undefined> {
    return this.#getValue(name, false);
  }

  #getValue(name: string, isSecondTry: boolean): Awaitable<Uint8Array | undefined> {
    const where = this.#where(name);
    const found = this.#database.read((connection) => connection?.statements.values.find(Buffer.from(name)));
    return andThen(found, (row) => {
      if (row === undefined) return undefined;
      const size = Number(row[0]);
      if (row[1] === null) return sized(inline(row[2], where), size, where);
      const opened = this.#files.open(row[1], size, where);
      if (opened !== undefined) return this.#readValue(opened, size, where);
      if (isSecondTry) throw damagedRecord(where, `has lost its file values/${row[1] as string}`);
      return this.#getValue(name, true);
    });
  }

  async #readValue(opened: number, size: number, where: string): Promise<Uint8Array> {
    try {
      return await readAsync(opened, 0, size);
    } catch (error) {
      throw diskFailure("read", where, error);
    } finally {
      closeSync(opened);
    }
  }

  #where(key: string): string {
    return `${this.#database.path} (key "${key}")`;
  }

  #listed([id, ...row]: readonly unknown[]): RecordMetadata | undefined {
    const key = Buffer.from(id as Uint8Array).toString();
    try {
      return fromRow(key, row, this.#where(key));
    } catch (error) {
      if (error instanceof RecordError) return undefined;
      throw error;
    }
  }

  async #readFile(key: string, metadata: RecordMetadata, file: unknown): Promise<Uint8Array> {
    const where = this.#where(key);
    const opened = this.#files.open(file, metadata.size, where);
    if (opened === undefined) return this.#readAgain(key, metadata, file);
    try {
      return await readChecked(opened, 0, metadata, where);
    } finally {
      closeSync(opened);
    }
  }

  async #readAgain(key: string, metadata: RecordMetadata, gone: unknown): Promise<Uint8Array> {
    const where = this.#where(key);
    const row = await this.#database.read((connection) => connection?.statements.records.find(Buffer.from(key)));
    const file = row?.[fileColumn];
    if (file === gone) throw damagedRecord(where, `has lost its file values/${gone as string}`);
    if (row === undefined || fromRow(key, row, where).sha256 !== metadata.sha256) throw replacedRecord(where);
    const opened = this.#files.open(file, metadata.size, where);
    if (opened === undefined) throw replacedRecord(where);
    return readChecked(opened, 0, metadata, where).finally(() => closeSync(opened));
  }
}

function recentOf(createdAt: unknown, components: unknown): RecentRecord {
  const text = typeof components === "string" ? components : Buffer.from(components as Uint8Array).toString();
  return { createdAt: Number(createdAt), components: JSON.parse(text) as Record<string, string> };
}

function inline(payload: unknown, where: string): Uint8Array {
  // An empty payload comes back as NULL.
  if (payload === null) return nothing;
  if (payload instanceof Uint8Array) return payload;
  throw damagedRecord(where, "has a payload that is not bytes");
}

function sized(bytes: Uint8Array, size: number, where: string): Uint8Array {
  if (bytes.byteLength !== size) throw badSize(bytes.byteLength, size, where);
  return bytes;
}
