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
}
