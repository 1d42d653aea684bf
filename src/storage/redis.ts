import { openRedis, type RedisClient, type RedisOptions } from "../io/redis.ts";
import { resolveServer, serverConfiguration } from "../io/server-configuration.ts";
import { type Configuration, discreet, resolveReferences } from "../kernel/configuration.ts";
import { type Duration, toMs } from "../kernel/duration.ts";
import { ConfigurationError } from "../kernel/errors.ts";
import { checkOptionNames } from "../kernel/option-names.ts";
import { listRecords } from "./redis/listing.ts";
import { RecordReader } from "./redis/record-reader.ts";
import { type NewRecord, RecordWriter } from "./redis/record-writer.ts";
import { RedisServer } from "./redis/server.ts";
import { RedisValues } from "./redis/value-area.ts";
import type { ListOptions, Payload, PutOptions, RecordMetadata, Storage, StoredRecord, ValueArea } from "./storage.ts";

export type { RedisClient, RedisOptions } from "../io/redis.ts";

/** How {@link redisStorage} uses a server. */
export interface RedisStorageOptions {
  /** What the names of all keys begin with. Those who shall share records have the same. @default "oxbow:" */
  readonly prefix?: string | undefined;
  /** How long the server may take for an answer; for each 32 MiB that a command carries, so long again. @default "10s" */
  readonly timeout?: Duration | undefined;
}

/*
 * DESIGN: records in a Redis (6 or newer; Valkey, too).
 *
 *   <prefix>r:<key>    a record: line of metadata and payload (internal/record-frame.ts)   redis/record-reader.ts, redis/record-writer.ts
 *   <prefix>v:<name>   a value without metadata                                            redis/value-area.ts
 *   <prefix>t:<id>     what is being sent in parts; expires after an hour                  redis/staging.ts
 *
 * What it does: a hit is one command, and so is a write. Records expire by the clock of the server: one whose time is past is not there.
 * What it promises: the contract of storage.ts among all who use the server, as long as that keeps what it has confirmed. It confirms a
 * write before its replicas have it, and before it is on disk; a server that evicts keys takes any record for a cache entry. A record
 * that is gone is a miss.
 * What the caller must do: let all who share records use one server and one prefix, no Redis Cluster; `close()` in the end, which the
 * process does not wait for.
 */

/**
 * Keeps records in a Redis, for several machines that share them. Needs the package `ioredis`, or a client of your own. Values have up
 * to 512 MB. Records with an expiry are removed by the server.
 *
 * @param server a URL (`redis://` or `rediss://`), options of `ioredis`, or a client of `ioredis` or `redis`, which is never closed here
 * @throws {OxbowError} `OXBOW_DRIVER_MISSING` where ioredis is needed and not installed
 * @throws {ConfigurationError} `OXBOW_OPTION_INVALID` where `server` is none of these, or is a Redis Cluster
 *
 * @example
 * ```ts
 * import { redisStorage } from "oxbow/storage/redis";
 *
 * const storage = redisStorage("redis://localhost:6379");
 * ```
 */
export function redisStorage(server: string | RedisOptions | RedisClient, options: RedisStorageOptions = {}): Storage {
  const who = "redisStorage()";
  checkOptionNames(options, ["prefix", "timeout"], who);
  checkNoCluster(server);
  const { prefix = "oxbow:", timeout = "10s" } = resolveReferences(options, who);
  const timeoutMs = toMs(timeout, `${who}: timeout`);
  const link = openRedis(resolveServer(server, who), who, timeoutMs);
  return new RedisStorage(new RedisServer(link, prefix, timeoutMs), serverConfiguration("redis", [server, options]));
}

function checkNoCluster(server: unknown): void {
  const { isCluster } = (server ?? {}) as { readonly isCluster?: unknown };
  if (isCluster !== true) return;
  throw new ConfigurationError("OXBOW_OPTION_INVALID", "redisStorage(): Redis Cluster is not supported", {
    hint: "take one server, with replicas and Sentinel where it has to be highly available",
  });
}

class RedisStorage implements Storage {
  readonly kind = "redis";
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
  readonly #server: RedisServer;
  readonly #reader: RecordReader;
  readonly #writer: RecordWriter;
  readonly #configuration: Configuration | undefined;

  constructor(server: RedisServer, configuration: Configuration | undefined) {
    this.location = server.location;
    this.values = new RedisValues(server);
    this.#configuration = discreet(configuration);
    this.#server = server;
    this.#reader = new RecordReader(server);
    this.#writer = new RecordWriter(server);
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

  async delete(key: string): Promise<boolean> {
    return Number(await this.#server.send("write to", ["DEL", this.#reader.nameOf(key)])) === 1;
  }

  list(options: ListOptions = {}): AsyncIterable<RecordMetadata> {
    return listRecords(this.#server, this.#reader, options);
  }

  close(): Promise<void> {
    return this.#server.close();
  }
}
