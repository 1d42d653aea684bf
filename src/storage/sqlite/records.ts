import { closeSync } from "node:fs";
import { type Awaitable, isPromise, quiet } from "../../kernel/awaitable.ts";
import { RecordError } from "../../kernel/errors.ts";
import { rangeOf, successor } from "../internal/key-range.ts";
import { checkedStream } from "../internal/checked-stream.ts";
import { filePieces, type OpenPayload, readChecked } from "../internal/read-checked.ts";
import { checkPayload, replacedRecord } from "../internal/record-checks.ts";
import { type ColumnValue, fromRow, metadataColumns } from "../internal/record-columns.ts";
import type { ListOptions, RecentRecord, RecordMetadata, StoredRecord } from "../storage.ts";
import type { Database } from "./database.ts";
import { inline } from "./inline.ts";
import { lostFile, type ValueFiles } from "./value-files.ts";

// Rows come without their key.
const fileColumn = metadataColumns.length - 1;
const payloadColumn = fileColumn + 1;
const rowsPerPage = 100;

/*
 * DESIGN: how rows are read.
 *
 * What it does: one look-up gives metadata and payload of a small record. The file of a large one is opened when the
 * payload is asked for, whole or in pieces.
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
      if (file !== null) return { metadata, version, ...this.#large(key, metadata, file) };
      const payload = (): Uint8Array => inline(row[payloadColumn], where);
      return {
        metadata,
        version,
        bytes: () => checkPayload(payload(), metadata, where),
        stream: () => checkedStream([payload()], metadata, where),
      };
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

  async *list({ prefix = "", after, onDamaged }: ListOptions): AsyncIterable<RecordMetadata> {
    const range = rangeOf(prefix, after);
    let { from } = range;
    // Page by page: a cursor that stays open would keep the log from starting over.
    for (;;) {
      const page = await this.#database.read(
        (connection) => connection?.statements.page(from, range.to, rowsPerPage) ?? [],
      );
      for (const row of page) {
        const metadata = this.#listed(row, onDamaged);
        if (metadata !== undefined) yield metadata;
      }
      if (page.length < rowsPerPage) return;
      from = successor(page.at(-1)![0] as Uint8Array);
    }
  }

  #where(key: string): string {
    return `${this.#database.path} (key "${key}")`;
  }

  #listed([id, ...row]: readonly unknown[], onDamaged: ListOptions["onDamaged"]): RecordMetadata | undefined {
    const key = Buffer.from(id as Uint8Array).toString();
    try {
      return fromRow(key, row, this.#where(key));
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
      onDamaged?.(key, error);
      return undefined;
    }
  }

  #large(key: string, metadata: RecordMetadata, file: unknown): Pick<StoredRecord, "bytes" | "stream"> {
    const where = this.#where(key);
    const open = (): Awaitable<OpenPayload> => this.#openFile(key, metadata, file);
    return {
      bytes: async () => {
        const opened = await open();
        return readChecked(opened.file, 0, metadata, where).finally(() => closeSync(opened.file));
      },
      stream: () => checkedStream(filePieces(open, where), metadata, where),
    };
  }

  #openFile(key: string, metadata: RecordMetadata, file: unknown): Awaitable<OpenPayload> {
    const opened = this.#files.open(file, metadata.size, this.#where(key));
    return opened ?? this.#openAgain(key, metadata, file);
  }

  async #openAgain(key: string, metadata: RecordMetadata, gone: unknown): Promise<OpenPayload> {
    const where = this.#where(key);
    const row = await this.#database.read((connection) => connection?.statements.records.find(Buffer.from(key)));
    const file = row?.[fileColumn];
    if (file === gone) throw lostFile(where, gone);
    if (row === undefined || fromRow(key, row, where).sha256 !== metadata.sha256) throw replacedRecord(where);
    const opened = this.#files.open(file, metadata.size, where);
    if (opened === undefined) throw replacedRecord(where);
    return opened;
  }
}

function recentOf(createdAt: unknown, components: unknown): RecentRecord {
  const text = typeof components === "string" ? components : Buffer.from(components as Uint8Array).toString();
  return { createdAt: Number(createdAt), components: JSON.parse(text) as Record<string, string> };
}
