import { ConfigurationError, SerializationError } from "../kernel/errors.ts";
import { checkOptionNames } from "../kernel/option-names.ts";
import type { KeyHalf, SecretKey } from "./internal/key-types.ts";
import type { Seal, Serializer } from "./serializer.ts";
import { privateSigner, publicVerifier, secretSigner, type Signer, type Verifier } from "./signed/keys.ts";

/*
 * DESIGN. Bytes pass through as they are; what is signed is the record, by whoever stores it: see `Seal` in serializer.ts. The
 * signature is text, `<algorithm>:<key id>:<base64url>`. The format says `signed(json)` and no more, so that anybody can
 * read such a record who does not ask for signatures. Who asks is the serializer of the reader, never that of the record:
 * otherwise a record could say of itself that it needs none.
 */

/** The keys of {@link signed}. At least one is needed; the first that can sign does, and all are trusted. */
export interface SigningKeys {
  /** A secret of 32 bytes that all share who write or read: HMAC-SHA-256. */
  readonly key?: SecretKey | undefined;
  /** Several of them, in place of `key`: the first signs. @default [] */
  readonly keys?: readonly SecretKey[] | undefined;
  /** Signs with Ed25519 (in DER: PKCS #8). It goes before `key` and `keys`. */
  readonly privateKey?: KeyHalf | undefined;
  /** Whose Ed25519 signatures are trusted, beside those of `privateKey` (in DER: SPKI). @default [] */
  readonly publicKeys?: readonly KeyHalf[] | undefined;
}

/**
 * Signs what is stored, and uses nothing that was not signed by somebody trusted. The signature covers the whole record: its
 * value, its key, its expiry, where it came from.
 *
 * @param inner the serializer whose bytes are signed, which stay as they are
 * @param keys a secret that all share, or {@link SigningKeys}. With `publicKeys` alone nothing can be written.
 * @throws {ConfigurationError} `OXBOW_OPTION_INVALID` for a key that is none, which is not shown, and where `inner` signs already
 */
export function signed(inner: Serializer, keys: SecretKey | SigningKeys): Serializer {
  if (inner.seal) {
    throw new ConfigurationError("OXBOW_OPTION_INVALID", `signed() around ${inner.format}, which signs already`, {
      hint: "a record has one signature: leave one of them out, and give the other all keys",
    });
  }
  const { key, keys: more = [], privateKey, publicKeys = [] } = isKey(keys) ? { key: keys } : checked(keys);
  const signers = [
    ...(privateKey === undefined ? [] : [privateSigner(privateKey)]),
    ...[...(key === undefined ? [] : [key]), ...more].map(secretSigner),
  ];
  const trusted = [...signers, ...publicKeys.map(publicVerifier)];
  if (trusted.length === 0) {
    throw new ConfigurationError("OXBOW_OPTION_INVALID", "signed() needs a key, and was given none", {
      hint: "pass a secret, or { privateKey } to sign and { publicKeys } to verify",
    });
  }
  return signedBy(inner, signers[0], trusted);
}

/** What a format names: it reads, but has no key; whoever asks it for a signature is refused. */
export function signedByNobody(inner: Serializer): Serializer {
  return signedBy(inner, undefined, []);
}

function signedBy(inner: Serializer, signer: Signer | undefined, trusted: readonly Verifier[]): Serializer {
  const format = `signed(${inner.format})`;
  return {
    format,
    serialize: (value) => inner.serialize(value),
    deserialize: (bytes) => inner.deserialize(bytes),
    ...(inner.streams && { streams: inner.streams }),
    seal: sealOf(format, signer, new Map(trusted.map((key) => [`${key.algorithm}:${key.id}`, key]))),
  };
}

function sealOf(format: string, signer: Signer | undefined, trusted: ReadonlyMap<string, Verifier>): Seal {
  return {
    sign(statement) {
      if (signer) return `${signer.algorithm}:${signer.id}:${signer.sign(statement).toString("base64url")}`;
      const reason = `${format} has no key to sign with here: it only reads`;
      throw new SerializationError("OXBOW_RESULT_UNSERIALIZABLE", "result", `Cannot store result: ${reason}`, {
        hint: 'set caching.mode to "read-only" where nothing is to be written, or pass { privateKey } or a secret',
      });
    },
    whyRefused(statement, signature) {
      if (signature === undefined) return "it is not signed";
      const [, name, id, text] = /^((?:hs256|ed25519):([0-9a-f]{16})):([\w-]+)$/.exec(signature) ?? [];
      if (name === undefined) return "its signature is not of a kind that this release knows";
      const key = trusted.get(name);
      if (!key) return `it was signed with a key that is not trusted here (id ${id})`;
      const bytes = Buffer.from(text!, "base64url");
      const fits = bytes.toString("base64url") === text && key.fits(statement, bytes);
      return fits ? undefined : "its signature does not fit: it was changed after it was written";
    },
  };
}

function isKey(keys: SecretKey | SigningKeys): keys is SecretKey {
  return typeof keys !== "object" || keys === null || keys instanceof Uint8Array;
}

function checked(keys: SigningKeys): SigningKeys {
  checkOptionNames(keys, ["key", "keys", "privateKey", "publicKeys"], "signed()");
  if (keys.key === undefined || keys.keys === undefined) return keys;
  throw new ConfigurationError("OXBOW_OPTION_INVALID", "signed() was given both key and keys", {
    hint: "put all of them into keys: the first one signs, all are trusted",
  });
}
