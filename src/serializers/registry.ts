import { ConfigurationError, SerializationError } from "../kernel/errors.ts";
import { compressed, type Compression } from "./compressed.ts";
import { encryptedById } from "./encrypted.ts";
import { layerOf } from "./internal/format.ts";
import { json } from "./json.ts";
import type { Serializer } from "./serializer.ts";
import { signedByNobody } from "./signed.ts";
import { itemsKind, streamKindIn } from "./streams.ts";
import { streamSerializer } from "./streams/stream-kind.ts";
import { structured } from "./structured.ts";

/*
 * DESIGN. A record names the format that wrote it: `json`, `gzip(json)`, `brotli(encrypted:3fa8…(json))`. Reading needs no
 * configuration but the keys, because the name says how to put the readers together: a name, an argument behind a colon
 * if it has one, and the format inside it if any. internal/format.ts has the grammar.
 */

/**
 * Makes a serializer by its name.
 *
 * @param inner the serializer of the format in parentheses
 * @param argument what stands behind the colon: `v2` of `mine:v2(json)`. What is made has it in its format too
 */
export type SerializerFactory = (inner: Serializer | undefined, argument?: string) => Serializer;

const byCompression =
  (compression: Compression): SerializerFactory =>
  (inner) =>
    compressed(inner ?? json(), compression);

const stream = (name: string): SerializerFactory => {
  const kind = streamKindIn(name, serializerFor)!;
  return () => streamSerializer(kind);
};

const builtIn: ReadonlyMap<string, SerializerFactory> = new Map([
  ["json", json],
  ["structured", structured],
  ["brotli", byCompression("brotli")],
  ["gzip", byCompression("gzip")],
  ["zstd", byCompression("zstd")],
  ["encrypted", (inner, id) => encryptedById(inner ?? json(), id)],
  ["signed", (inner) => signedByNobody(inner ?? json())],
  ["readable", stream("readable")],
  ["web-stream", stream("web-stream")],
  ["blob", stream("blob")],
  ["items", (inner) => streamSerializer(itemsKind(inner ?? json()))],
] satisfies ReadonlyArray<readonly [string, SerializerFactory]>);
const registered = new Map<string, SerializerFactory>();
const made = new Map<string, Serializer>();

/**
 * Makes records readable that a serializer of your own wrote, and its name usable where a serializer is named. A name that
 * was registered before is registered anew.
 *
 * @param name the serializer's `format`, or what stands before the colon or the parenthesis in it
 * @param factory makes it; for `mine(json)` it gets the serializer of `json`, for `mine:v2` the argument `v2`
 * @throws {ConfigurationError} `OXBOW_OPTION_INVALID` for the name of a built-in serializer, whose records could not be read any
 * more, and for one with a space, a colon or a parenthesis
 */
export function registerSerializer(name: string, factory: SerializerFactory): void {
  const reason = builtIn.has(name) ? "a built-in serializer has that name" : whyNoName(name);
  if (reason !== undefined) {
    throw new ConfigurationError(
      "OXBOW_OPTION_INVALID",
      `Cannot register a serializer as ${JSON.stringify(name)}: ${reason}`,
    );
  }
  registered.set(name, factory);
  made.clear();
}

function whyNoName(name: string): string | undefined {
  return layerOf(name)?.name === name ? undefined : "it has to be one word, without spaces, colons and parentheses";
}

/**
 * The serializer of a format name, as records carry it.
 *
 * @throws {SerializationError} `OXBOW_RESULT_UNREADABLE` for a format that is not known, or not on this machine, or whose key
 * is not known
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
  const { name = "", argument, inside } = layerOf(format) ?? {};
  const factory = builtIn.get(name) ?? registered.get(name);
  if (factory === undefined) {
    throw new SerializationError("OXBOW_RESULT_UNREADABLE", "", `Unknown serializer format "${whole}"`, {
      hint: `known are ${[...builtIn.keys(), ...registered.keys()].join(", ")}; registerSerializer() of oxbow/serializers adds one`,
    });
  }
  const inner = inside === undefined ? undefined : make(inside, whole);
  try {
    const serializer = factory(inner, argument);
    const expected = `${name}${argument === undefined ? "" : `:${argument}`}${inner ? `(${inner.format})` : ""}`;
    // Something that takes no argument, or nothing inside, would read other bytes than the name says.
    if (serializer.format === expected || (!inner && argument === undefined)) return serializer;
    throw new Error(`it makes "${serializer.format}"`);
  } catch (error) {
    if (error instanceof SerializationError) throw error;
    throw new SerializationError("OXBOW_RESULT_UNREADABLE", "", `Serializer format "${whole}" cannot be used here`, {
      cause: error,
    });
  }
}
