/* What is known of bytes, and what is made sure of when they are read. */
import { checkedChunks } from "../hashing/checked-chunks.ts";
import { newHash, sha256 } from "../hashing/sha256.ts";
import { isByteSource } from "../kernel/byte-source.ts";
import { RecordError } from "../kernel/errors.ts";
import type { Payload, RecordMetadata } from "../storage/storage.ts";

/** The length of all chunks together. */
export function sizeOf(chunks: readonly Uint8Array[]): number {
  return chunks.reduce((size, chunk) => size + chunk.byteLength, 0);
}

/** The SHA-256 of all chunks together. */
export function digestOf(chunks: readonly Uint8Array[]): string {
  if (chunks.length === 1) return sha256(chunks[0]!);
  const hash = newHash();
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest("hex");
}

/** A serializer may hand out the caller's own buffers; what is kept for later must not change with them. */
export function copied(payload: Payload): Payload {
  return isByteSource(payload) ? payload : payload.map((chunk) => new Uint8Array(chunk));
}

/** @throws {RecordError} where the payload is not the one that the metadata describe */
export function checkPayload(metadata: RecordMetadata, payload: Uint8Array): void {
  if (payload.byteLength !== metadata.size) throw wrongSize(metadata, payload.byteLength);
  if (sha256(payload) !== metadata.sha256) throw wrongChecksum();
}

/** The same, piece by piece: a {@link RecordError} takes the place of the end. */
export function checkedPayload(
  metadata: RecordMetadata,
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void> {
  const { size, sha256: digest } = metadata;
  return checkedChunks(chunks, {
    size,
    sha256: digest,
    wrongSize: (found) => wrongSize(metadata, found),
    wrongChecksum,
  });
}

function wrongSize(metadata: RecordMetadata, size: number): RecordError {
  return new RecordError("OXBOW_RECORD_DAMAGED", `the record is damaged: ${size} bytes instead of ${metadata.size}`);
}

function wrongChecksum(): RecordError {
  return new RecordError("OXBOW_RECORD_DAMAGED", "the record is damaged: its checksum does not fit");
}
