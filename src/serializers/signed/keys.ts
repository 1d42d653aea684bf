import type { KeyObject } from "node:crypto";
import { resolveReferences } from "../../kernel/configuration.ts";
import { ConfigurationError } from "../../kernel/errors.ts";
import type { KeyHalf, SecretKey } from "../internal/key-types.ts";
import { keyId, secretKey } from "../internal/secret-key.ts";

const crypto = (): typeof import("node:crypto") => process.getBuiltinModule("node:crypto");

/** A key that tells whether a signature fits. */
export interface Verifier {
  readonly algorithm: "hs256" | "ed25519";
  /** 16 hexadecimal digits, by which a signature names it. */
  readonly id: string;
  fits(statement: Uint8Array, signature: Buffer): boolean;
}

/** A key that signs. */
export interface Signer extends Verifier {
  sign(statement: Uint8Array): Buffer;
}

/** HMAC-SHA-256 (RFC 2104, FIPS 180-4): who can verify can sign. */
export function secretSigner(key: SecretKey): Signer {
  const { id, secret } = secretKey(key, "signatures", "signed()");
  const sign = (statement: Uint8Array): Buffer =>
    crypto().createHmac("sha256", secret).update("oxbow signature 1\n").update(statement).digest();
  return {
    algorithm: "hs256",
    id,
    sign,
    fits(statement, signature) {
      const expected = sign(statement);
      return signature.length === expected.length && crypto().timingSafeEqual(signature, expected);
    },
  };
}

/** Ed25519 (RFC 8032): who has the private key signs. */
export function privateSigner(key: KeyHalf): Signer {
  const secret = keyObject(key, "privateKey", "private");
  return {
    ...verifierOf(crypto().createPublicKey(secret)),
    sign: (statement) => crypto().sign(null, statement, secret),
  };
}

/** Ed25519: who has the public key can verify, and no more. */
export function publicVerifier(key: KeyHalf): Verifier {
  return verifierOf(keyObject(key, "publicKeys", "public"));
}

function verifierOf(key: KeyObject): Verifier {
  return {
    algorithm: "ed25519",
    id: keyId("signatures", key.export({ type: "spki", format: "der" })),
    fits: (statement, signature) => crypto().verify(null, statement, key, signature),
  };
}

function keyObject(key: KeyHalf, option: string, type: "private" | "public"): KeyObject {
  const found = typeof key === "string" ? parsed(resolveReferences(key, "signed()").trim(), type) : key;
  if (found instanceof crypto().KeyObject && found.type === type && found.asymmetricKeyType === "ed25519") return found;
  throw new ConfigurationError("OXBOW_OPTION_INVALID", `signed(): ${option} needs the ${type} half of an Ed25519 key`, {
    hint: "as PEM, as base64 of DER, or as a KeyObject; openssl genpkey -algorithm ed25519 makes one",
  });
}

/** A key in PEM, whose line ends may have become `\n` on the way through an environment variable, or in DER. */
function parsed(text: string, type: "private" | "public"): KeyObject | undefined {
  const isPem = text.startsWith("-----BEGIN ");
  // Node takes a private key for its public half without a word.
  if (isPem && text.includes("PRIVATE KEY") !== (type === "private")) return undefined;
  const key = isPem ? text.replaceAll("\\n", "\n") : Buffer.from(text, "base64");
  const format = isPem ? "pem" : "der";
  try {
    return type === "private"
      ? crypto().createPrivateKey({ key, format, type: "pkcs8" })
      : crypto().createPublicKey({ key, format, type: "spki" });
  } catch {
    return undefined;
  }
}
