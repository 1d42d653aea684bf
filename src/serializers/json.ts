import { isUtf8 } from "node:buffer";
import { readTree } from "./json/read.ts";
import { SegmentReader } from "./json/segments.ts";
import { JsonWalk } from "./json/write.ts";
import type { Serializer } from "./serializer.ts";
import { asTheyAre } from "./internal/chunks.ts";
import { unreadable, unserializable } from "./internal/refusals.ts";

/*
 * DESIGN. Plain data is plain JSON, byte for byte. What JSON has no word for is an object with one key that begins
 * with "~" (the mechanism is that of kernel/tagged-json.ts), and bytes stand behind the text (json/segments.ts).
 *
 *   {"at":{"~Date":0},"image":{"~Uint8Array":[0,1024]}}␠␠␤ …1024 bytes…
 */

/**
 * The default serializer: JSON that people can read, with more types than JSON has. It keeps `undefined`, NaN, the
 * infinities, -0, bigints, dates, maps and sets with their order, regular expressions, URLs, the built-in errors
 * with message, stack, cause and own fields, array holes and array fields, objects without a prototype, and bytes:
 * buffers, typed arrays, `ArrayBuffer` and `DataView`, which are stored as they are.
 *
 * A reference that occurs twice becomes two copies. It refuses functions, symbols, promises, instances of other
 * classes (their class could not be restored) and cycles.
 *
 * @example
 * ```ts
 * const store = new ResultStore({ storage: memoryStorage(), serializer: json() });
 * ```
 */
export function json(): Serializer {
  return serializer;
}

const hint = "return plain data, or give the task a resultSerializer of your own that keeps it";

const serializer: Serializer = {
  format: "json",
  streams: asTheyAre,

  serialize(value) {
    const walk = new JsonWalk();
    try {
      return walk.segments.after(JSON.stringify(walk.tree(value)));
    } catch (error) {
      throw unserializable(error, hint);
    }
  },

  deserialize(bytes) {
    try {
      const segments = new SegmentReader(bytes);
      if (!isUtf8(segments.text)) throw new Error("the text is not UTF-8");
      const { buffer, byteOffset, byteLength } = segments.text;
      const value = readTree(Buffer.from(buffer, byteOffset, byteLength).toString(), segments);
      if (!segments.isUsedUp) throw new Error("the bytes behind the text are not those that the text speaks of");
      return value;
    } catch (error) {
      throw unreadable("json", error);
    }
  },
};
