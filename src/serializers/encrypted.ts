import { andThen } from "../kernel/awaitable.ts";
import { ConfigurationError, SerializationError } from "../kernel/errors.ts";
import { addKey, keyOf } from "./encrypted/key-ring.ts";
import { Opener, Sealer } from "./encrypted/segments.ts";
import { isOfStream, withInnermost } from "./internal/format.ts";
import { unreadable } from "./internal/refusals.ts";
import type { SecretKey } from "./internal/key-types.ts";
import type { KnownKey } from "./internal/secret-key.ts";
import type { Serializer, StreamCodec } from "./serializer.ts";

/*
 * DESIGN. AES-256-GCM around what another serializer writes; the bytes are described in encrypted/segments.ts. The format
 * names the key by an id, and the bytes do: reading needs the key to have been given to some `encrypted()` of this process.
 *
 * The format is authenticated, without the id (whose key is): who can write to the storage cannot have the bytes of one
 * serializer read by another. For streams, whose kind is not known when they are written, it stands as `gzip(*)`.
 */

/**
 * Encrypts what another serializer writes, streams included: AES-256-GCM, with a key of its own for each payload. Who reads
 * the storage learns the length of results, and what the metadata say. Who writes to it cannot change a result unnoticed, but
 * can put an older one in its place, one of another cache key, or one that is not encrypted; `signed()` around it refuses
 * the last two.
 *
 * @param inner the serializer whose bytes are encrypted; compress inside, not outside
 * @param keys a key of 32 bytes, or several: the first one writes, all read
 * @throws {ConfigurationError} `OXBOW_OPTION_INVALID` for a key that is none; it is not shown
 */
export function encrypted(inner: Serializer, keys: SecretKey | readonly SecretKey[]): Serializer {
  const [key] = (isList(keys) ? keys : [keys]).map(addKey);
  if (!key) throw new ConfigurationError("OXBOW_OPTION_INVALID", "encrypted() needs a key, and its list has none");
  return encryptedWith(inner, key);
}

/**
 * Reads what was written with the key of this id, and writes with it.
 *
 * @throws {SerializationError} `OXBOW_RESULT_UNREADABLE` where no `encrypted()` was given that key
 */
export function encryptedById(inner: Serializer, id: string | undefined): Serializer {
  if (id !== undefined) return encryptedWith(inner, keyOf(id));
  throw new SerializationError("OXBOW_RESULT_UNREADABLE", "", `The format encrypted(${inner.format}) names no key`, {
    hint: "a record names it: encrypted:<id>(json); to write, make encrypted(json(), key) and use that",
  });
}

function isList(keys: SecretKey | readonly SecretKey[]): keys is readonly SecretKey[] {
  return Array.isArray(keys);
}

function encryptedWith(inner: Serializer, key: KnownKey): Serializer {
  const format = `encrypted:${key.id}(${inner.format})`;
  const ofStreams = withInnermost(`encrypted(${inner.format})`, "*");
  const ofValues = isOfStream(format) ? ofStreams : `encrypted(${inner.format})`;
  return {
    format,
    serialize: (value) => andThen(inner.serialize(value), (chunks) => seal(key, ofValues, chunks)),
    deserialize: (bytes) => andThen(open(ofValues, bytes, format), (inside) => inner.deserialize(inside)),
    ...(inner.streams && { streams: around(inner.streams, key, ofStreams, format) }),
    ...(inner.seal && { seal: inner.seal }),
  };
}

function seal(key: KnownKey, label: string, chunks: readonly Uint8Array[]): readonly Uint8Array[] {
  const sealer = new Sealer(key, label);
  return [sealer.head, ...chunks.flatMap((chunk) => [...sealer.push(chunk)]), sealer.end()];
}

function open(label: string, bytes: Uint8Array, format: string): Uint8Array {
  try {
    const opener = new Opener(keyOf, label);
    const plain = [...opener.push(bytes), opener.end()];
    return plain.length === 1 ? plain[0]! : Buffer.concat(plain);
  } catch (error) {
    throw unreadable(format, error);
  }
}

function around(inner: StreamCodec, key: KnownKey, label: string, format: string): StreamCodec {
  return {
    encode: (chunks) => sealed(inner.encode(chunks), key, label),
    decode: (chunks) => inner.decode(opened(chunks, label, format)),
  };
}

async function* sealed(chunks: AsyncIterable<Uint8Array>, key: KnownKey, label: string): AsyncGenerator<Uint8Array> {
  const sealer = new Sealer(key, label);
  yield sealer.head;
  for await (const chunk of chunks) yield* sealer.push(chunk);
  yield sealer.end();
}

async function* opened(chunks: AsyncIterable<Uint8Array>, label: string, format: string): AsyncGenerator<Uint8Array> {
  const opener = new Opener(keyOf, label);
  const refusing = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw unreadable(format, error);
    }
  };
  for await (const chunk of chunks) {
    const plain = opener.push(chunk);
    for (let next = refusing(() => plain.next()); !next.done; next = refusing(() => plain.next())) yield next.value;
  }
  yield refusing(() => opener.end());
}
