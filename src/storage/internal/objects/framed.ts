import { type ByteSource, isByteSource } from "../../../kernel/byte-source.ts";
import { encodeFrameHeader } from "../record-frame.ts";
import type { Payload, RecordMetadata } from "../../storage.ts";

/** A record as the bytes of one object: the line of metadata, then the payload. See internal/record-frame.ts. */
export function framed(metadata: RecordMetadata, payload: Payload): Payload {
  const header = encodeFrameHeader(metadata);
  if (!isByteSource(payload)) return [header, ...payload];
  return { size: header.byteLength + payload.size, chunks: () => headerFirst(header, payload) };
}

async function* headerFirst(header: Uint8Array, source: ByteSource): AsyncGenerator<Uint8Array, void> {
  // The chunks of a source belong to its reader.
  yield new Uint8Array(header);
  yield* source.chunks();
}
