import { inspect } from "node:util";
import { chunksOf, isByteSource } from "../kernel/byte-source.ts";
import { messageOf } from "../kernel/errors.ts";
import { isStreamFormat, openStream } from "../results/encode.ts";
import { serializerFor } from "../serializers/registry.ts";
import { holdsItems } from "../serializers/streams.ts";
import type { RecordMetadata } from "../storage/storage.ts";
import { payloadOf } from "./payload.ts";
import type { RecordPlace } from "./place.ts";

/** The beginning of a value, for people. */
export type Preview =
  | {
      /** As `console.log` shows it; of bytes that are text, the text. */
      readonly text: string;
      /** Whether there is more. */
      readonly isCut: boolean;
    }
  /** Why there is none, in words. */
  | { readonly unavailable: string };

/** What is larger is not turned back into an object to be looked at. */
const largestValue = 16 * 1024 * 1024;

/** The beginning of a record's value. Never throws because of what is stored. @param limit characters at most */
export async function previewOf(place: RecordPlace, metadata: RecordMetadata, limit: number): Promise<Preview> {
  try {
    const payload = await payloadOf(place, metadata);
    if (!payload) return { unavailable: "the record has gone meanwhile" };
    const { serializer: format } = metadata;
    if (isStreamFormat(format, serializerFor)) return await ofStream(format, chunksOf(payload), limit);
    if (isByteSource(payload) && metadata.size > largestValue) return { unavailable: "it is too large to be shown" };
    const pieces: Uint8Array[] = [];
    for await (const piece of chunksOf(payload)) pieces.push(piece);
    return cut(shown(await serializerFor(format).deserialize(new Uint8Array(Buffer.concat(pieces))), limit), limit);
  } catch (error) {
    return { unavailable: messageOf(error) };
  }
}

async function ofStream(format: string, chunks: AsyncIterable<Uint8Array>, limit: number): Promise<Preview> {
  if (holdsItems(format)) {
    const items: string[] = [];
    let length = 0;
    for await (const item of (await openStream(format, chunks, serializerFor)) as AsyncIterable<unknown>) {
      items.push(shown(item, limit));
      length += items.at(-1)!.length + 1;
      if (length > limit) break;
    }
    return cut(items.join("\n"), limit);
  }
  const { streams } = serializerFor(format);
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of streams ? streams.decode(chunks) : chunks) {
    pieces.push(piece);
    length += piece.byteLength;
    if (length > limit) break;
  }
  const { text, isCut } = ofBytes(Buffer.concat(pieces), limit);
  return { text, isCut: isCut || length > limit };
}

function ofBytes(bytes: Buffer, limit: number): { readonly text: string; readonly isCut: boolean } {
  const beginning = bytes.subarray(0, limit);
  const text = beginning.toString();
  // A character may have been cut in two at the end.
  const isText = !/[\0-\x08\x0e-\x1f\x7f]|\ufffd(?!$)/.test(text);
  return isText ? cut(text, limit) : { text: inspect(beginning.subarray(0, 50)), isCut: bytes.byteLength > 50 };
}

function shown(value: unknown, limit: number): string {
  return inspect(value, { depth: 6, maxStringLength: limit, maxArrayLength: 100, breakLength: 100, sorted: false });
}

function cut(text: string, limit: number): { readonly text: string; readonly isCut: boolean } {
  return text.length <= limit ? { text, isCut: false } : { text: text.slice(0, limit), isCut: true };
}
