import { checkedChunks } from "../../hashing/checked-chunks.ts";
import type { RecordMetadata } from "../storage.ts";
import { badChecksum, badSize } from "./record-checks.ts";

/** No piece of a stream is longer, however much is read at a time. */
const longestPiece = 1024 * 1024;

/** The same bytes, cut where a piece is too long. */
export async function* cut(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.byteLength; at += longestPiece) yield chunk.subarray(at, at + longestPiece);
  }
}

/**
 * A payload on its way out, held against length and checksum as it passes.
 *
 * @throws {RecordError} in place of the end, where it is not the one that the metadata describe
 */
export function checkedStream(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  { size, sha256 }: RecordMetadata,
  where: string,
): AsyncGenerator<Uint8Array, void> {
  return checkedChunks(chunks, {
    size,
    sha256,
    wrongSize: (found) => badSize(found, size, where),
    wrongChecksum: () => badChecksum(where),
  });
}

/**
 * All bytes of a stream in memory, once.
 *
 * @param size how many there are
 * @throws {RecordError} where there are more or fewer
 */
export async function filled(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  size: number,
  where: string,
): Promise<Uint8Array> {
  let bytes: Uint8Array | undefined;
  let at = 0;
  for await (const chunk of chunks) {
    // Not before something has come: a size may be damaged, too.
    bytes ??= new Uint8Array(size);
    if (at + chunk.byteLength > size) throw badSize(at + chunk.byteLength, size, where);
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  if (at !== size) throw badSize(at, size, where);
  return bytes ?? new Uint8Array(0);
}
