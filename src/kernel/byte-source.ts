/**
 * Bytes that can be read several times, and need not be in memory: a spooled stream, a file. Its length is known before
 * it is read.
 */
export interface ByteSource {
  /** In bytes: what all chunks come to together. */
  readonly size: number;
  /** The bytes from the beginning, each time. The chunks belong to the reader. */
  chunks(): AsyncIterable<Uint8Array>;
}

/** Whether bytes come from a source, not as a list of chunks. */
export function isByteSource(payload: readonly Uint8Array[] | ByteSource): payload is ByteSource {
  return "chunks" in payload;
}

/** The chunks of either, one after the other. */
export async function* chunksOf(payload: readonly Uint8Array[] | ByteSource): AsyncGenerator<Uint8Array, void> {
  yield* isByteSource(payload) ? payload.chunks() : payload;
}

/** All bytes of a source in memory: for who cannot take them one by one. */
export async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return all.length === 1 ? all[0]! : new Uint8Array(Buffer.concat(all));
}
