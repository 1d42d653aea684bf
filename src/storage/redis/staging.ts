import { randomUUID } from "node:crypto";
import { isByteSource } from "../../kernel/byte-source.ts";
import { StorageError } from "../../kernel/errors.ts";
import { partsOf } from "../internal/parts.ts";
import { sizeOf } from "../internal/record-checks.ts";
import type { Payload } from "../storage.ts";
import type { RedisServer } from "./server.ts";

/** What a source has beyond is not taken into memory as a whole. */
const wholeSource = 4 * 1024 * 1024;
/** What is beyond is sent in parts; of a batch, all of its records together. */
export const longestCommand: number = 64 * 1024 * 1024;
const partBytes = 4 * 1024 * 1024;
/** What a process that died has left goes after so long; each part that is added begins it anew. */
const lifeMs = `${60 * 60 * 1000}`;

/** Whether a payload is sent in parts. */
export function isLong(payload: Payload): boolean {
  return sizeOf(payload) > (isByteSource(payload) ? wholeSource : longestCommand);
}

/** What stands under a temporary key, until it is renamed. */
export interface Staged {
  readonly key: string;
  /** How many bytes are there. */
  readonly size: number;
}

/**
 * Sends a long payload in parts to a temporary key.
 *
 * @param head what goes before it
 * @throws {StorageError} and leaves nothing behind
 */
export async function stage(server: RedisServer, head: Buffer, payload: Payload): Promise<Staged> {
  const key = `${server.prefix}t:${randomUUID()}`;
  let size = 0;
  const append = async (bytes: Buffer): Promise<void> => {
    const adding = server.send("write to", ["APPEND", key, bytes]);
    // Sent right behind it, so that a part never stands there for ever.
    const [length] = await Promise.all([adding, server.send("write to", ["PEXPIRE", key, lifeMs])]);
    size += bytes.byteLength;
    if (Number(length) !== size) throw lost(server);
  };
  try {
    await append(head);
    for await (const part of partsOf(payload, partBytes, server.location)) {
      await append(Buffer.from(part.buffer, part.byteOffset, part.byteLength));
    }
    return { key, size };
  } catch (error) {
    await unstage(server, [key]);
    throw error;
  }
}

/** Removes what was not published. Where that fails, it expires by itself. */
export async function unstage(server: RedisServer, keys: readonly string[]): Promise<void> {
  if (keys.length > 0) await server.send("write to", ["DEL", ...keys]).catch(() => undefined);
}

/** What was sent is not there any more. */
export function lost(server: RedisServer): StorageError {
  return new StorageError(`Cannot write to ${server.location}: it has lost a part of a value while that was sent`, {
    hint: "the server evicts keys when its memory is full (maxmemory-policy), or it was started anew",
  });
}
