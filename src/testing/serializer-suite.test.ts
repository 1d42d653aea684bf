import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { collect } from "../kernel/byte-source.ts";
import {
  compressed,
  encrypted,
  json,
  type Seal,
  type Serializer,
  signed,
  type StreamCodec,
} from "../serializers/index.ts";
import { serializerChecks } from "./serializer-suite.ts";

const key = randomBytes(32);
type Pieces = AsyncIterable<Uint8Array>;

const withStreams =
  (good: () => Serializer, change: (streams: StreamCodec) => Partial<StreamCodec>) => (): Serializer => {
    const serializer = good();
    return { ...serializer, streams: { ...serializer.streams!, ...change(serializer.streams!) } };
  };
const withSeal = (change: (seal: Seal) => Partial<Seal>) => (): Serializer => {
  const serializer = signed(json(), key);
  return { ...serializer, seal: { ...serializer.seal!, ...change(serializer.seal!) } };
};
const gzipped = (): Serializer => compressed(json(), "gzip");
const secret = (): Serializer => encrypted(json(), key);

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void> {
  if (bytes.length > 0) yield bytes;
}
async function* lazily(work: () => Promise<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  yield* once(await work());
}
async function* quietly(chunks: Pieces): AsyncGenerator<Uint8Array, void> {
  try {
    yield* chunks;
  } catch {
    // What a wrong implementation does.
  }
}
async function* mapped(chunks: Pieces, map: (bytes: Uint8Array) => Uint8Array): AsyncGenerator<Uint8Array, void> {
  for await (const chunk of chunks) yield map(chunk);
}
async function* unreleased(chunks: Pieces): AsyncGenerator<Uint8Array, void> {
  const iterator = chunks[Symbol.asyncIterator]();
  for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value;
}

const mutants: Readonly<Record<string, readonly [create: () => Serializer, caughtBy: string]>> = {
  "drops the last piece": [
    withStreams(gzipped, ({ encode }) => ({
      encode: (chunks) =>
        encode(
          (async function* () {
            let held: Uint8Array | undefined;
            for await (const chunk of chunks) {
              if (held) yield held;
              held = chunk;
            }
          })(),
        ),
    })),
    "Streams come back, however they are cut",
  ],
  "decodes each piece by itself": [
    withStreams(gzipped, ({ decode }) => ({
      decode: (chunks) =>
        (async function* () {
          for await (const chunk of chunks) yield* decode(once(chunk));
        })(),
    })),
    "Streams come back, however they are cut",
  ],
  "takes a cut for an end": [
    withStreams(gzipped, ({ decode }) => ({ decode: (chunks) => quietly(decode(chunks)) })),
    "A stream that is cut off is refused",
  ],
  "throws what is no SerializationError": [
    withStreams(secret, ({ decode }) => ({
      decode: (chunks) =>
        lazily(() =>
          collect(decode(chunks)).catch(() => {
            throw new TypeError("bad bytes");
          }),
        ),
    })),
    "A damaged stream gives bytes or is refused, and nothing else happens",
  ],
  "wraps the error of the source": [
    withStreams(json, () => ({
      encode: (chunks) =>
        lazily(() =>
          collect(chunks).catch((cause: unknown) => {
            throw new Error("reading failed", { cause });
          }),
        ),
    })),
    "What the source throws arrives as it is, both ways",
  ],
  "does not release the source": [
    withStreams(json, () => ({ encode: unreleased })),
    "Nothing is read before somebody reads, and who stops early releases the source",
  ],
  "takes everything into memory": [
    withStreams(gzipped, ({ encode }) => ({ encode: (chunks) => encode(lazily(() => collect(chunks))) })),
    "Memory holds a few pieces of a stream",
  ],
  "writes streams otherwise than its format says": [
    withStreams(gzipped, ({ encode, decode }) => ({
      encode: (chunks) => mapped(encode(chunks), (bytes) => bytes.map((byte) => byte ^ 1)),
      decode: (chunks) => decode(mapped(chunks, (bytes) => bytes.map((byte) => byte ^ 1))),
    })),
    "The format that a record of a stream has names how to read it",
  ],
  "changes streams, and its format does not say it": [
    () => ({ ...gzipped(), format: "packed" }),
    "A serializer with nothing inside leaves streams as they are: their format does not name it",
  ],
  "signs with a key of each instance": [
    () => signed(json(), randomBytes(32)),
    "What one instance signs, another one accepts",
  ],
  "accepts what is not signed": [
    withSeal(({ whyRefused }) => ({
      whyRefused: (statement, signature) => (signature ? whyRefused(statement, signature) : undefined),
    })),
    "What is not signed is refused, in words",
  ],
  "refuses without words": [
    withSeal(({ whyRefused }) => ({
      whyRefused: (statement, signature) => (whyRefused(statement, signature) === undefined ? undefined : ""),
    })),
    "What is not signed is refused, in words",
  ],
  "signs the beginning alone": [
    withSeal(({ sign, whyRefused }) => ({
      sign: (statement) => sign(statement.subarray(0, 16)),
      whyRefused: (statement, signature) => whyRefused(statement.subarray(0, 16), signature),
    })),
    "A signature of something else is refused, whatever was changed",
  ],
  "reads the beginning of a signature alone": [
    withSeal(({ sign, whyRefused }) => ({
      whyRefused: (statement, signature) =>
        whyRefused(statement, signature?.startsWith(sign(statement)) ? sign(statement) : signature),
    })),
    "A signature that was changed is refused",
  ],
};

describe("serializerChecks", () => {
  const checks = serializerChecks();

  it.each(Object.entries(mutants))("catch a serializer that %s", async (_, [create, caughtBy]) => {
    const failed: string[] = [];
    for (const { title, run } of checks) await run(create).catch(() => failed.push(title));
    expect(failed).toContain(caughtBy);
  });

  it("find nothing in good ones, and ask nothing about streams of those that take none", async () => {
    const { streams: _, ...noStreams } = json();
    for (const good of [json, gzipped, secret, () => signed(secret(), key), () => noStreams])
      for (const { run } of checks) await run(good);
  });
});
