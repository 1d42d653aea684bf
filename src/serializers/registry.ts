import { SerializationError } from "../kernel/errors.ts";
import { compressed, type Compression } from "./compressed.ts";
import { json } from "./json.ts";
import type { Serializer } from "./serializer.ts";
import { structured } from "./structured.ts";

/*
 * DESIGN. A record names the format that wrote it: `json`, `gzip(json)`, `brotli(gzip(json))`. Reading needs no
 * configuration, because the name says how to put the readers together: a name, and the format inside it if any.
 */

/** Makes a serializer by its name; `inner` is that of the format in parentheses. */
export type SerializerFactory = (inner: Serializer | undefined) => Serializer;

const byCompression =
  (compression: Compression): SerializerFactory =>
  (inner) =>
    compressed(inner ?? json(), compression);

const factories = new Map<string, SerializerFactory>([
  ["json", json],
  ["structured", structured],
  ["brotli", byCompression("brotli")],
  ["gzip", byCompression("gzip")],
  ["zstd", byCompression("zstd")],
]);
const made = new Map<string, Serializer>();

/**
 * Makes records readable that a serializer of your own wrote, and its name usable where a serializer is named.
 *
 * @param name the serializer's `format`, or what stands before the parenthesis in it
 * @param factory makes it; for `mine(json)` it gets the serializer of `json`
 */
export function registerSerializer(name: string, factory: SerializerFactory): void {
  factories.set(name, factory);
  made.clear();
}

/**
 * The serializer of a format name, as records carry it.
 *
 * @throws {SerializationError} `OXBOW_RESULT_UNREADABLE` for a format that is not known, or not on this machine
 */
export function serializerFor(format: string): Serializer {
  let serializer = made.get(format);
  if (serializer === undefined) {
    serializer = make(format, format);
    made.set(format, serializer);
  }
  return serializer;
}

function make(format: string, whole: string): Serializer {
  const [, name, , inside] = /^([^()]+)(\((.*)\))?$/.exec(format) ?? [];
  const factory = name === undefined ? undefined : factories.get(name);
  if (factory === undefined) {
    throw new SerializationError("OXBOW_RESULT_UNREADABLE", "", `Unknown serializer format "${whole}"`, {
      hint: `known are ${[...factories.keys()].join(", ")}; registerSerializer() of oxbow/serializers adds one`,
    });
  }
  const inner = inside === undefined ? undefined : make(inside, whole);
  try {
    return factory(inner);
  } catch (error) {
    throw new SerializationError("OXBOW_RESULT_UNREADABLE", "", `Serializer format "${whole}" cannot be used here`, {
      cause: error,
    });
  }
}
