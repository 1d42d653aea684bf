import { join, resolve } from "node:path";
import { type Awaitable, andThen } from "../kernel/awaitable.ts";
import type { Configuration } from "../kernel/configuration.ts";
import { type Durability, durabilityOf } from "./internal/durability.ts";
import { checkPayloadSize, sizeOf } from "./internal/record-checks.ts";
import { type ColumnValue, toRow } from "./internal/record-columns.ts";
import { BulkRemoval } from "./sqlite/bulk-removal.ts";
import { Database } from "./sqlite/database.ts";
import { checkSqlite } from "../io/sqlite/module.ts";
import { RowReader } from "./sqlite/records.ts";
import { Table } from "./sqlite/table.ts";
import { ValueFiles } from "./sqlite/value-files.ts";
import { ValueReader } from "./sqlite/value-reader.ts";
import type {
  ListOptions,
  Payload,
  PutOptions,
  RecentRecord,
  RecordIdentity,
  RecordMetadata,
  Storage,
  StoredRecord,
  ValueArea,
  ValueEntry,
} from "./storage.ts";

/** How {@link sqliteStorage} writes. */
export interface SqliteStorageOptions {
  /**
   * What a record that `put` has confirmed survives: the death of the process, or a loss of power too. With `"power"`
   * every `put` waits for the disk; those that are made at the same time wait together.
   *
   * @default "process"
   */
  readonly durability?: "process" | "power";
}

/*
 * DESIGN: one SQLite file for metadata and small payloads, files for large ones.
 *
 *   <folder>/records.db (and -wal, -shm)   sqlite/schema.ts, sqlite/database.ts
 *   <folder>/values/…                      payloads above 64 KiB: sqlite/value-files.ts
 *
 * What it promises: the contract of storage.ts among all processes and threads of this machine. The folder has to be
 * on a local disk: the write-ahead log needs shared memory.
 * What the caller must do: nothing; `close()` only so that the log is folded into the file.
 */

/**
 * The default storage: one SQLite file in a folder, and files for values above 64 KiB. It uses Node's own SQLite, so
 * there is nothing to install. The folder is made by the first write.
 *
 * @param folder where the records go; a relative path starts at the working directory of this moment
 * @throws {OxbowError} `OXBOW_DRIVER_MISSING` where this Node has no `node:sqlite`
 * @throws {ConfigurationError} `OXBOW_OPTION_UNKNOWN` or `OXBOW_OPTION_INVALID` for options that there are not
 *
 * @example
 * ```ts
 * const storage = sqliteStorage("./results");
 * ```
 */
export function sqliteStorage(folder: string, options: SqliteStorageOptions = {}): Storage {
  checkSqlite();
  const durability = durabilityOf(options, "sqliteStorage()");
  return new SqliteStorage(resolve(folder), durability, options);
}

class SqliteStorage implements Storage {
  readonly kind = "sqlite";
  readonly location: string;
  readonly capabilities = {
    persistent: true,
    putIfAbsent: true,
    atomicBatch: true,
    fencing: true,
    versions: true,
    streams: true,
    list: true,
  } as const;
  readonly values: ValueArea;
  readonly #database: Database;
  readonly #reader: RowReader;
  readonly #records: Table;
  readonly #removal: BulkRemoval;
  readonly #configuration: Configuration;

  constructor(folder: string, durability: Durability, options: SqliteStorageOptions) {
    this.location = folder;
    this.#configuration = { type: "sqlite", args: [folder, options] };
    const files = new ValueFiles(join(folder, "values"), durability === "power");
    this.#database = new Database(join(folder, "records.db"), durability, (connection) => files.clean(connection));
    this.#reader = new RowReader(this.#database, files);
    this.#records = new Table(this.#database, files, (statements) => statements.records);
    this.#removal = new BulkRemoval(this.#database, files, durability, text);
    const values = new Table(this.#database, files, (statements) => statements.values);
    this.values = new SqliteValues(new ValueReader(this.#database, files), values);
  }

  get configuration(): Configuration {
    return this.#configuration;
  }

  get(key: string): Awaitable<StoredRecord | undefined> {
    return this.#reader.get(key);
  }

  head(key: string): Awaitable<RecordMetadata | undefined> {
    return this.#reader.head(key);
  }

  put(metadata: RecordMetadata, payload: Payload, options?: PutOptions): Awaitable<boolean> {
    checkPayloadSize(metadata, payload);
    return this.#records.put(toRow(metadata, text), payload, options?.ifAbsent === true);
  }

  async putAll(records: ReadonlyArray<readonly [RecordMetadata, Payload]>): Promise<void> {
    for (const [metadata, payload] of records) checkPayloadSize(metadata, payload);
    await this.#records.putAll(records.map(([metadata, payload]) => [toRow(metadata, text), payload] as const));
  }

  delete(key: string): Awaitable<boolean> {
    return this.#records.delete(Buffer.from(key));
  }

  deleteAll(records: readonly RecordIdentity[]): Awaitable<readonly string[]> {
    return this.#removal.remove(records);
  }

  list(options: ListOptions = {}): AsyncIterable<RecordMetadata> {
    return this.#reader.list(options);
  }

  recent(taskName: string, before: number, limit: number): readonly RecentRecord[] {
    return this.#reader.recent(text(taskName), before, limit);
  }

  version(): string {
    return this.#database.version();
  }

  close(): Awaitable<void> {
    return andThen(this.#removal.close(), () => this.#database.close());
  }
}

class SqliteValues implements ValueArea {
  readonly #reader: ValueReader;
  readonly #table: Table;

  constructor(reader: ValueReader, table: Table) {
    this.#reader = reader;
    this.#table = table;
  }

  get(name: string): Awaitable<Uint8Array | undefined> {
    return this.#reader.get(name);
  }

  open(name: string): Awaitable<AsyncIterable<Uint8Array> | undefined> {
    return this.#reader.open(name);
  }

  list(prefix = ""): AsyncIterable<ValueEntry> {
    return this.#reader.list(prefix);
  }

  put(name: string, payload: Payload): Awaitable<void> {
    return andThen(this.#table.put([Buffer.from(name), sizeOf(payload)], payload, false), () => undefined);
  }

  delete(name: string): Awaitable<boolean> {
    return this.#table.delete(Buffer.from(name));
  }
}

/** Node 22 cuts a text at a NUL when it reads one; bytes it leaves alone. */
function text(value: string): ColumnValue {
  return value.includes("\0") ? Buffer.from(value) : value;
}
