import type { RedisArgument, RedisLink } from "../../io/redis.ts";
import { runScript, type Script } from "../../io/redis/script.ts";
import { ConfigurationError, StorageError } from "../../kernel/errors.ts";
import { redisFailure } from "./failure.ts";

/** Beyond so many bytes a command gets its time once more for each of them. */
const timedBytes = 32 * 1024 * 1024;
/** Redis has room for so much in a string. */
export const longestValue: number = 512 * 1024 * 1024;

/** What is done, as in "Cannot <action> redis://…". */
export type Action = "read" | "write to" | "list";

/** The server as the storage uses it: commands with bytes, scripts, and what goes wrong in words. */
export class RedisServer {
  /** The place, for people: with the prefix in it where that is not the usual one. */
  readonly location: string;
  /** What the names of all keys begin with in the server. */
  readonly prefix: string;
  readonly #link: RedisLink;
  readonly #send: NonNullable<RedisLink["bytes"]>;
  readonly #timeoutMs: number;

  /** @throws {ConfigurationError} `OXBOW_OPTION_INVALID` for a client that knows only text */
  constructor(link: RedisLink, prefix: string, timeoutMs: number) {
    const { bytes, keyPrefix, location } = link;
    if (bytes === undefined) throw noBytes();
    this.location = keyPrefix + prefix === "oxbow:" ? location : `${location} (prefix ${keyPrefix}${prefix})`;
    this.prefix = prefix;
    this.#link = link;
    this.#send = bytes;
    this.#timeoutMs = timeoutMs;
  }

  /** What the client puts before every key, but for those of SCAN. */
  get keyPrefix(): string {
    return this.#link.keyPrefix;
  }

  /** @param bytes how much it carries, there or back */
  async send(action: Action, args: readonly RedisArgument[], bytes = 0): Promise<unknown> {
    try {
      return await this.#send(args, this.#timeFor(bytes));
    } catch (error) {
      throw this.failure(action, error);
    }
  }

  /** A command whose failure the caller wants to see as it is; {@link failure} makes the rest of it. */
  sendPlainly(args: readonly RedisArgument[], bytes = 0): Promise<unknown> {
    return this.#send(args, this.#timeFor(bytes));
  }

  /** Runs a script. */
  async run(script: Script, keys: readonly string[], args: readonly RedisArgument[], bytes = 0): Promise<unknown> {
    try {
      const send = (all: RedisArgument[]): Promise<unknown> => this.#send(all, this.#timeFor(bytes));
      return await runScript<RedisArgument>(script, send, [`${keys.length}`, ...keys, ...args]);
    } catch (error) {
      throw this.failure("write to", error);
    }
  }

  /** A part of a string; nothing where there is none. */
  range(key: string, from: number, length: number): Promise<Buffer> {
    // Without a function that waits: it is most of a hit.
    return this.#send(["GETRANGE", key, `${from}`, `${from + length - 1}`]).then(this.#asBytes, this.#unread);
  }

  readonly #unread = (error: unknown): never => {
    throw this.failure("read", error);
  };

  readonly #asBytes = (found: unknown): Buffer => {
    if (Buffer.isBuffer(found)) return found;
    throw new StorageError(`Cannot read ${this.location}: its client gives text where it was asked for bytes`, {
      hint: "pass a client of the package ioredis or redis, or a URL",
    });
  };

  failure(action: Action, error: unknown): Error {
    return redisFailure(action, this.location, error);
  }

  /** @throws {StorageError} for what Redis has no room for: before anything is sent */
  checkLength(key: string, bytes: number): void {
    if (bytes <= longestValue) return;
    throw new StorageError(
      `The value for the key ${JSON.stringify(key)} has ${bytes} bytes with its metadata, Redis has room for ${longestValue}`,
      { hint: "keep values of that size in files or in an object store, and here only what describes them" },
    );
  }

  close(): Promise<void> {
    return this.#link.close();
  }

  #timeFor(bytes: number): number {
    return this.#timeoutMs * (1 + Math.floor(bytes / timedBytes));
  }
}

function noBytes(): ConfigurationError {
  return new ConfigurationError("OXBOW_OPTION_INVALID", "redisStorage(): the client knows only text", {
    hint: "pass a client of the package ioredis (`callBuffer`) or redis (`sendCommand`), or a URL",
  });
}
