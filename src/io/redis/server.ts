/** A client that the caller made: one of `ioredis` (its `Cluster`, too), of `redis` (node-redis), or what has one of their methods. */
export type RedisClient =
  | { call(command: string, ...args: string[]): Promise<unknown> }
  | { sendCommand(args: string[]): Promise<unknown> };

/** Text, or bytes as they are. */
export type RedisArgument = string | Buffer;

/** Where a Redis is: options of `ioredis`; those that it has beside these are passed on, too. */
export interface RedisOptions {
  /** @default "127.0.0.1" */
  readonly host?: string | undefined;
  /** @default 6379 */
  readonly port?: number | undefined;
  /** A Unix socket, in place of host and port. */
  readonly path?: string | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** The number of the database. @default 0 */
  readonly db?: number | undefined;
  /** Options of `tls.connect`; `{}` for the usual ones. @default no TLS */
  readonly tls?: object | undefined;
  /** The Sentinels to ask for the server; `name` is that of their group. @default none */
  readonly sentinels?: ReadonlyArray<{ readonly host?: string; readonly port?: number }> | null | undefined;
  readonly name?: string | undefined;
  readonly sentinelUsername?: string | undefined;
  readonly sentinelPassword?: string | undefined;
  /** What `CLIENT LIST` shows. */
  readonly connectionName?: string | undefined;
}
