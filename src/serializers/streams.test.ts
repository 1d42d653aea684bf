import { PassThrough, Readable } from "node:stream";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { collect } from "../kernel/byte-source.ts";
import { compressed, encrypted, json, SerializationError, serializerFor, signed, structured } from "./index.ts";
import { itemsKind, streamFormat, type StreamKind, streamKindIn, streamKindOf } from "./streams.ts";

const key = "11".repeat(32);

async function* pieces(bytes: Uint8Array, cuts: readonly number[] = []): AsyncGenerator<Uint8Array, void> {
  let start = 0;
  for (const end of [...cuts.map((each) => each % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]) {
    yield bytes.slice(start, end);
    start = end;
  }
}

const webStream = (bytes: Uint8Array): ReadableStream => ReadableStream.from(pieces(bytes));
const readable = (bytes: Uint8Array): Readable => Readable.from([Buffer.from(bytes)], { objectMode: false });
const bytesIn = async (value: unknown): Promise<Buffer> => {
  if (value instanceof Blob) return Buffer.from(await value.arrayBuffer());
  return Buffer.from(await collect(value as AsyncIterable<Uint8Array>));
};
async function list(items: unknown): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const item of items as AsyncIterable<unknown>) all.push(item);
  return all;
}
const again = (kind: StreamKind, value: unknown): unknown => kind.open(kind.chunks(value));

describe("streamKindOf", () => {
  it.each([
    ["readable", () => readable(Buffer.from("x"))],
    ["readable", () => new PassThrough()],
    ["web-stream", () => webStream(Buffer.from("x"))],
    ["web-stream", () => new Response("x").body],
    ["blob", () => new Blob(["x"])],
    ["blob", () => new File(["x"], "x.txt")],
    ["blob", () => new Blob(["xyz"]).slice(1)],
  ])("knows a %s", (name, make) => {
    expect(streamKindOf(make())?.name).toBe(name);
  });

  it("takes everything else for a value", () => {
    const others: unknown[] = [
      undefined,
      null,
      1,
      "text",
      {},
      [],
      { pipe: 1, getReader: 1, arrayBuffer: 1 },
      Object.create(null),
      new Map(),
      Buffer.from("x"),
      (async function* () {})(),
      new Response("x"),
      Readable.from(["object mode"]),
      new (class Special extends Blob {})([]),
      new Proxy(new Blob([]), {
        getPrototypeOf() {
          throw new Error("trap");
        },
      }),
    ];
    for (const value of others) expect(streamKindOf(value)).toBe(undefined);
  });
});

describe("streamFormat and streamKindIn", () => {
  it.each([
    ["json", "readable", "readable"],
    ["gzip(json)", "readable", "gzip(readable)"],
    ["signed(encrypted:0123456789abcdef(gzip(json)))", "blob", "signed(encrypted:0123456789abcdef(gzip(blob)))"],
    ["gzip(json)", "items(json)", "gzip(items(json))"],
    ["gzip(items(gzip(json)))", "web-stream", "gzip(web-stream)"],
    ["gzip(mine:v2)", "readable", "gzip(readable)"],
  ])("%s and %s give %s", (format, kind, whole) => {
    expect(streamFormat(format, kind)).toBe(whole);
    expect(streamKindIn(whole, serializerFor)?.name).toBe(kind);
    expect(streamKindIn(format, serializerFor)?.name.startsWith("items") ?? false).toBe(format.includes("items"));
  });

  it("are not misled by what is no format", () => {
    for (const format of [
      "",
      "(",
      "gzip(",
      "readable(json)",
      "readable:x",
      "items",
      "items:x",
      "gzip(readable",
      ")(readable)",
    ])
      expect(streamKindIn(format, serializerFor)).toBe(undefined);
  });

  it("hand on that the serializer of items is not known", () => {
    expect(() => streamKindIn("gzip(items(msgpack))", serializerFor)).toThrow(/Unknown serializer format "msgpack"/);
  });
});

const layers = [
  json(),
  structured(),
  ...(["brotli", "gzip", "zstd"] as const).map((each) => compressed(json(), each)),
  encrypted(json(), key),
  encrypted(compressed(json(), "gzip"), key),
  compressed(encrypted(json(), key), "brotli"),
  signed(compressed(json(), "zstd"), key),
  encrypted(signed(encrypted(compressed(json()), key), key), key),
];

describe("a stream through layers, stored and read by its format", () => {
  const values: ReadonlyArray<readonly [make: (bytes: Uint8Array) => unknown]> = [
    [readable],
    [webStream],
    [(bytes) => new Blob([Buffer.from(bytes)], { type: "image/png" })],
  ];

  it.each(layers)("$format", async ({ format, streams }) => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 300 }),
        fc.nat(2),
        fc.array(fc.nat(), { maxLength: 5 }),
        async (bytes, which, cuts) => {
          const value = values[which]![0](bytes);
          const kind = streamKindOf(value)!;
          const stored = await collect(streams!.encode(kind.chunks(value)));
          const reader = serializerFor(streamFormat(format, kind.name));
          const asStream = await kind.open(reader.streams!.decode(pieces(stored, cuts)));
          expect(streamKindOf(asStream)?.name).toBe(kind.name);
          expect((await bytesIn(asStream)).equals(bytes)).toBe(true);
          expect((await bytesIn(await reader.deserialize(stored))).equals(bytes)).toBe(true);
        },
      ),
      { numRuns: 60 },
    );
  });

  it.each(layers)("$format, with items", async ({ format, streams }) => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.anything()), fc.array(fc.nat(), { maxLength: 5 }), async (items, cuts) => {
        const known = items.map((item) => JSON.stringify(item) ?? null);
        const kind = itemsKind(json());
        const stored = await collect(streams!.encode(kind.chunks(known)));
        const reader = serializerFor(streamFormat(format, kind.name));
        expect(await list(kind.open(reader.streams!.decode(pieces(stored, cuts))))).toEqual(known);
        expect(await list(await reader.deserialize(stored))).toEqual(known);
      }),
      { numRuns: 40 },
    );
  });
});

describe("serializerFor a kind of stream", () => {
  it.each(["readable", "gzip(readable)", "web-stream", "blob", "items(json)", "zstd(items(structured))"])(
    "writes and reads %s whole",
    async (format) => {
      const serializer = serializerFor(format);
      expect(serializer.format).toBe(format);
      const source = Buffer.from("bytes of a stream");
      const value = /items/.test(format)
        ? [1, new Date(2)]
        : ({ "web-stream": webStream(source), blob: new Blob([source]) }[format] ?? readable(source));
      const back = await serializer.deserialize(new Uint8Array(Buffer.concat(await serializer.serialize(value))));
      if (Array.isArray(value)) expect(await list(back)).toEqual(value);
      else expect(await bytesIn(back)).toEqual(source);
    },
  );
});

describe("a Readable", () => {
  it.each<readonly [what: string, make: () => Readable, why: RegExp]>([
    ["in object mode", () => Readable.from(["a"]), /object mode gives values, not bytes/],
    ["with an encoding", () => readable(Buffer.from("x")).setEncoding("latin1"), /encoding latin1 gives text/],
    [
      "that somebody has read from",
      () => {
        const stream = new PassThrough();
        stream.write("ab");
        stream.read(1);
        return stream;
      },
      /read from already/,
    ],
  ])("%s is refused, by name", (_, make, why) => {
    const { chunks } = serializerForKind("readable");
    expect(() => chunks(make())).toThrow(SerializationError);
    expect(() => chunks(make())).toThrow(why);
  });

  it("comes back as one of bytes, and its error is that of the source", async () => {
    const failure = new Error("half-way");
    const back = serializerForKind("readable").open(
      (async function* () {
        yield Buffer.from("first");
        throw failure;
      })(),
    ) as Readable;
    expect(back.readableObjectMode).toBe(false);
    const seen: unknown[] = [];
    await expect(
      (async () => {
        for await (const chunk of back) seen.push(String(chunk));
      })(),
    ).rejects.toBe(failure);
    expect(seen).toEqual(["first"]);
  });

  it("passes on the error of the stream that is stored", async () => {
    const failing = new Readable({
      read() {
        this.destroy(new Error("the socket is gone"));
      },
    });
    await expect(collect(serializerForKind("readable").chunks(failing))).rejects.toThrow("the socket is gone");
  });

  it("reads nothing before it is read, and releases the source when it is destroyed", async () => {
    const source = new Source();
    const back = serializerForKind("readable").open(source) as Readable;
    await turn();
    expect(source.reads).toBe(0);
    await new Promise((resolve) => back.once("readable", resolve));
    back.destroy();
    await new Promise((resolve) => back.once("close", resolve));
    expect(source.isReleased).toBe(true);
  });
});

describe("a ReadableStream", () => {
  const kind = serializerForKind("web-stream");

  it("that is read already is refused", async () => {
    const locked = webStream(Buffer.from("x"));
    locked.getReader();
    expect(() => kind.chunks(locked)).toThrow(/being read already/);
    const used = webStream(Buffer.from("x"));
    await used.cancel();
    expect(() => kind.chunks(used)).toThrow(/being read already/);
  });

  it("that gives texts is refused when it does", async () => {
    await expect(collect(kind.chunks(ReadableStream.from(["text"])))).rejects.toThrow(/no Uint8Array but string/);
  });

  it("comes back as one of bytes that can be read byob, and leaves the memory of its source alone", async () => {
    const memory = Buffer.from("0123456789");
    const back = kind.open(pieces(memory, [0, 0, 4])) as ReadableStream;
    const reader = back.getReader({ mode: "byob" });
    let text = "";
    for (;;) {
      const { done, value } = await reader.read(new Uint8Array(3));
      if (done) break;
      text += Buffer.from(value).toString();
    }
    expect(text).toBe("0123456789");
    expect(memory.buffer.byteLength).toBeGreaterThan(0);
    expect(await new Response(again(kind, webStream(memory)) as ReadableStream).text()).toBe("0123456789");
  });

  it("reads nothing before it is read, passes errors on, and releases the source when it is cancelled", async () => {
    const source = new Source();
    const back = kind.open(source) as ReadableStream;
    await turn();
    expect(source.reads).toBe(0);
    const reader = back.getReader();
    await reader.read();
    await reader.cancel();
    expect(source.isReleased).toBe(true);
    const failure = new Error("half-way");
    const failing = kind.open(
      (async function* () {
        yield* [];
        throw failure;
      })(),
    ) as ReadableStream;
    await expect(failing.getReader().read()).rejects.toBe(failure);
  });
});

describe("a Blob", () => {
  const kind = serializerForKind("blob");

  it("keeps its type, and a File its name and time", async () => {
    const blob = (await again(kind, new Blob(["<p>"], { type: "text/html;charset=utf-8" }))) as Blob;
    expect(blob).not.toBeInstanceOf(File);
    expect([blob.type, await blob.text()]).toEqual(["text/html;charset=utf-8", "<p>"]);
    const made = new File(["a\nb"], 'ä "\n.txt', { type: "text/plain", lastModified: 1789 });
    const file = (await again(kind, made)) as File;
    expect([file.constructor, file.name, file.lastModified, file.type]).toEqual([File, made.name, 1789, "text/plain"]);
    expect(await file.text()).toBe("a\nb");
  });

  it.each(["", "no json\n", "null\n", "{}\n", '{"type":1}\n', '{"type":"","name":"x"}\n', '{"type":"text/plain"}'])(
    "with a first line of %j is refused",
    async (line) => {
      await expect((async () => kind.open(pieces(Buffer.from(line))))()).rejects.toMatchObject({
        code: "OXBOW_RESULT_UNREADABLE",
      });
    },
  );
});

describe("items", () => {
  const kind = itemsKind(json());
  const stored = (): Promise<Uint8Array> => collect(kind.chunks([{ a: 1 }, "two", undefined]));

  it("are values of any type, one by one", async () => {
    const values = [new Date(1), undefined, new Map([[1, 2]]), Uint8Array.of(1, 2, 3)];
    async function* source(): AsyncGenerator<unknown, void> {
      yield* values;
    }
    expect(await list(again(kind, source()))).toEqual(values);
    expect(await list(again(kind, []))).toEqual([]);
  });

  it("that were cut off at any byte are refused, after those that are whole", async () => {
    const bytes = await stored();
    for (let length = 0; length < bytes.length; length++) {
      const seen: unknown[] = [];
      const reading = (async () => {
        for await (const item of kind.open(pieces(bytes.slice(0, length))) as AsyncIterable<unknown>) seen.push(item);
      })();
      await expect(reading).rejects.toMatchObject({ code: "OXBOW_RESULT_UNREADABLE" });
      expect(seen).toEqual([{ a: 1 }, "two", undefined].slice(0, seen.length));
    }
  });

  it("with bytes behind their end are refused", async () => {
    for (const more of ["x", "\0\0\0\0"]) {
      const reading = list(kind.open(pieces(Buffer.concat([await stored(), Buffer.from(more)]))));
      await expect(reading).rejects.toThrow(/bytes behind its end/);
    }
  });

  it("name the one that cannot be written", async () => {
    await expect(collect(kind.chunks([1, { rows: [() => 1] }]))).rejects.toMatchObject({
      code: "OXBOW_RESULT_UNSERIALIZABLE",
      path: "result[1].rows[0]",
      message: expect.stringMatching(/^Cannot serialize result\[1\]\.rows\[0\]: a function/),
    });
  });

  it("release their generator when the reader stops", async () => {
    let isReleased = false;
    async function* endless(): AsyncGenerator<string, void> {
      try {
        for (;;) yield "x".repeat(1000);
      } finally {
        isReleased = true;
      }
    }
    const chunks = kind.chunks(endless())[Symbol.asyncIterator]();
    await chunks.next();
    await chunks.return?.();
    expect(isReleased).toBe(true);
  });

  it("cannot be signed one by one", () => {
    expect(() => itemsKind(signed(json(), key))).toThrow(/sign around them/);
  });

  it("are given by iterables alone", () => {
    for (const value of [undefined, 1, "text", {}]) expect(() => kind.chunks(value)).toThrow(/gives no items/);
  });
});

describe("a stream where a value is expected", () => {
  it.each([json(), structured()])("is refused by its path: $format", ({ serialize }) => {
    expect(() => serialize({ body: readable(Buffer.from("x")) })).toThrow(
      /result\.body: a Readable can be stored as a result, but not inside one/,
    );
    expect(() => serialize([new Blob(["x"])])).toThrow(/result\[0\]: a Blob can be stored as a result/);
    expect(() => serialize(Readable.from(["x"]))).toThrow(/result: a Readable in object mode gives values, not bytes/);
  });
});

function serializerForKind(name: string): StreamKind {
  return streamKindIn(name, serializerFor)!;
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Pieces without end. */
class Source implements AsyncIterable<Uint8Array> {
  reads = 0;
  isReleased = false;

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void> {
    try {
      for (;;) {
        this.reads++;
        yield Buffer.alloc(100_000);
      }
    } finally {
      this.isReleased = true;
    }
  }
}
