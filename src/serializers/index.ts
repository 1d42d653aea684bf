import { compressed as compressedWith, type Compression } from "./compressed.ts";
import { json } from "./json.ts";
import type { Serializer } from "./serializer.ts";

export { json } from "./json.ts";
export { signed, type SigningKeys } from "./signed.ts";
export { structured } from "./structured.ts";
export { encrypted } from "./encrypted.ts";
export { registerSerializer, serializerFor, type SerializerFactory } from "./registry.ts";
export type { Compression } from "./compressed.ts";
export type { KeyHalf, SecretKey } from "./internal/key-types.ts";
export type { Seal, Serializer, StreamCodec } from "./serializer.ts";
export { SerializationError } from "../kernel/errors.ts";

/**
 * Compresses what another serializer writes, streams included. Payloads above 64 KiB are compressed on zlib's threads.
 *
 * @param inner the serializer whose bytes are compressed @default json()
 * @param compression `"brotli"` at quality 1 is fastest, and at that speed compresses best; `"gzip"` (level 1) can be
 * read by other tools; `"zstd"` needs Node 22.15 or newer (of 23: 23.8 or newer) @default "brotli"
 * @throws {OxbowError} `OXBOW_DRIVER_MISSING` where this Node has no zstd
 * @example
 * ```ts
 * const report = task("report", { resultSerializer: compressed(json(), "gzip") }, buildReport);
 * ```
 */
export function compressed(inner: Serializer = json(), compression: Compression = "brotli"): Serializer {
  return compressedWith(inner, compression);
}
