import { types } from "node:util";
import { Refusal, segmentOf, typeName, withArticle } from "../../kernel/refusal.ts";
import type { FileFormat } from "./file-format.ts";
import { refused } from "./refused.ts";

/**
 * Bytes as they are: `.bin`, and every extension that is not known. It takes a `Uint8Array`, a `Buffer`, an `ArrayBuffer`, and streams of
 * bytes, which pass through piece by piece: a `Readable`, a `ReadableStream`, a `Blob`, an async iterable. What comes back is a
 * `Uint8Array`.
 */
export const bytesFile: FileFormat = {
  name: "bin",
  keeps: (value) => value instanceof Uint8Array && Object.getPrototypeOf(value) === Uint8Array.prototype,

  write(value) {
    try {
      const bytes = bytesOf(value);
      if (bytes !== undefined) return [bytes];
    } catch (error) {
      throw refused(error, "bin");
    }
    if (value instanceof Blob) return checked(value.stream());
    if (typeof value === "object" && value !== null && Symbol.asyncIterator in value)
      return checked(value as AsyncIterable<unknown>);
    throw refused(noBytes(value), "bin");
  },

  async read(file) {
    const bytes = await file.bytes();
    return Buffer.isBuffer(bytes) ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) : bytes;
  },
};

async function* checked(chunks: AsyncIterable<unknown>): AsyncGenerator<Uint8Array, void> {
  let index = 0;
  for await (const chunk of chunks) {
    let bytes: Uint8Array | undefined;
    try {
      bytes = bytesOf(chunk);
      if (bytes === undefined) throw noBytes(chunk);
    } catch (error) {
      throw refused(error, "bin", segmentOf(index));
    }
    yield bytes;
    index += 1;
  }
}

/** @throws {Refusal} for bytes that have gone */
function bytesOf(value: unknown): Uint8Array | undefined {
  if (types.isUint8Array(value)) {
    if (types.isArrayBuffer(value.buffer) && value.buffer.detached) throw transferred();
    return value;
  }
  if (!types.isArrayBuffer(value)) return undefined;
  if (value.detached) throw transferred();
  return new Uint8Array(value);
}

function transferred(): Refusal {
  return new Refusal("ArrayBuffer", "its bytes were transferred away");
}

function noBytes(value: unknown): Refusal {
  const type = typeName(value);
  const what = value === null || value === undefined ? type : withArticle(type);
  return new Refusal(type, `${what} is neither bytes nor a stream of them`, {
    hint: "return a Uint8Array, a Buffer or a stream of bytes; for text and data give the target the extension .txt or .json",
  });
}
