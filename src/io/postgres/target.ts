import type * as pg from "pg";
import { ConfigurationError } from "../../kernel/errors.ts";
import { loadPg } from "./module.ts";

/** Where the database is, in the words of the package `pg`, which gets all other options of its own as well. */
export interface PostgresConfig {
  /** `postgres://user:password@host:5432/database`; its parts go before the options of the same meaning. */
  readonly connectionString?: string | undefined;
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly database?: string | undefined;
  readonly user?: string | undefined;
  readonly password?: string | (() => string | Promise<string>) | undefined;
  readonly ssl?: boolean | object | undefined;
  readonly application_name?: string | undefined;
  readonly options?: string | undefined;
  readonly keepAlive?: boolean | undefined;
  /** How many connections at most. @default 10 */
  readonly max?: number | undefined;
  /** A connection that has been idle for so long is closed, in milliseconds. @default 10,000 */
  readonly idleTimeoutMillis?: number | null | undefined;
  /** How long connecting may take, in milliseconds. @default 5000 */
  readonly connectionTimeoutMillis?: number | undefined;
  /** How long a statement may take, in milliseconds. @default 30,000; for locks 5000 */
  readonly query_timeout?: number | undefined;
}

/** A `Pool` of the package `pg`, as far as it is used here. */
export interface PostgresPool {
  connect(): Promise<PostgresPoolClient>;
  readonly options?: PostgresConfig | undefined;
}

/** A connection that was taken out of a {@link PostgresPool}. */
export interface PostgresPoolClient {
  query(statement: PostgresQuery): Promise<PostgresResult>;
  release(isBad?: boolean): void;
}

/** A `Client` of the package `pg` that is not connected yet, as far as it is used here. */
export interface PostgresClient {
  on(event: "notification", listener: (message: { readonly payload?: string | undefined }) => void): unknown;
  on(event: "error" | "end", listener: () => void): unknown;
  connect(): Promise<unknown>;
  query(statement: { readonly text: string; readonly query_timeout: number }): Promise<unknown>;
  end(): Promise<void>;
  /** Lets the process end while it is connected. */
  unref?(): void;
}

/** What a {@link PostgresPoolClient} is asked. */
export interface PostgresQuery {
  readonly text: string;
  readonly values: readonly unknown[] | undefined;
  readonly name: string | undefined;
  readonly rowMode: "array";
  readonly types: object;
  readonly query_timeout: number;
}

/** What a statement has answered: rows as arrays. */
export interface PostgresResult {
  readonly rows: ReadonlyArray<readonly unknown[]>;
  readonly rowCount: number | null;
  /** What the columns are called. */
  readonly fields?: ReadonlyArray<{ readonly name: string }> | undefined;
}

/** A connection string, the configuration of a pool, or a pool of the user's own, which is never ended here. */
export type PostgresServer = string | PostgresConfig | PostgresPool;

/** What {@link targetOf} makes of a {@link PostgresServer}. */
export interface Target {
  /** `postgres://host:port/database`, without credentials. */
  readonly location: string;
  /** How many connections at most. */
  readonly max: number;
  /** How long a statement may take, in milliseconds. */
  readonly queryTimeoutMs: number;
  /** Whether the pool waits without end where it is full, or cannot connect. */
  readonly isPoolPatient: boolean;
  /** The pool; one of ours is made at each call. */
  openPool(): PostgresPool;
  /** Ends a pool of ours; leaves one of the user's alone. */
  closePool(pool: PostgresPool): Promise<void>;
  /** Makes a connection beside the pool. Absent where there is none to be had. */
  readonly newClient: (() => PostgresClient) | undefined;
}

const defaults = { max: 10, connectionTimeoutMillis: 5000 };

/**
 * Finds out what was passed for a server.
 *
 * @param queryTimeoutMs how long a statement may take where the server does not say
 * @throws {ConfigurationError} `OXBOW_OPTION_INVALID` where it is none of these
 * @throws {OxbowError} `OXBOW_DRIVER_MISSING` where the package `pg` is not installed
 */
export function targetOf(server: PostgresServer, queryTimeoutMs: number): Target {
  if (typeof server === "string" && server !== "") return ourTarget({ connectionString: server }, queryTimeoutMs);
  if (typeof server !== "object" || server === null) throw noServer(server);
  return "connect" in server && typeof server.connect === "function"
    ? theirTarget(server, queryTimeoutMs)
    : ourTarget(server as PostgresConfig, queryTimeoutMs);
}

function ourTarget(given: PostgresConfig, queryTimeoutMs: number): Target {
  const { Client, Pool } = loadPg();
  const config: pg.PoolConfig = {
    ...defaults,
    keepAlive: true,
    fallback_application_name: "oxbow",
    // A connection that nobody uses does not keep the process from ending.
    allowExitOnIdle: true,
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
  };
  return {
    location: locationOf(Client, config),
    max: config.max || defaults.max,
    queryTimeoutMs: config.query_timeout || queryTimeoutMs,
    isPoolPatient: !config.connectionTimeoutMillis,
    openPool: () => withoutCrash(new Pool(config)),
    closePool: (pool) => (pool as pg.Pool).end(),
    newClient: () => new Client(config),
  };
}

function theirTarget(pool: PostgresPool, queryTimeoutMs: number): Target {
  const { max, connectionTimeoutMillis, query_timeout, password } = pool.options ?? {};
  const Client = (pool as { readonly Client?: typeof pg.Client }).Client;
  // The password is not enumerable there.
  const config = { ...pool.options, password, connectionTimeoutMillis: connectionTimeoutMillis || 5000 };
  withoutCrash(pool as pg.Pool);
  return {
    location: Client === undefined ? `postgres:// (pool ${(unknown += 1)})` : locationOf(Client, config),
    max: max || defaults.max,
    queryTimeoutMs: query_timeout || queryTimeoutMs,
    isPoolPatient: !connectionTimeoutMillis,
    openPool: () => pool,
    closePool: () => Promise.resolve(),
    // Whoever allows one connection does not want a second one.
    newClient: Client === undefined || max === 1 ? undefined : () => new Client(config),
  };
}

let unknown = 0;
const calmed = new WeakSet<object>();
const ignore = (): void => undefined;

/**
 * A connection that breaks is an event of the pool while it is idle, else of the client, besides failing what it is used for; and
 * an event that nobody listens to ends the process. Of the client it may be one as soon as it has connected, before anybody
 * has been handed it.
 */
function withoutCrash(pool: pg.Pool): pg.Pool {
  if (calmed.has(pool) || typeof pool.on !== "function") return pool;
  calmed.add(pool);
  pool.on("error", ignore);
  pool.on("acquire", (client) => {
    if (!calmed.has(client)) client.on("error", ignore);
    calmed.add(client);
  });
  return pool;
}

function locationOf(Client: typeof pg.Client, config: pg.ClientConfig): string {
  const { host, port, database } = parsed(Client, config);
  const place = host.startsWith("/") ? encodeURIComponent(host) : host.includes(":") ? `[${host}]` : host;
  return `postgres://${place}:${port}/${encodeURIComponent(database ?? "")}`;
}

/** A client knows what follows from connection string, options and environment; making one connects nothing. */
function parsed(Client: typeof pg.Client, config: pg.ClientConfig): pg.Client {
  try {
    return new Client(config);
  } catch (error) {
    // Neither its message nor itself: they hold the string, and that a password.
    throw new ConfigurationError(
      "OXBOW_OPTION_INVALID",
      `The connection of PostgreSQL cannot be understood (${(error as Error).name})`,
      { hint: 'write "postgres://user:password@host:5432/database", special characters of the password as %23 for #' },
    );
  }
}

function noServer(server: unknown): ConfigurationError {
  const found = server === "" ? "an empty string" : server === null ? "null" : `of type ${typeof server}`;
  return new ConfigurationError("OXBOW_OPTION_INVALID", `The server of PostgreSQL is ${found}`, {
    hint: "pass a connection string, a configuration or a pool of the package pg; a variable of the environment may not be set",
  });
}
