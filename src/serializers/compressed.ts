import { andThen, type Awaitable } from "../kernel/awaitable.ts";
import { OxbowError } from "../kernel/errors.ts";
import type { Serializer } from "./serializer.ts";
import { unreadable } from "./internal/refusals.ts";

/** A compression of `node:zlib`. */
export type Compression = "brotli" | "gzip" | "zstd";

// Up to here compressing takes less time than handing the work to another thread and waiting for it.
const largestSync = 64 * 1024;
// What comes out of a small input may still be large, and would hold up everything else while it does.
const largestSyncOutput = 1024 * 1024;

/**
 * Compresses what another serializer writes. Payloads above 64 KiB are compressed on zlib's threads.
 *
 * @param inner the serializer whose bytes are compressed
 * @param compression `"brotli"` at quality 1 is the fastest of the three and compresses best at that speed;
 * `"gzip"` (level 1) can be read by other tools, `"zstd"` needs Node 22.15 or newer, and not 23.0 to 23.7
 * @throws {OxbowError} `OXBOW_DRIVER_MISSING` where this Node has no zstd
 */
export function compressed(inner: Serializer, compression: Compression): Serializer {
  const format = `${compression}(${inner.format})`;
  const codec = codecOf(compression);
  return {
    format,
    serialize: (value) => andThen(inner.serialize(value), (chunks) => andThen(pack(codec, chunks), (bytes) => [bytes])),
    deserialize: (bytes) => andThen(unpack(codec, bytes, format), (inside) => inner.deserialize(inside)),
  };
}

type Callback = (error: Error | null, bytes: Buffer) => void;

interface Codec {
  readonly packSync: (bytes: Uint8Array) => Buffer;
  readonly pack: (bytes: Uint8Array, done: Callback) => void;
  readonly unpackSync: (bytes: Uint8Array, limit: { readonly maxOutputLength: number }) => Buffer;
  readonly unpack: (bytes: Uint8Array, done: Callback) => void;
}

function codecOf(compression: Compression): Codec {
  const zlib = process.getBuiltinModule("node:zlib");
  switch (compression) {
    case "brotli": {
      const options = { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 1 } };
      return {
        packSync: (bytes) => zlib.brotliCompressSync(bytes, options),
        pack: (bytes, done) => zlib.brotliCompress(bytes, options, done),
        unpackSync: zlib.brotliDecompressSync,
        unpack: zlib.brotliDecompress,
      };
    }
    case "gzip": {
      const options = { level: 1 };
      return {
        packSync: (bytes) => zlib.gzipSync(bytes, options),
        pack: (bytes, done) => zlib.gzip(bytes, options, done),
        unpackSync: zlib.gunzipSync,
        unpack: zlib.gunzip,
      };
    }
    case "zstd": {
      if (typeof (zlib as Partial<typeof zlib>).zstdCompress !== "function") {
        throw new OxbowError("OXBOW_DRIVER_MISSING", `Node ${process.versions.node} has no zstd`, {
          hint: 'use Node 22.15 or newer (of 23: 23.8 or newer), or compressed(inner, "brotli")',
        });
      }
      return {
        packSync: (bytes) => zlib.zstdCompressSync(bytes),
        pack: (bytes, done) => zlib.zstdCompress(bytes, done),
        unpackSync: zlib.zstdDecompressSync,
        unpack: zlib.zstdDecompress,
      };
    }
  }
}

function pack(codec: Codec, chunks: readonly Uint8Array[]): Awaitable<Buffer> {
  const bytes = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
  return bytes.length <= largestSync ? codec.packSync(bytes) : onThread(codec.pack, bytes);
}

function unpack(codec: Codec, bytes: Uint8Array, format: string): Awaitable<Buffer> {
  if (bytes.length <= largestSync) {
    try {
      return codec.unpackSync(bytes, { maxOutputLength: largestSyncOutput });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ERR_BUFFER_TOO_LARGE") throw unreadable(format, error);
    }
  }
  return onThread(codec.unpack, bytes).catch((error: unknown) => {
    throw unreadable(format, error);
  });
}

function onThread(work: (bytes: Uint8Array, done: Callback) => void, bytes: Uint8Array): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    work(bytes, (error, result) => (error === null ? resolve(result) : reject(error)));
  });
}
