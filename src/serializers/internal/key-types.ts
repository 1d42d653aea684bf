/**
 * A secret of 32 random bytes: as they are, or as text in base64 or hexadecimal digits. A text may name an environment
 * variable that holds it: `{{ env.CACHE_KEY }}`. `openssl rand -base64 32` makes one.
 */
export type SecretKey = Uint8Array | string;

/** One half of an Ed25519 key: PEM, base64 of DER, or a `KeyObject` of `node:crypto`. A text may name an environment variable. */
export type KeyHalf = string | { readonly type: string; readonly asymmetricKeyType?: string | undefined };
