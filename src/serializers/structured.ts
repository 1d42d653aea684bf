import type { Serializer } from "./serializer.ts";
import { asTheyAre } from "./internal/chunks.ts";
import { unreadable, unserializable } from "./internal/refusals.ts";
import { StructuredCheck } from "./structured/check.ts";

/*
 * DESIGN. The bytes of node:v8, behind a header of 8: "OXS", a version, and the CRC-32 of what follows. V8's reader
 * is native code that trusts its input, so damaged bytes are never given to it.
 */

const header = Buffer.from("OXS\u0001", "latin1");
const headerSize = 8;

/**
 * The structured clone algorithm, by `node:v8`: keeps cycles and shared references, which {@link json} does not. Its
 * bytes are not for people, and a newer Node reads those of an older one, but not always the reverse.
 *
 * It keeps primitives but symbols, plain objects and arrays with holes and fields, dates, maps, sets, regular
 * expressions, objects around primitives, `ArrayBuffer`, buffers, typed arrays, `DataView`, and the errors of
 * JavaScript but `AggregateError`, with message, stack and cause. An accessor becomes the value that it had. What
 * the algorithm would drop or change without a word is refused: instances of classes, URLs, objects without a
 * prototype, keys that are symbols, fields of errors, a `lastIndex` other than 0.
 */
export function structured(): Serializer {
  return serializer;
}

const v8 = (): typeof import("node:v8") => process.getBuiltinModule("node:v8");
const crc32 = (bytes: Uint8Array): number => process.getBuiltinModule("node:zlib").crc32(bytes);

const serializer: Serializer = {
  format: "structured",
  streams: asTheyAre,

  serialize(value) {
    try {
      new StructuredCheck().tree(value);
      const payload = v8().serialize(value);
      const head = Buffer.alloc(headerSize);
      header.copy(head);
      head.writeUInt32LE(crc32(payload), header.length);
      return [head, payload];
    } catch (error) {
      throw unserializable(error, "return plain data, or give the task another resultSerializer");
    }
  },

  deserialize(bytes) {
    try {
      const { buffer, byteOffset, byteLength } = bytes;
      const all = Buffer.from(buffer, byteOffset, byteLength);
      if (all.length <= headerSize || !all.subarray(0, 3).equals(header.subarray(0, 3)))
        throw new Error("the header is missing");
      if (all[3] !== header[3]) throw new Error(`its version is ${all[3]}, and this release knows ${header[3]}`);
      const payload = all.subarray(headerSize);
      if (all.readUInt32LE(header.length) !== crc32(payload)) throw new Error("the bytes are damaged");
      return v8().deserialize(payload) as unknown;
    } catch (error) {
      throw unreadable("structured", error);
    }
  },
};
