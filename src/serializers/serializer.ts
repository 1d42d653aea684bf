import type { Awaitable } from "../kernel/awaitable.ts";

/**
 * Turns values into bytes and back.
 *
 * What an implementation promises:
 * - **Round trip or refusal.** `deserialize(serialize(v))` is deeply equal to `v`, with the same types, for every
 *   value that `serialize` accepts. Whatever it cannot keep it refuses, naming the path. It never drops a part.
 * - **No aliasing.** What `deserialize` returns may look into the bytes that it was given (the caller gives them
 *   away), but never at anything that the serializer keeps.
 * - **Self-contained.** `deserialize` needs nothing but the bytes and the format name that `serialize` wrote.
 */
export interface Serializer {
  /** The name that records carry, for example `json` or `gzip(json)`; the reader is found by it. */
  readonly format: string;

  /**
   * The bytes of a value, as one or more chunks that belong together in this order (so that a large buffer needs
   * no copy).
   *
   * @throws {SerializationError} `OXBOW_RESULT_UNSERIALIZABLE`, with the path of the part that cannot be written
   */
  serialize(value: unknown): Awaitable<readonly Uint8Array[]>;

  /**
   * The value of bytes that `serialize` wrote.
   *
   * @throws {SerializationError} `OXBOW_RESULT_UNREADABLE` where the bytes are not of this format
   */
  deserialize(bytes: Uint8Array): Awaitable<unknown>;

  /**
   * What this serializer does to bytes that pass through it piece by piece, beside what turns a value into bytes: for
   * `compressed(json(), "gzip")` compressing. Absent where it cannot take streams: such a result is then refused.
   * The kind of the stream takes the innermost place in the record's format, so a serializer with none inside leaves bytes as they are.
   */
  readonly streams?: StreamCodec | undefined;

  /** Present where it signs what is stored. */
  readonly seal?: Seal | undefined;
}

/**
 * Bytes on their way in and out, piece by piece. `decode(encode(x))` gives the bytes of `x`, cut otherwise perhaps; memory
 * holds a few pieces at a time.
 */
export interface StreamCodec {
  encode(chunks: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>;
  /** Bytes that `encode` did not write, or not to their end, are a {@link SerializationError} in the stream. */
  decode(chunks: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>;
}

/**
 * Signs records, and refuses those that nobody signed whom it trusts. What is signed is a statement of everything that
 * makes a record what it is, its key and the checksum of its payload among them; results/record.ts writes it.
 */
export interface Seal {
  /** @returns the signature, as text */
  sign(statement: Uint8Array): string;
  /** @returns why the signature does not hold, in words; `undefined` where it does */
  whyRefused(statement: Uint8Array, signature: string | undefined): string | undefined;
}
