import { createHash } from "node:crypto";
import type { ByteSource } from "../../src/kernel/byte-source.ts";
import type { RecordMetadata } from "../../src/storage/storage.ts";
import { metadataFor } from "../../src/testing/storage-checks/check.ts";

const chunkBytes = 100_000;

/** Bytes that are not in memory as a whole, in chunks of 100 kB; no two chunks are alike. */
export function newSource(size: number, seed = 1): ByteSource {
  return {
    size,
    async *chunks() {
      for (let at = 0; at < size; at += chunkBytes) {
        const chunk = new Uint8Array(Math.min(chunkBytes, size - at)).fill(seed);
        new DataView(chunk.buffer).setUint8(0, (at / chunkBytes) & 0xff);
        if (chunk.byteLength > 8) new DataView(chunk.buffer).setFloat64(0, at + seed);
        yield chunk;
      }
    },
  };
}

/** SHA-256 and length of all chunks together. */
export async function sumOf(
  chunks: AsyncIterable<Uint8Array>,
): Promise<{ readonly size: number; readonly sha256: string }> {
  const hash = createHash("sha256");
  let size = 0;
  for await (const chunk of chunks) {
    hash.update(chunk);
    size += chunk.byteLength;
  }
  return { size, sha256: hash.digest("hex") };
}

/** A record whose payload is a source. */
export async function newStreamed(
  key: string,
  size: number,
  { seed = 1, ...more }: Partial<RecordMetadata> & { readonly seed?: number } = {},
): Promise<[RecordMetadata, ByteSource]> {
  const source = newSource(size, seed);
  return [{ ...metadataFor(key, ""), ...(await sumOf(source.chunks())), ...more }, source];
}

/** The greatest memory of this process while something is done, beyond what it had before, in MiB. */
export async function peakOf(work: () => Promise<unknown>): Promise<number> {
  globalThis.gc?.();
  const before = process.memoryUsage.rss();
  let peak = before;
  const timer = setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), 5);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
  return (Math.max(peak, process.memoryUsage.rss()) - before) / 1024 / 1024;
}
