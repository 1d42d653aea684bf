import { openRedis, type RedisClient, type RedisOptions } from "../io/redis.ts";
import { resolveServer, serverConfiguration } from "../io/server-configuration.ts";
import { resolveReferences } from "../kernel/configuration.ts";
import { type Duration, toMs } from "../kernel/duration.ts";
import { leaseLocks, type LockOptions } from "./lease-locks.ts";
import type { LockManager } from "./lock-manager.ts";
import { RedisMedium } from "./redis/medium.ts";

export type { RedisClient, RedisOptions } from "../io/redis.ts";

/** How {@link redisLocks} works. */
export interface RedisLocksOptions extends LockOptions {
  /** What the names of all keys and channels begin with. Those who shall share locks have the same. @default "oxbow:" */
  readonly prefix?: string | undefined;
  /** How long the server may take for an answer. @default "5s" */
  readonly commandTimeout?: Duration | undefined;
}

/*
 * DESIGN: locks in a Redis (6 or newer; Valkey, too), for processes on any number of machines.
 *
 * What it does: one script for each operation (redis/scripts.ts), so that acquiring and releasing a free lock are two commands, waking
 * those who wait for it included.
 * What it promises: the contract of lock-manager.ts, as long as the server keeps what it has confirmed. Expiry goes by the clock of the
 * server alone.
 * What Redis itself does not promise: it confirms a write before its replicas have it. Where a replica takes over that does not have it
 * yet, or a server comes back without its last second, a lock that is held can be granted once more. The same goes for a server that
 * evicts keys when its memory is full (`maxmemory-policy` other than `noeviction`). The new holder has the greater token, so storages
 * that judge tokens (`capabilities.fencing`) still refuse what the old one writes.
 * What the caller must do: let all who share locks use one server, or one Cluster, and one prefix; `close()` in the end.
 */

/**
 * Locks in a Redis, for processes on any number of machines. Needs the package `ioredis`, or a client of your own.
 *
 * @param server a URL (`redis://` or `rediss://`), options of `ioredis`, or a client, which is never closed here
 * @throws {OxbowError} `OXBOW_DRIVER_MISSING` where ioredis is needed and not installed
 * @throws {ConfigurationError} `OXBOW_OPTION_INVALID` where `server` is none of these
 *
 * @example
 * ```ts
 * import { redisLocks } from "oxbow/locks/redis";
 *
 * const locks = redisLocks("redis://localhost:6379");
 * ```
 */
export function redisLocks(server: string | RedisOptions | RedisClient, options: RedisLocksOptions = {}): LockManager {
  const who = "redisLocks()";
  const { prefix = "oxbow:", commandTimeout = "5s", ...others } = resolveReferences(options, who);
  const link = openRedis(resolveServer(server, who), who, toMs(commandTimeout, `${who}: commandTimeout`));
  return leaseLocks(new RedisMedium(link, prefix, serverConfiguration("redis", [server, options])), others);
}
