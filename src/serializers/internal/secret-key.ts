import type { KeyObject } from "node:crypto";
import { resolveReferences } from "../../kernel/configuration.ts";
import { ConfigurationError } from "../../kernel/errors.ts";
import { bytesOfKeyText } from "../../kernel/key-text.ts";
import type { SecretKey } from "./key-types.ts";

/** A secret that nothing shows, and the name by which bytes say that they need it. */
export interface KnownKey {
  /** 16 hexadecimal digits, from which nobody learns the key. */
  readonly id: string;
  readonly secret: KeyObject;
}

const size = 32;
const crypto = (): typeof import("node:crypto") => process.getBuiltinModule("node:crypto");

/**
 * @param use what the key is for: the same key has other ids for other uses
 * @param who whose option it is, for the error: `encrypted()`
 * @throws {ConfigurationError} `OXBOW_OPTION_INVALID`; it never shows what it was given
 */
export function secretKey(key: SecretKey, use: string, who: string): KnownKey {
  const bytes = typeof key === "string" ? bytesOfKeyText(resolveReferences(key, who).trim()) : key;
  if (!(bytes instanceof Uint8Array) || bytes.byteLength !== size) {
    throw new ConfigurationError("OXBOW_OPTION_INVALID", `${who} needs a key of ${size} bytes, and ${found(key)}`, {
      hint: 'openssl rand -base64 32 makes one; pass its text, or "{{ env.NAME }}" for a variable that holds it',
    });
  }
  return { id: keyId(use, bytes), secret: crypto().createSecretKey(bytes) };
}

/** A name for a key: the first 16 digits of a SHA-256 of it and its use. */
export function keyId(use: string, key: Uint8Array): string {
  return crypto().createHash("sha256").update(`oxbow key id, ${use}\n`).update(key).digest("hex").slice(0, 16);
}

function found(key: unknown): string {
  if (key instanceof Uint8Array) return `got ${key.byteLength}`;
  if (typeof key === "string") return "the text is neither base64 nor hexadecimal digits of that many";
  return `got ${key === null ? "null" : typeof key}`;
}
