import type { Readable } from "node:stream";
import { bytesOf, refused, type StreamKind } from "./stream-kind.ts";

const stream = (): typeof import("node:stream") => process.getBuiltinModule("node:stream");

const isReadable = (value: object): value is Readable => "pipe" in value && value instanceof stream().Readable;

/** Whether a value is a `Readable` of `node:stream` that gives bytes. */
export function isByteReadable(value: object): boolean {
  return isReadable(value) && !value.readableObjectMode;
}

/** A `Readable` of bytes. What comes back is a plain one, whatever class it was of. */
export const readableKind: StreamKind = {
  name: "readable",

  chunks(value) {
    if (typeof value !== "object" || value === null || !isReadable(value))
      throw refused("it is no Readable", "return a stream of node:stream");
    if (value.readableObjectMode) {
      throw refused("a Readable in object mode gives values, not bytes", "return the values, or a stream of bytes");
    }
    if (value.readableEncoding !== null) {
      const hint = "leave the encoding out: bytes come back, and the reader decodes them";
      throw refused(`a Readable with the encoding ${value.readableEncoding} gives text, not bytes`, hint);
    }
    if (stream().Readable.isDisturbed(value)) {
      throw refused("the Readable has been read from already", "return a stream that nobody else reads");
    }
    return read(value);
  },

  open(chunks) {
    return stream().Readable.from(chunks, { objectMode: false });
  },
};

async function* read(source: Readable): AsyncGenerator<Uint8Array, void> {
  try {
    for await (const chunk of source) yield bytesOf(chunk, "the Readable");
  } finally {
    // Nobody is left whom an error after its end could reach: without this it would end the process.
    source.on("error", () => undefined);
  }
}
