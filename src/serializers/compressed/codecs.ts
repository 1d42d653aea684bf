import type { Transform } from "node:stream";
import type { BrotliOptions, ZlibOptions, ZstdOptions } from "node:zlib";
import { OxbowError } from "../../kernel/errors.ts";
import type { Compression } from "./compression.ts";
import { type FrameWatch, watchZstdFrame } from "./zstd-frame.ts";

/** What zlib's threads call when they are done. */
export type Callback = (error: Error | null, bytes: Buffer) => void;

/** A transform of `node:zlib`, which counts the bytes that it used. */
export type Engine = Transform & { readonly bytesWritten: number };

/** Everything that `node:zlib` has for one compression. */
export interface Codec {
  readonly packSync: (bytes: Uint8Array) => Buffer;
  readonly pack: (bytes: Uint8Array, done: Callback) => void;
  readonly packing: () => Engine;
  readonly unpackSync: (bytes: Uint8Array, limit: { readonly maxOutputLength: number }) => Buffer;
  readonly unpack: (bytes: Uint8Array, done: Callback) => void;
  readonly unpacking: () => Engine;
  /** Sees the end, where `node:zlib` does not notice that it is missing. */
  readonly watch?: () => FrameWatch;
}

/** Each piece of output is a turn: fewer of them than by default, and in no more memory than the input's pieces. */
const chunkSize = 64 * 1024;

/** @throws {OxbowError} `OXBOW_DRIVER_MISSING` where this Node has no zstd */
export function codecOf(compression: Compression): Codec {
  const zlib = process.getBuiltinModule("node:zlib");
  switch (compression) {
    case "brotli": {
      const options: BrotliOptions = { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 1 } };
      return {
        packSync: (bytes) => zlib.brotliCompressSync(bytes, options),
        pack: (bytes, done) => zlib.brotliCompress(bytes, options, done),
        packing: () => zlib.createBrotliCompress({ ...options, chunkSize }),
        unpackSync: zlib.brotliDecompressSync,
        unpack: zlib.brotliDecompress,
        unpacking: () => zlib.createBrotliDecompress({ chunkSize }),
      };
    }
    case "gzip": {
      const options: ZlibOptions = { level: 1 };
      return {
        packSync: (bytes) => zlib.gzipSync(bytes, options),
        pack: (bytes, done) => zlib.gzip(bytes, options, done),
        packing: () => zlib.createGzip({ ...options, chunkSize }),
        unpackSync: zlib.gunzipSync,
        unpack: zlib.gunzip,
        unpacking: () => zlib.createGunzip({ chunkSize }),
      };
    }
    case "zstd": {
      if (typeof (zlib as Partial<typeof zlib>).zstdCompress !== "function") {
        throw new OxbowError("OXBOW_DRIVER_MISSING", `Node ${process.versions.node} has no zstd`, {
          hint: 'use Node 22.15 or newer (of 23: 23.8 or newer), or compressed(inner, "brotli")',
        });
      }
      const options: ZstdOptions = { chunkSize };
      return {
        packSync: (bytes) => zlib.zstdCompressSync(bytes),
        pack: (bytes, done) => zlib.zstdCompress(bytes, done),
        packing: () => zlib.createZstdCompress(options),
        unpackSync: zlib.zstdDecompressSync,
        unpack: zlib.zstdDecompress,
        unpacking: () => zlib.createZstdDecompress(options),
        watch: watchZstdFrame,
      };
    }
  }
}
