import { ConfigurationError } from "../kernel/errors.ts";
import { bounded, unanswered } from "./redis/bounded.ts";
import { type Channels, SharedChannels } from "./redis/channels.ts";
import { checkIoredis } from "./redis/ioredis.ts";
import { clientListener, ownListener } from "./redis/listeners.ts";
import { locationOfClient, locationOfOptions, locationOfUrl } from "./redis/location.ts";
import { OwnConnection } from "./redis/own-connection.ts";
import type { RedisArgument, RedisClient, RedisOptions } from "./redis/server.ts";

export type { RedisArgument, RedisClient, RedisOptions } from "./redis/server.ts";

/*
 * DESIGN: what all drivers that talk to a Redis have in common: a connection for commands, one more for channels where any is listened to.
 *
 * What it does: connects with `ioredis`, an optional peer dependency that is loaded by the first command, or uses the client that it was
 * given. Connects again when the connection is needed and gone.
 * What it promises: an answer or an error within the time limit, whatever the server does. What cannot be sent within it is never sent;
 * an answer that comes later goes to `whenLate`. A command is sent once: of one whose connection breaks, nobody knows whether it was
 * carried out. An idle connection does not keep the process alive. A client of the caller is never closed.
 * What the caller must do: turn the plain errors of this file into its own; close it.
 */

/** A connection to a Redis. */
export interface RedisLink {
  /** For people: a URL without credentials. */
  readonly location: string;
  /**
   * Sends a command and gives the answer.
   *
   * @param whenLate is called with an answer that comes after the time limit; the promise has been rejected by then
   */
  command(args: readonly string[], whenLate?: (reply: unknown) => void): Promise<unknown>;
  /**
   * The same with bytes in both directions: strings of the answer are `Buffer`s. Commands that are sent one after the other without
   * waiting are carried out in this order. Absent where a client of the caller knows only text.
   *
   * @param timeoutMs @default the time limit of the link
   */
  bytes?(args: readonly RedisArgument[], timeoutMs?: number): Promise<unknown>;
  /** What the client puts before every key by itself; it does not so in the patterns of SCAN. */
  readonly keyPrefix: string;
  /** Absent where a client of the caller cannot be duplicated. */
  readonly channels?: Channels | undefined;
  /** Closes what was opened here. It may be used again: it opens itself. */
  close(): Promise<void>;
}

/**
 * A link to a Redis; connects when it is first used.
 *
 * @param server a URL (`redis://` or `rediss://`), options of ioredis, or a client of the caller's own
 * @param who whose connection it is, for errors: `redisLocks()`
 * @param timeoutMs the time limit of each command, in milliseconds
 * @throws {OxbowError} `OXBOW_DRIVER_MISSING` where ioredis is needed and not installed
 * @throws {ConfigurationError} `OXBOW_OPTION_INVALID` where `server` is none of these
 */
export function openRedis(server: string | RedisOptions | RedisClient, who: string, timeoutMs: number): RedisLink {
  if (isClient(server)) return linkOverClient(server, timeoutMs);
  if (typeof server !== "string" && (typeof server !== "object" || server === null)) {
    throw new ConfigurationError("OXBOW_OPTION_INVALID", `${who}: ${String(server)} is no server`, {
      hint: 'give it "redis://host:6379", { host, port } or a client',
    });
  }
  const location = typeof server === "string" ? locationOfUrl(server, who) : locationOfOptions(server);
  checkIoredis(who);
  const connection = new OwnConnection(server, location, timeoutMs);
  const channels = new SharedChannels((ears) => ownListener(server, ears), location, timeoutMs);
  return {
    location,
    channels,
    keyPrefix: typeof server === "string" ? "" : keyPrefixIn(server),
    command: (args, whenLate) => connection.command(args, { whenLate }),
    bytes: (args, timeout) => connection.command(args, { timeoutMs: timeout, inBytes: true }),
    async close() {
      channels.close();
      await connection.close();
    },
  };
}

function linkOverClient(client: RedisClient, timeoutMs: number): RedisLink {
  const location = locationOfClient(client);
  const send = async ([name, ...args]: readonly string[]): Promise<unknown> =>
    "call" in client ? client.call(name!, ...args) : client.sendCommand([name!, ...args]);
  const overdue = (): Error => unanswered(location, timeoutMs);
  const sendBytes = bytesOver(client);
  const listener = clientListener(client);
  const channels = listener && new SharedChannels(listener, location, timeoutMs);
  return {
    location,
    channels,
    keyPrefix: keyPrefixIn((client as { readonly options?: unknown }).options),
    command: (args, whenLate) => bounded(send(args), timeoutMs, { overdue, whenLate }),
    ...(sendBytes && {
      bytes: (args, limitMs = timeoutMs) =>
        bounded(sendBytes(args), limitMs, { overdue: () => unanswered(location, limitMs) }),
    }),
    close: async () => channels?.close(),
  };
}

/** Bytes in and out: by `callBuffer` of ioredis; with node-redis by an option, whose name was changed in version 5. */
function bytesOver(client: RedisClient): ((args: readonly RedisArgument[]) => Promise<unknown>) | undefined {
  const { callBuffer, sendCommand } = client as unknown as Record<string, unknown>;
  if (typeof callBuffer === "function") {
    // The arguments as an array: a batch may have more of them than a function can have.
    return async ([name, ...args]) => Reflect.apply(callBuffer, client, [name, args]) as unknown;
  }
  if (typeof sendCommand !== "function" || "call" in client) return undefined;
  const options = { returnBuffers: true, typeMapping: { [bulkString]: Buffer } };
  return async (args) => Reflect.apply(sendCommand, client, [args, options]) as unknown;
}

/** `$`, by which the protocol begins a string of bytes. */
const bulkString = 36;

function keyPrefixIn(options: unknown): string {
  const { keyPrefix } = (options ?? {}) as { readonly keyPrefix?: unknown };
  return typeof keyPrefix === "string" || Buffer.isBuffer(keyPrefix) ? keyPrefix.toString() : "";
}

function isClient(server: string | RedisOptions | RedisClient): server is RedisClient {
  if (typeof server !== "object" || server === null) return false;
  return ["call", "sendCommand"].some((name) => typeof (server as Record<string, unknown>)[name] === "function");
}
