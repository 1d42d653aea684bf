import { Postgres, type PostgresUse } from "../io/postgres.ts";
import type { PostgresServer } from "../io/postgres/target.ts";
import { resolveServer, serverConfiguration } from "../io/server-configuration.ts";
import { resolveReferences } from "../kernel/configuration.ts";
import { leaseLocks, type LockOptions } from "./lease-locks.ts";
import type { LockManager } from "./lock-manager.ts";
import { PostgresMedium } from "./postgres/medium.ts";

export type { PostgresUse } from "../io/postgres.ts";
export type {
  PostgresConfig,
  PostgresPool,
  PostgresPoolClient,
  PostgresQuery,
  PostgresResult,
  PostgresServer,
} from "../io/postgres/target.ts";

/** How {@link postgresLocks} use a database. */
export interface PostgresLocksOptions extends LockOptions, PostgresUse {
  /** The schema that the table is in. It is made by the first lock where it is not there. @default "oxbow" */
  readonly schema?: string | undefined;
  /**
   * Whether those who wait are woken (LISTEN and NOTIFY). It takes one more connection while somebody waits; a pool of one
   * connection gets none. Without it they look again at intervals: write `false` behind a pooler that hands out connections per
   * transaction, where nobody is woken.
   *
   * @default true
   */
  readonly listen?: boolean | undefined;
}

/**
 * Locks in PostgreSQL, among all machines that use the database. They go by the clock of the server. It needs the package `pg`.
 *
 * @param server a connection string, a configuration, or a pool of the package `pg`, which is never ended here
 * @throws {OxbowError} `OXBOW_DRIVER_MISSING` where the package `pg` is not installed
 * @throws {ConfigurationError} `OXBOW_OPTION_INVALID` where server or schema cannot be meant so; and as {@link leaseLocks} does
 *
 * @example
 * ```ts
 * import { postgresLocks } from "oxbow/locks/postgres";
 *
 * const locks = postgresLocks("postgres://oxbow:secret@db.example.com:5432/app");
 * ```
 */
export function postgresLocks(server: PostgresServer, options: PostgresLocksOptions = {}): LockManager {
  // A heartbeat that got lost on its way has to be noticed while there is time for another one.
  const who = "postgresLocks()";
  const { schema = "oxbow", listen = true, prepare, ...others } = resolveReferences(options, who);
  const postgres = new Postgres(resolveServer(server, who), { prepare }, 5000);
  const configuration = serverConfiguration("postgres", [server, options]);
  return leaseLocks(new PostgresMedium(postgres, schema, listen, configuration), others);
}
