/*
 * DESIGN. The bytes of a result, and the result of bytes. What fits in memory goes through the serializer at once. What is a
 * stream goes through it piece by piece into a spool: only then its length and its checksum are known, the storage can
 * be asked twice, and whoever called the task has something left to read.
 *
 *   value ──serialize──▶ chunks                    value ◀──deserialize── bytes
 *   stream ─▶ its bytes ─▶ layers ─▶ spool         stream ◀── layers ◀── pieces of the record
 */
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newHash } from "../hashing/sha256.ts";
import { spool } from "../io/spool.ts";
import { andThen, type Awaitable } from "../kernel/awaitable.ts";
import { collect, isByteSource } from "../kernel/byte-source.ts";
import { SerializationError } from "../kernel/errors.ts";
import type { Serializer } from "../serializers/serializer.ts";
import {
  holdsItems,
  innermostOf,
  itemsKind,
  type StreamKind,
  streamFormat,
  streamKindIn,
  streamKindOf,
} from "../serializers/streams.ts";
import type { Payload } from "../storage/storage.ts";
import { digestOf, sizeOf } from "./payload.ts";

/** The bytes of a result, ready to be written. */
export interface EncodedValue {
  /** What the record says about its serializer. */
  readonly format: string;
  readonly payload: Payload;
  readonly size: number;
  readonly sha256: string;
}

/** Finds the serializer of a format. */
export type SerializerFinder = (format: string) => Serializer;

/** Where long streams are kept meanwhile, where nothing else is said. */
export function defaultSpoolFolder(): string {
  return join(tmpdir(), "oxbow-spool");
}

/** Whether a value can be gone through only once: who stores it has to be given another one. */
export function isStream(value: unknown): boolean {
  return streamKindOf(value) !== undefined;
}

/**
 * @param onTouch called before the first piece of a stream is read: whoever has it has only the rest from then on
 * @throws {SerializationError} for a value, or a stream of a kind, that the serializer refuses
 */
export function encode(
  serializer: Serializer,
  value: unknown,
  spoolFolder: string,
  onTouch?: () => void,
): Awaitable<EncodedValue> {
  const kind = streamKindOf(value);
  if (kind) return encodeStream(serializer, kind, value, spoolFolder, onTouch);
  return andThen(serializer.serialize(value), (payload) => ({
    format: serializer.format,
    payload,
    size: sizeOf(payload),
    sha256: digestOf(payload),
  }));
}

/** The items that somebody yields one by one, each written by the serializer. @throws as {@link encode} */
export function encodeItems(
  serializer: Serializer,
  items: AsyncIterable<unknown>,
  serializerFor: SerializerFinder,
  spoolFolder: string,
): Promise<EncodedValue> {
  const innermost = innermostOf(serializer.format);
  const inner = innermost === serializer.format ? serializer : serializerFor(innermost);
  return encodeStream(serializer, itemsKind(inner), items, spoolFolder);
}

async function encodeStream(
  serializer: Serializer,
  kind: StreamKind,
  value: unknown,
  spoolFolder: string,
  onTouch?: () => void,
): Promise<EncodedValue> {
  if (!serializer.streams) {
    throw new SerializationError(
      "OXBOW_RESULT_UNSERIALIZABLE",
      "result",
      `The serializer ${serializer.format} takes no streams, and the result is one (${kind.name})`,
      { hint: "return the bytes, or give the serializer the property `streams`" },
    );
  }
  const hash = newHash();
  const chunks = serializer.streams.encode(kind.chunks(value));
  onTouch?.();
  const source = await spool(chunks, spoolFolder, (chunk) => void hash.update(chunk));
  return {
    format: streamFormat(serializer.format, kind.name),
    payload: source,
    size: source.size,
    sha256: hash.digest("hex"),
  };
}

/** The same, its bytes in memory. */
export function inMemory(encoded: EncodedValue): Awaitable<EncodedValue> {
  const { payload } = encoded;
  if (!isByteSource(payload)) return encoded;
  return collect(payload.chunks()).then((bytes) => ({ ...encoded, payload: [bytes] }));
}

/** The value of bytes; of those of a stream, a new stream. */
export function decode(
  { format, payload }: Pick<EncodedValue, "format" | "payload">,
  serializerFor: SerializerFinder,
): Awaitable<unknown> {
  if (!isByteSource(payload)) return serializerFor(format).deserialize(new Uint8Array(Buffer.concat(payload)));
  return openStream(format, payload.chunks(), serializerFor);
}

// Most records are no streams, and a hit has no time to take a format apart.
const plainFormats = new Set<string>();

/** Whether a format is that of a stream. */
export function isStreamFormat(format: string, serializerFor: SerializerFinder): boolean {
  if (plainFormats.has(format)) return false;
  if (streamKindIn(format, serializerFor)) return true;
  if (plainFormats.size < 1000) plainFormats.add(format);
  return false;
}

/** Passes on what is read, and may see what goes wrong. */
export type Watcher = <T>(source: AsyncIterable<T>) => AsyncIterable<T>;

/** The stream that a record holds, of its pieces. Nothing is read before it is. */
export function openStream(
  format: string,
  chunks: AsyncIterable<Uint8Array>,
  serializerFor: SerializerFinder,
  watched: Watcher = (source) => source,
): Awaitable<unknown> {
  const { streams } = serializerFor(format);
  const kind = streamKindIn(format, serializerFor);
  if (kind && streams) {
    const opened = kind.open(watched(streams.decode(chunks)));
    return holdsItems(format) ? watched(opened as AsyncIterable<unknown>) : opened;
  }
  throw new SerializationError("OXBOW_RESULT_UNREADABLE", "", `${format} is not the format of a stream`);
}
