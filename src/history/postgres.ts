import { Postgres, type PostgresUse } from "../io/postgres.ts";
import { Schema } from "../io/postgres/schema.ts";
import type { PostgresServer } from "../io/postgres/target.ts";
import { resolveServer } from "../io/server-configuration.ts";
import { resolveReferences } from "../kernel/configuration.ts";
import { SqlRunStore } from "./internal/run-store.ts";
import { historyTables, PostgresMedium } from "./postgres/medium.ts";
import type { RunStore } from "./run-store.ts";

export type { PostgresUse } from "../io/postgres.ts";

/** How {@link postgresRunStore} uses a database. */
export interface PostgresRunStoreOptions extends PostgresUse {
  /** The schema that the tables are in. It is made by the first write where it is not there. @default "oxbow" */
  readonly schema?: string | undefined;
}

/**
 * The history in PostgreSQL, for several machines that share it. It needs the package `pg`.
 *
 * @param server a connection string, a configuration, or a pool of the package `pg`: that one is never ended here
 * @throws {OxbowError} `OXBOW_DRIVER_MISSING` where the package `pg` is not installed
 * @throws {ConfigurationError} `OXBOW_OPTION_INVALID` where server or schema cannot be meant so
 */
export function postgresRunStore(server: PostgresServer, options: PostgresRunStoreOptions = {}): RunStore {
  const who = "postgresRunStore()";
  const { schema = "oxbow", ...use } = resolveReferences(options, who);
  const postgres = new Postgres(resolveServer(server, who), use);
  return new SqlRunStore(new PostgresMedium(postgres, schema, new Schema(postgres, schema, historyTables)));
}
