import { Postgres, type PostgresUse } from "../io/postgres.ts";
import { Schema } from "../io/postgres/schema.ts";
import type { PostgresServer } from "../io/postgres/target.ts";
import { resolveServer, serverConfiguration } from "../io/server-configuration.ts";
import { type Configuration, discreet, resolveReferences } from "../kernel/configuration.ts";
import { ChunkSets } from "./postgres/chunk-sets.ts";
import { PayloadTable } from "./postgres/payload-table.ts";
import { RecordReader } from "./postgres/record-reader.ts";
import { removeWritings } from "./postgres/record-removal.ts";
import { type NewRecord, RecordWriter } from "./postgres/record-writer.ts";
import { storageTables } from "./postgres/tables.ts";
import { ValueTable } from "./postgres/value-table.ts";
import type {
  ListOptions,
  Payload,
  PutOptions,
  RecordIdentity,
  RecordMetadata,
  Storage,
  StoredRecord,
  ValueArea,
} from "./storage.ts";

export type { PostgresUse } from "../io/postgres.ts";
export type {
  PostgresConfig,
  PostgresPool,
  PostgresPoolClient,
  PostgresQuery,
  PostgresResult,
  PostgresServer,
} from "../io/postgres/target.ts";

/** How {@link postgresStorage} uses a database. */
export interface PostgresStorageOptions extends PostgresUse {
  /** The schema that the tables are in. It is made by the first write where it is not there. @default "oxbow" */
  readonly schema?: string | undefined;
}

/*
 * DESIGN: a record as a row.
 *
 *   <schema>.records         metadata as columns, the payload as bytes   postgres/record-reader.ts, postgres/record-writer.ts
 *   <schema>.plain_values    values without metadata                     postgres/value-table.ts
 *   <schema>.payload_sets,   payloads of both that came as streams
 *   <schema>.payload_chunks  and are long                                postgres/chunk-sets.ts
 *   <schema>.oxbow_versions  which version the tables have               io/postgres/schema.ts
 *
 * What it promises: the contract of storage.ts among all who use the database. A hit is one statement, and so is a write.
 * What the caller must do: nothing; `close()` only so that connections are ended. They do not keep the process from ending.
 */

/**
 * Keeps records in PostgreSQL, for several machines that share them. It needs the package `pg`. Values have up to 1 GB, streams may be
 * longer; they are not compressed, as a serializer can do that.
 *
 * @param server a connection string, a configuration, or a pool of the package `pg`: that one is never ended here, and with several
 * storages and lock managers it saves connections
 * @throws {OxbowError} `OXBOW_DRIVER_MISSING` where the package `pg` is not installed
 * @throws {ConfigurationError} `OXBOW_OPTION_INVALID` where server or schema cannot be meant so
 *
 * @example
 * ```ts
 * import { postgresStorage } from "oxbow/storage/postgres";
 *
 * const storage = postgresStorage("postgres://oxbow:secret@db.example.com:5432/app");
 * ```
 */
export function postgresStorage(server: PostgresServer, options: PostgresStorageOptions = {}): Storage {
  const who = "postgresStorage()";
  const { schema = "oxbow", ...use } = resolveReferences(options, who);
  const postgres = new Postgres(resolveServer(server, who), use);
  const configuration = serverConfiguration("postgres", [server, options]);
  return new PostgresStorage(postgres, new Schema(postgres, schema, storageTables), configuration);
}

class PostgresStorage implements Storage {
  readonly kind = "postgres";
  readonly location: string;
  readonly capabilities = {
    persistent: true,
    putIfAbsent: true,
    atomicBatch: true,
    fencing: true,
    versions: false,
    streams: true,
    list: true,
  } as const;
  readonly values: ValueArea;
  readonly #postgres: Postgres;
  readonly #schema: Schema;
  readonly #table: PayloadTable;
  readonly #reader: RecordReader;
  readonly #writer: RecordWriter;
  readonly #configuration: Configuration | undefined;

  constructor(postgres: Postgres, schema: Schema, configuration: Configuration | undefined) {
    const sets = new ChunkSets(schema);
    this.location = schema.location;
    this.values = new ValueTable(schema, sets);
    this.#configuration = discreet(configuration);
    this.#postgres = postgres;
    this.#schema = schema;
    this.#table = new PayloadTable(schema, "records");
    this.#reader = new RecordReader(schema, this.#table, sets);
    this.#writer = new RecordWriter(schema, sets);
  }

  get configuration(): Configuration | undefined {
    return this.#configuration;
  }

  get(key: string): Promise<StoredRecord | undefined> {
    return this.#reader.get(key);
  }

  head(key: string): Promise<RecordMetadata | undefined> {
    return this.#reader.head(key);
  }

  put(metadata: RecordMetadata, payload: Payload, options?: PutOptions): Promise<boolean> {
    return this.#writer.put([metadata, payload], options?.ifAbsent === true);
  }

  putAll(records: readonly NewRecord[]): Promise<void> {
    return this.#writer.putAll(records);
  }

  delete(key: string): Promise<boolean> {
    return this.#table.delete(key);
  }

  deleteAll(records: readonly RecordIdentity[]): Promise<readonly string[]> {
    return removeWritings(this.#schema, records);
  }

  list(options: ListOptions = {}): AsyncIterable<RecordMetadata> {
    return this.#reader.list(options);
  }

  close(): Promise<void> {
    return this.#postgres.close();
  }
}
