import { isByteSource } from "../../kernel/byte-source.ts";
import { chunksToWrite } from "./payload-source.ts";
import type { Payload } from "../storage.ts";

/** How many bytes a payload has, without reading it. */
export function lengthOf(payload: Payload): number {
  if (isByteSource(payload)) return payload.size;
  return payload.reduce((size, chunk) => size + chunk.byteLength, 0);
}

/**
 * The bytes of a payload in parts of one length, the last one shorter; nothing for a payload that has none. What lies within
 * one chunk is a view of that chunk and not copied; what has to be put together is, a part at a time. A part stays as it is.
 *
 * @param size of a part, in bytes; at least 1
 * @param where what they are written to, for errors
 * @throws {StorageError} where a source fails, or gives another number of bytes than it says it has
 */
export async function* partsOf(payload: Payload, size: number, where: string): AsyncGenerator<Uint8Array, void> {
  let left = lengthOf(payload);
  let part: Uint8Array | undefined;
  let filled = 0;
  for await (const chunk of chunksToWrite(payload, where)) {
    for (let at = 0; at < chunk.byteLength; ) {
      const want = Math.min(size, left);
      const piece = chunk.subarray(at, at + want - filled);
      at += piece.byteLength;
      if (piece.byteLength < want) {
        part ??= new Uint8Array(want);
        part.set(piece, filled);
        filled += piece.byteLength;
        if (filled < want) continue;
      }
      yield part ?? piece;
      left -= want;
      part = undefined;
      filled = 0;
    }
  }
}

/** All bytes of a small payload; see {@link partsOf}. */
export async function wholeOf(payload: Payload, where: string): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  // To the end: a source that gives more than it says is noticed there.
  for await (const part of partsOf(payload, Math.max(1, lengthOf(payload)), where)) parts.push(part);
  return parts[0] ?? new Uint8Array();
}
