import type { Hash } from "node:crypto";

// Loading node:crypto takes milliseconds, and a program that only defines tasks never hashes.
let crypto: typeof import("node:crypto") | undefined;
const load = (): typeof import("node:crypto") => (crypto ??= process.getBuiltinModule("node:crypto"));

/**
 * SHA-256 (FIPS 180-4), in 64 hexadecimal digits: of a text in UTF-8, or of the bytes that a view shows. Bytes are
 * not copied. In UTF-8 all lone surrogates are the same: escape them first, as `JSON.stringify` does.
 */
export function sha256(data: string | ArrayBufferView): string {
  return (crypto ?? load()).hash("sha256", data as string | NodeJS.ArrayBufferView, "hex");
}

/** A SHA-256 that takes its bytes one chunk after the other. */
export function newHash(): Hash {
  return load().createHash("sha256");
}
