import type { Awaitable } from "../../kernel/awaitable.ts";
import type { ByteSource } from "../../kernel/byte-source.ts";

/** What a file is to hold: chunks in order, a source of them, or a stream that can be read once. */
export type FileContent = readonly Uint8Array[] | ByteSource | AsyncIterable<Uint8Array>;

/** A file that is there. Each method reads it anew. */
export interface ReadableFile {
  bytes(): Awaitable<Uint8Array>;
  stream(): AsyncIterable<Uint8Array>;
}

/**
 * How values stand in a file that other programs read, without anything of Oxbow's own in it.
 *
 * What an implementation promises:
 * - **Nothing is changed without a word.** What `write` accepts, `read` gives back deeply equal and of the same types, unless
 *   {@link FileFormat.keeps} says otherwise; what would lose something else is refused with its path.
 * - **Streams.** A stream is read as it is written, and what is wrong in it is thrown there, in place of its end. Whoever stops early
 *   ends the stream that the value was.
 * What its caller must do: write the whole content or nothing, and where `keeps` is false hand out what `read` gives, so that the run
 * that wrote the file returns what later ones will.
 */
export interface FileFormat {
  /** `json`, `csv`, …, for people. */
  readonly name: string;

  /**
   * Whether `read` gives back an equal value of the same type. Where it does not: a stream is read to its end and comes back as what
   * it held, a `Buffer` as a `Uint8Array`, cells of a table of text as text.
   */
  keeps(value: unknown): boolean;

  /** @throws {SerializationError} `OXBOW_RESULT_UNSERIALIZABLE`, with the path of the part that the file cannot hold */
  write(value: unknown): Awaitable<FileContent>;

  /** @throws {SerializationError} `OXBOW_RESULT_UNREADABLE` where the file holds something else */
  read(file: ReadableFile): Awaitable<unknown>;
}
