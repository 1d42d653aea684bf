import { SerializationError } from "../../kernel/errors.ts";
import { asTheyAre } from "../internal/chunks.ts";
import { collect } from "../../kernel/byte-source.ts";
import type { Serializer } from "../serializer.ts";

/** A kind of stream: how its bytes are taken out, and how bytes become such a stream again. */
export interface StreamKind {
  /** What stands for it in a format: `readable`. */
  readonly name: string;

  /**
   * The bytes of a stream, which is used up by it. Nothing is read before the first piece is asked for.
   *
   * @throws {SerializationError} `OXBOW_RESULT_UNSERIALIZABLE`, at once or in the stream, for one that would come back as something else
   */
  chunks(value: unknown): AsyncIterable<Uint8Array>;

  /**
   * The stream of bytes that `chunks` gave. They are read as it is read, and released when it is destroyed or cancelled;
   * what they throw is the stream's error.
   */
  open(chunks: AsyncIterable<Uint8Array>): unknown;
}

/** A kind of stream as a serializer: what a format with its name means where all bytes are there. */
export function streamSerializer(kind: StreamKind): Serializer {
  return {
    format: kind.name,
    serialize: async (value) => [await collect(kind.chunks(value))],
    deserialize: (bytes) => kind.open(once(bytes)),
    streams: asTheyAre,
  };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void> {
  if (bytes.byteLength > 0) yield bytes;
}

/** A stream that cannot be stored. */
export function refused(reason: string, hint: string): SerializationError {
  return new SerializationError("OXBOW_RESULT_UNSERIALIZABLE", "result", `Cannot serialize result: ${reason}`, {
    hint,
  });
}

/** A piece of a stream. @throws {SerializationError} for one that is not bytes */
export function bytesOf(chunk: unknown, what: string): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk;
  const found = chunk === null ? "null" : typeof chunk;
  throw refused(
    `${what} gave a piece that is no Uint8Array but ${found}`,
    "encode it: only streams of bytes are stored",
  );
}
