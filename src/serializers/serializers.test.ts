import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { collect } from "../kernel/byte-source.ts";
import { serializerSamples, serializerSuite } from "../testing/serializer-suite.ts";
import {
  compressed,
  encrypted,
  json,
  registerSerializer,
  SerializationError,
  type Serializer,
  serializerFor,
  signed,
  structured,
} from "./index.ts";

const jsonRefuses = [
  "objects around primitives",
  "an instance of a class",
  "an instance of a built-in's subclass",
  "a built-in with fields",
  "a key that is a symbol",
  "a cycle",
];
const structuredRefuses = [
  "a regular expression with lastIndex",
  "URLs",
  "an error with fields",
  "an aggregate error",
  "objects without a prototype",
  "the match of a regular expression",
  "an instance of a class",
  "an instance of a built-in's subclass",
  "a built-in with fields",
  "a key that is a symbol",
];
const allBut = (refused: readonly string[]): readonly string[] =>
  serializerSamples.filter((name) => !refused.includes(name));

serializerSuite({ describe, it }, "json()", json, { keeps: allBut(jsonRefuses) });
serializerSuite({ describe, it }, "structured()", structured, { keeps: allBut(structuredRefuses) });
for (const compression of ["brotli", "gzip", "zstd"] as const) {
  serializerSuite({ describe, it }, `compressed(json(), "${compression}")`, () => compressed(json(), compression), {
    keeps: allBut(jsonRefuses),
  });
}
serializerSuite({ describe, it }, 'compressed(structured(), "gzip")', () => compressed(structured(), "gzip"), {
  keeps: allBut(structuredRefuses),
});

const refusal = (serializer: Serializer, value: unknown): unknown => {
  try {
    return serializer.serialize(value);
  } catch (error) {
    return error;
  }
};

describe("what a serializer does not keep", () => {
  const samples: ReadonlyArray<readonly [value: unknown, path: string]> = [
    [{ rows: [{ "odd key": () => 1 }] }, 'result.rows[0]["odd key"]'],
    [new Map([["k", Symbol("s")]]), 'result.get("k")'],
    [new Map([[() => 1, 1]]), "result.keys()[0]"],
    [new Set([1, new WeakMap()]), "result.values()[1]"],
    [new Error("e", { cause: [new WeakSet()] }), "result.cause[0]"],
    [Promise.resolve(), "result"],
    [{ body: new Response("x") }, "result.body"],
    [{ file: new Blob(["x"]) }, "result.file"],
    [{ f: (): number => 1, toJSON: (): number => 1 }, "result"],
  ];

  it.each(samples)("json() names by its path: %s", (value, path) => {
    const error = refusal(json(), value);
    expect(error).toBeInstanceOf(SerializationError);
    expect((error as SerializationError).path.startsWith(path)).toBe(true);
    expect(error).toMatchObject({ code: "OXBOW_RESULT_UNSERIALIZABLE" });
    expect((error as SerializationError).hint).toBeTruthy();
  });

  it.each(samples)("structured() names by its path: %s", (value, path) => {
    expect((refusal(structured(), value) as SerializationError).path.startsWith(path)).toBe(true);
  });

  it("json() points to structured() for a cycle", () => {
    const loop: { self?: unknown } = {};
    loop.self = [loop];
    expect(refusal(json(), loop)).toMatchObject({
      path: "result.self[0]",
      hint: expect.stringContaining("structured()"),
    });
  });

  it("every one of the samples that is not promised is refused", async () => {
    const { richSamples } = await import("../testing/serializer-checks/samples.ts");
    for (const [serializer, names] of [
      [json(), jsonRefuses],
      [structured(), structuredRefuses],
    ] as const) {
      for (const name of names) {
        const { make } = richSamples.find((sample) => sample.name === name)!;
        expect(refusal(serializer, make()), name).toBeInstanceOf(SerializationError);
      }
    }
  });
});

describe("structured()", () => {
  it("keeps which references are the same", async () => {
    const shared = { a: 1 };
    const read = (await roundTrip(structured(), [shared, shared])) as unknown[];
    expect(read[0]).toBe(read[1]);
  });

  it("writes a graph with many shared references in little space", async () => {
    let graph: unknown = { leaf: true };
    for (let i = 0; i < 60; i++) graph = [graph, graph];
    expect(Buffer.concat(await structured().serialize(graph)).length).toBeLessThan(1000);
  });

  it("says that the version is newer than it knows", async () => {
    const bytes = Buffer.concat(await structured().serialize(1));
    bytes[3] = 2;
    expect(() => structured().deserialize(bytes)).toThrow(/its version is 2, and this release knows 1/);
  });
});

describe("compressed()", () => {
  const large = { rows: Array.from({ length: 20_000 }, (_, id) => ({ id, name: `row ${id}` })) };

  it("compresses with brotli around json() when nothing is said", () => {
    expect(compressed().format).toBe("brotli(json)");
  });

  it("compresses small payloads at once and large ones on a thread", async () => {
    for (const compression of ["brotli", "gzip", "zstd"] as const) {
      const serializer = compressed(json(), compression);
      expect(serializer.serialize({ small: 1 })).toBeInstanceOf(Array);
      const pending = serializer.serialize(large);
      expect(pending).toBeInstanceOf(Promise);
      const bytes = Buffer.concat(await pending);
      expect(bytes.length).toBeLessThan(JSON.stringify(large).length / 4);
      expect(await serializer.deserialize(bytes)).toEqual(large);
      await expect(Promise.resolve().then(() => serializer.deserialize(bytes.subarray(0, -10)))).rejects.toThrow(
        SerializationError,
      );
    }
  });

  it.each(["brotli", "gzip", "zstd"] as const)(
    "refuses bytes behind the end of a stream in %s",
    async (compression) => {
      const { decode, encode } = compressed(json(), compression).streams!;
      const bytes = await collect(encode(chunks(Buffer.from("some words"))));
      const more = [Buffer.from("x"), Buffer.alloc(3), randomBytes(100_000)];
      for (const each of more) {
        await expect(collect(decode(chunks(Buffer.concat([bytes, each]))))).rejects.toThrow(SerializationError);
        // A piece of its own, past what is gathered.
        const long = await collect(encode(chunks(randomBytes(100_000))));
        await expect(collect(decode(chunks(long, each)))).rejects.toThrow(SerializationError);
      }
      expect(String(await collect(decode(chunks(bytes))))).toBe("some words");
    },
  );

  it("has no streams where the serializer inside has none", () => {
    const { streams: _, ...noStreams } = json();
    expect(compressed(noStreams).streams).toBe(undefined);
    expect(encrypted(noStreams, "11".repeat(32)).streams).toBe(undefined);
    expect(signed(noStreams, "11".repeat(32)).streams).toBe(undefined);
  });

  it("lets nothing run on when the reader of a stream stops", async () => {
    const { encode } = compressed(json(), "gzip").streams!;
    let isReleased = false;
    async function* endless(): AsyncGenerator<Uint8Array, void> {
      try {
        for (;;) yield randomBytes(64 * 1024);
      } finally {
        isReleased = true;
      }
    }
    for await (const _ of encode(endless())) break;
    expect(isReleased).toBe(true);
    expect(process.getActiveResourcesInfo().filter((each) => /zlib/i.test(each))).toEqual([]);
  });

  it("hands on what the inner serializer refuses", () => {
    expect(refusal(compressed(), { f: () => 1 })).toMatchObject({ path: "result.f" });
  });
});

describe("serializerFor", () => {
  it.each(["json", "structured", "brotli(json)", "gzip(json)", "zstd(structured)", "brotli(gzip(json))"])(
    "finds %s",
    async (format) => {
      const serializer = serializerFor(format);
      expect(serializer.format).toBe(format);
      expect(serializerFor(format)).toBe(serializer);
      expect(await roundTrip(serializer, { at: new Date(5) })).toEqual({ at: new Date(5) });
    },
  );

  it("takes json() for a compression that names nothing inside", () => {
    expect(serializerFor("gzip").format).toBe("gzip(json)");
  });

  it.each(["", "msgpack", "gzip(msgpack)", "gzip(json", "json)", "(json)", "gzip()", "a b", ":x(json)", "msgpack:x"])(
    "says what is known where it does not know %j",
    (format) => {
      let error: unknown;
      try {
        serializerFor(format);
      } catch (thrown) {
        error = thrown;
      }
      expect(error).toBeInstanceOf(SerializationError);
      expect(error).toMatchObject({
        code: "OXBOW_RESULT_UNREADABLE",
        path: "",
        hint: expect.stringContaining("json, structured, brotli, gzip, zstd, encrypted, signed, readable, web-stream"),
      });
      expect((error as Error).message).toContain(`"${format}"`);
    },
  );

  it.each(["json:x", "gzip:9(json)", "json(structured)", "readable(json)", "signed:ci(json)"])(
    "refuses %s, which nobody writes",
    (format) => {
      expect(() => serializerFor(format)).toThrow(/cannot be used here/);
    },
  );

  it("hands an argument to what was registered", async () => {
    registerSerializer("shifted", (inner = json(), by = "1") => ({
      format: `shifted:${by}(${inner.format})`,
      serialize: async (value) => [Buffer.concat(await inner.serialize(value)).map((byte) => byte + Number(by))],
      deserialize: (bytes) => inner.deserialize(bytes.map((byte) => byte - Number(by))),
    }));
    const serializer = serializerFor("gzip(shifted:7(json))");
    expect(serializer.format).toBe("gzip(shifted:7(json))");
    expect(await roundTrip(serializer, [1])).toEqual([1]);
    expect(serializerFor("shifted").format).toBe("shifted:1(json)");
  });

  it("reads streams by what was registered", async () => {
    registerSerializer("flipped", (inner = json()) => ({
      format: `flipped(${inner.format})`,
      serialize: async (value) => (await inner.serialize(value)).map(flip),
      deserialize: (bytes) => inner.deserialize(flip(bytes)),
      streams: {
        encode: (source) => flipped(inner.streams!.encode(source)),
        decode: (source) => inner.streams!.decode(flipped(source)),
      },
    }));
    const stored = await collect(compressed(serializerFor("flipped")).streams!.encode(chunks(Buffer.from("words"))));
    const back = await serializerFor("brotli(flipped(readable))").deserialize(stored);
    expect(String(await collect(back as AsyncIterable<Uint8Array>))).toBe("words");
  });

  it("keeps the built-in names, and takes no name that is no word", () => {
    for (const name of ["json", "encrypted", "readable", "", "a b", "mine(json)", "mine:v2", ")"])
      expect(() => registerSerializer(name, json)).toThrow(/Cannot register a serializer as/);
    expect(serializerFor("json")).toBe(json());
  });

  it("finds what was registered, also around another format", async () => {
    registerSerializer("reversed", (inner) => ({
      format: `reversed(${inner!.format})`,
      serialize: async (value) => [Buffer.concat(await inner!.serialize(value)).reverse()],
      deserialize: (bytes) => inner!.deserialize(bytes.slice().reverse()),
    }));
    const serializer = serializerFor("gzip(reversed(json))");
    expect(serializer.format).toBe("gzip(reversed(json))");
    expect(await roundTrip(serializer, [1, undefined])).toEqual([1, undefined]);
  });
});

const flip = (bytes: Uint8Array): Uint8Array => Uint8Array.from(bytes, (byte) => byte ^ 0xff);

async function* flipped(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  for await (const chunk of source) yield flip(chunk);
}

async function* chunks(...all: readonly Uint8Array[]): AsyncGenerator<Uint8Array, void> {
  yield* all;
}

async function roundTrip(serializer: Serializer, value: unknown): Promise<unknown> {
  return serializer.deserialize(Buffer.concat(await serializer.serialize(value)));
}
