import { andThen, type Awaitable } from "../kernel/awaitable.ts";
import { type Callback, type Codec, codecOf } from "./compressed/codecs.ts";
import type { Compression } from "./compressed/compression.ts";
import { through } from "./compressed/through.ts";
import type { Serializer, StreamCodec } from "./serializer.ts";
import { gathered } from "./internal/chunks.ts";
import { unreadable } from "./internal/refusals.ts";

export type { Compression } from "./compressed/compression.ts";

// Up to here compressing takes less time than handing the work to another thread and waiting for it.
const largestSync = 64 * 1024;
// What comes out of a small input may still be large, and would hold up everything else while it does.
const largestSyncOutput = 1024 * 1024;
// Smaller pieces of a stream are put together: each costs a turn on a thread.
const leastPiece = 32 * 1024;

/**
 * Compresses what another serializer writes, streams included. Payloads above 64 KiB are compressed on zlib's threads.
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
    ...(inner.streams && { streams: around(inner.streams, codec, format) }),
    ...(inner.seal && { seal: inner.seal }),
  };
}

function around(inner: StreamCodec, codec: Codec, format: string): StreamCodec {
  const fault = (reason: unknown): Error => unreadable(format, reason);
  return {
    encode: (chunks) => through(codec.packing, gathered(inner.encode(chunks), leastPiece), fault),
    decode: (chunks) => inner.decode(through(codec.unpacking, gathered(chunks, leastPiece), fault, codec.watch?.())),
  };
}

function pack(codec: Codec, chunks: readonly Uint8Array[]): Awaitable<Buffer> {
  const bytes = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
  return bytes.length <= largestSync ? codec.packSync(bytes) : onThread(codec.pack, bytes);
}

function unpack(codec: Codec, bytes: Uint8Array, format: string): Awaitable<Buffer> {
  if (codec.watch?.()(bytes) === false) throw unreadable(format, "it is cut off");
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
