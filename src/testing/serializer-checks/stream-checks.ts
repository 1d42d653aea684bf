import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { collect } from "../../kernel/byte-source.ts";
import { SerializationError } from "../../kernel/errors.ts";
import { serializerFor } from "../../serializers/registry.ts";
import type { Serializer, StreamCodec } from "../../serializers/serializer.ts";
import { innermostOf, streamFormat } from "../../serializers/streams.ts";

/** One promise about the `streams` of a serializer, and how to find out whether it is kept. Nothing is checked where there is none. */
export interface StreamCheck {
  readonly title: string;
  run(create: () => Serializer): Promise<void>;
}

const kiB = 1024;
const lengths = [0, 1, 100, 64 * kiB - 1, 64 * kiB, 64 * kiB + 1, 128 * kiB, 300 * kiB];
const small = Buffer.from("what is streamed, in a few words, a few words, a few words");

export const streamChecks: readonly StreamCheck[] = [
  check("Streams come back, however they are cut", async ({ encode }, create) => {
    for (const length of lengths) {
      const bytes = randomBytes(length).fill(7, length >> 1);
      for (const size of [length < 1000 ? 1 : 997, 16 * kiB, length + 1]) {
        const encoded = await collect(encode(cut(bytes, size)));
        for (const each of [size, encoded.byteLength + 1]) {
          const back = await collect(codecOf(create()).decode(cut(encoded, each)));
          assert.ok(Buffer.from(back).equals(bytes), `${length} bytes, in pieces of ${size} and of ${each}`);
        }
      }
    }
  }),

  check("A stream that is cut off is refused", async ({ encode, decode }) => {
    const encoded = await collect(encode(cut(small, 10)));
    for (let length = 0; length < encoded.byteLength; length++) {
      const back = await readOrRefuse(decode(cut(encoded.slice(0, length), 7)));
      // Where a part of the bytes is what a shorter stream is written as, nobody can tell.
      const isWhole = back && Buffer.from(await collect(encode(cut(back, 10)))).equals(encoded.subarray(0, length));
      assert.ok(!back || isWhole, `${length} of ${encoded.byteLength} bytes gave a value`);
    }
  }),

  check("A damaged stream gives bytes or is refused, and nothing else happens", async ({ encode, decode }) => {
    const encoded = await collect(encode(cut(small, 10)));
    for (let at = 0; at < encoded.byteLength; at++) {
      const damaged = encoded.slice();
      damaged[at]! ^= 0x11;
      await readOrRefuse(decode(cut(damaged, 7)));
    }
  }),

  check("What the source throws arrives as it is, both ways", async ({ encode, decode }) => {
    const encoded = await collect(encode(cut(small, 10)));
    for (const [work, bytes] of [
      [encode, small],
      [decode, encoded],
    ] as const) {
      const failure = new Error("the source fails");
      await assert.rejects(collect(work(failing(bytes, failure))), (error) => error === failure);
    }
  }),

  check(
    "Nothing is read before somebody reads, and who stops early releases the source",
    async ({ encode, decode }) => {
      const bytes = randomBytes(1024 * kiB);
      const encoded = await collect(encode(cut(bytes, 64 * kiB)));
      for (const [work, input] of [
        [encode, bytes],
        [decode, encoded],
      ] as const) {
        const source = new Watched(input);
        const iterator = work(source)[Symbol.asyncIterator]();
        assert.equal(source.read, 0, "read before it was asked");
        await iterator.next();
        await iterator.next();
        await iterator.return?.();
        assert.ok(source.isReleased, "the source was not released");
      }
    },
  ),

  check("Memory holds a few pieces of a stream", async ({ encode, decode }) => {
    const bytes = randomBytes(8 * 1024 * kiB);
    const encoded = await collect(encode(cut(bytes, 64 * kiB)));
    for (const [work, input] of [
      [encode, bytes],
      [decode, encoded],
    ] as const) {
      const source = new Watched(input);
      let given = 0;
      for await (const chunk of work(source)) {
        given += chunk.byteLength;
        assert.ok(source.read - given < 4 * 1024 * kiB, `${source.read} bytes were read, and ${given} given out`);
      }
    }
  }),

  check("The format that a record of a stream has names how to read it", async ({ encode }, create) => {
    const { format } = create();
    if (!isKnown(format)) return;
    const encoded = await collect(encode(cut(small, 10)));
    const reader = serializerFor(streamFormat(format, "readable"));
    assert.ok(Buffer.from(await collect(reader.streams!.decode(cut(encoded, 7)))).equals(small));
    const back = (await reader.deserialize(encoded)) as AsyncIterable<Uint8Array>;
    assert.ok(Buffer.from(await collect(back)).equals(small));
  }),

  check(
    "A serializer with nothing inside leaves streams as they are: their format does not name it",
    async (codec, create) => {
      const { format } = create();
      if (innermostOf(format) !== format) return;
      assert.ok(Buffer.from(await collect(codec.encode(cut(small, 10)))).equals(small));
    },
  ),
];

function check(title: string, run: (codec: StreamCodec, create: () => Serializer) => Promise<void>): StreamCheck {
  return {
    title,
    async run(create) {
      const { streams } = create();
      if (streams) await run(streams, create);
    },
  };
}

function codecOf({ format, streams }: Serializer): StreamCodec {
  assert.ok(streams, `not every instance of ${format} takes streams`);
  return streams;
}

function isKnown(format: string): boolean {
  try {
    return serializerFor(format).format === format;
  } catch {
    return false;
  }
}

async function readOrRefuse(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array | undefined> {
  try {
    return await collect(chunks);
  } catch (error) {
    assert.ok(error instanceof SerializationError && error.code === "OXBOW_RESULT_UNREADABLE", error as Error);
    return undefined;
  }
}

async function* cut(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array, void> {
  for (let at = 0; at < bytes.byteLength; at += size) yield bytes.slice(at, at + size);
}

async function* failing(bytes: Uint8Array, failure: Error): AsyncGenerator<Uint8Array, void> {
  yield bytes.slice(0, bytes.byteLength >> 1);
  throw failure;
}

/** A source that knows how far it was read. */
class Watched implements AsyncIterable<Uint8Array> {
  read = 0;
  isReleased = false;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void> {
    try {
      for await (const piece of cut(this.#bytes, 64 * kiB)) {
        this.read += piece.byteLength;
        yield piece;
      }
    } finally {
      this.isReleased = true;
    }
  }
}
