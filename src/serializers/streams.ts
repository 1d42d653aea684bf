/*
 * DESIGN. Results that are streams of bytes.
 *
 * What it does: says which results are streams, takes their bytes out, and makes a stream of bytes again. A stream is
 * stored as its bytes; the record's format has its kind in the place where the serializer of values stands: what would be
 * `gzip(json)` is `gzip(readable)`. So the layers around it are those of the task's serializer.
 * What it promises: nothing is read before somebody reads; an error of the source reaches who reads; who stops early
 * releases the source. A stream that would come back as something else is refused.
 * What the caller must do: go through `chunks` once: the stream is used up by it.
 */
import { innermostOf, layerOf, withInnermost } from "./internal/format.ts";
import type { Serializer } from "./serializer.ts";
import { blobKind, isBlob } from "./streams/blob.ts";
import { itemsKind } from "./streams/items.ts";
import { isByteReadable, readableKind } from "./streams/readable.ts";
import { isWebStream, webStreamKind } from "./streams/web-stream.ts";
import type { StreamKind } from "./streams/stream-kind.ts";

export { itemsKind } from "./streams/items.ts";
export type { StreamKind } from "./streams/stream-kind.ts";
export { innermostOf } from "./internal/format.ts";

/**
 * Which kind of stream a value is: a `Readable` of bytes, a `ReadableStream`, a `Blob` or a `File`. Anything else is a
 * value: generators too, whose items have to be asked for ({@link itemsKind}). Costs nothing for plain data, and never throws.
 */
export function streamKindOf(value: unknown): StreamKind | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  try {
    if (Object.getPrototypeOf(value) === Object.prototype) return undefined;
    if (isByteReadable(value)) return readableKind;
    if (isWebStream(value)) return webStreamKind;
    return isBlob(value) ? blobKind : undefined;
  } catch {
    // A proxy that lets nobody look.
    return undefined;
  }
}

/**
 * The format of a stream: that of a serializer of values, with the kind in the innermost place.
 *
 * @param format the format of a serializer of values, `gzip(json)`
 * @param kind the name of a kind: `readable` gives `gzip(readable)`, `items(json)` gives `gzip(items(json))`
 */
export function streamFormat(format: string, kind: string): string {
  return withInnermost(format, kind);
}

const kinds = new Map([readableKind, webStreamKind, blobKind].map((kind) => [kind.name, kind]));

/** Whether a format is that of items that were yielded one by one. */
export function holdsItems(format: string): boolean {
  // Asked for each hit: most formats need not be taken apart.
  return format.includes("items(") && innermostOf(format).startsWith("items(");
}

/**
 * The kind of stream that a record's format names; `undefined` where the record is no stream.
 *
 * @param serializerFor finds the serializer of items
 * @throws {SerializationError} as `serializerFor` does
 */
export function streamKindIn(format: string, serializerFor: (format: string) => Serializer): StreamKind | undefined {
  const innermost = innermostOf(format);
  const kind = kinds.get(innermost);
  if (kind || !innermost.startsWith("items(")) return kind;
  const inside = layerOf(innermost)?.inside;
  return inside === undefined ? undefined : itemsKind(serializerFor(inside));
}
