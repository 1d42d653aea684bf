import { execFileSync } from "node:child_process";
import { cpSync, createReadStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Readable } from "node:stream";
import fc from "fast-check";
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects, parquetSchema } from "hyparquet";
import { parquetWriteBuffer } from "hyparquet-writer";
import Papa from "papaparse";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chunksOf, collect } from "../kernel/byte-source.ts";
import { SerializationError } from "../kernel/errors.ts";
import { fileFormatFor } from "./file-formats.ts";
import type { ReadableFile } from "./file-formats/file-format.ts";

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "oxbow-file-formats-"))));
afterAll(() => rmSync(folder, { recursive: true }));

const fileAt = (path: string): ReadableFile => ({ bytes: () => readFile(path), stream: () => createReadStream(path) });

async function write(name: string, value: unknown): Promise<string> {
  const content = await fileFormatFor(name).write(value);
  const chunks = Symbol.asyncIterator in content ? content : chunksOf(content);
  writeFileSync(join(folder, name), await collect(chunks));
  return join(folder, name);
}

const read = async (path: string): Promise<unknown> => await fileFormatFor(path).read(fileAt(path));
const through = async (name: string, value: unknown): Promise<unknown> => await read(await write(name, value));

function put(name: string, content: string | Uint8Array): string {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
}

async function refusal(work: Promise<unknown>): Promise<SerializationError> {
  const error = await work.then(
    () => new Error("nothing was thrown"),
    (reason: unknown) => reason,
  );
  if (error instanceof SerializationError) return error;
  throw error;
}

const unreadable = async (name: string, content: string | Uint8Array): Promise<string> => {
  const error = await refusal(read(put(name, content)));
  expect(error.code).toBe("OXBOW_RESULT_UNREADABLE");
  return error.message;
};

/** The path of what is refused, and why. */
const refused = async (name: string, value: unknown): Promise<readonly [path: string, message: string]> => {
  const error = await refusal(write(name, value));
  expect(error.code).toBe("OXBOW_RESULT_UNSERIALIZABLE");
  expect(error.hint).toBeTruthy();
  return [error.path, error.message];
};

class Point {
  x = 1;
}

describe("fileFormatFor()", () => {
  it.each([
    ["a/b.json", "json"],
    ["a/b.JSON", "json"],
    ["a.jsonl", "ndjson"],
    ["a.ndjson", "ndjson"],
    ["a.csv", "csv"],
    ["a.tsv", "tsv"],
    ["a.txt", "txt"],
    ["a.md", "md"],
    ["a.html", "html"],
    ["a.parquet", "parquet"],
    ["a.bin", "bin"],
    ["a.png", "bin"],
    ["a.json.gz", "bin"],
    ["a", "bin"],
    ["a.json/b", "bin"],
    ["a/.json", "bin"],
    [".json", "bin"],
    ["", "bin"],
  ])("%s is %s", (path, name) => expect(fileFormatFor(path).name).toBe(name));
});

describe(".json", () => {
  it("is what JSON.stringify writes with two spaces, and a line feed", async () => {
    const value = { a: [1, -0, "x\ud800"], "": null, deep: [[{}]], "~b": 1, toString: 2 };
    const path = await write("a.json", value);
    expect(readFileSync(path, "utf8")).toBe(`${JSON.stringify(value, null, 2).replace(" 0,", " -0,")}\n`);
    expect(await read(path)).toStrictEqual(value);
    expect(Object.is((JSON.parse(readFileSync(path, "utf8")) as { a: number[] }).a[1], -0)).toBe(true);
  });

  it("keeps all that JSON keeps", async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue({ stringUnit: "binary" }), async (value) => {
        expect(await through("property.json", value)).toStrictEqual(value);
      }),
    );
  });

  it("keeps a key that is called __proto__", async () => {
    const value = JSON.parse('{"__proto__":{"a":1}}') as object;
    expect(Object.keys((await through("proto.json", value)) as object)).toEqual(["__proto__"]);
  });

  const cycle: unknown[] = [];
  cycle.push({ me: cycle });
  it.each<[unknown, string, RegExp]>([
    [undefined, "result", /JSON has no undefined/],
    [{ a: [1, undefined] }, "result.a[1]", /undefined/],
    [{ a: undefined }, "result.a", /leave it out, or return null/],
    [{ a: { "b c": 1n } }, 'result.a["b c"]', /bigint/],
    [[Number.NaN], "result[0]", /NaN/],
    [Infinity, "result", /Infinity/],
    [{ m: new Map() }, "result.m", /JSON has no Map/],
    [{ d: new Date() }, "result.d", /JSON has no Date/],
    [{ b: Buffer.from("x") }, "result.b", /JSON has no Buffer/],
    [{ b: new Uint8Array(1) }, "result.b", /JSON has no Uint8Array/],
    [() => 1, "result", /function/],
    [[Symbol("s")], "result[0]", /symbol/],
    [{ [Symbol("s")]: 1 }, "result", /key that is a symbol/],
    [new Point(), "result", /JSON has no Point/],
    [Object.create(null), "result", /without a prototype/],
    [cycle, "result[0].me", /contains it/],
    [Object.assign([1], { a: 1 }), "result", /fields of its own/],
    // oxlint-disable-next-line no-sparse-arrays
    [[1, , 2], "result", /holes/],
    [Promise.resolve(), "result", /awaited/],
    [{ toJSON: (): number => 1 }, "result", /JSON has no Object/],
    [[new Boolean(true)], "result[0]", /JSON has no Boolean/],
    [/x/.exec("x"), "result", /fields of its own/],
    [
      {
        get a(): never {
          throw new Error("not now");
        },
      },
      "result.a",
      /not now/,
    ],
  ])("refuses value %#", async (value, path, message) => {
    const [at, said] = await refused("a.json", value);
    expect(at).toBe(path);
    expect(said).toMatch(message);
  });

  it("refuses what is nested too deeply, or leads to too much, without running out of anything", async () => {
    let deep: unknown = 1;
    for (let i = 0; i < 100_000; i++) deep = [deep];
    expect((await refused("a.json", deep))[1]).toMatch(/nested deeper/);
  });

  it("reads what others wrote, and nothing that is not JSON", async () => {
    expect(await read(put("b.json", "\uFEFF{}"))).toEqual({});
    expect(await unreadable("b.json", '{"a": "secret')).not.toContain("secret");
    expect(await unreadable("b.json", "")).toMatch(/not JSON/);
    expect(await unreadable("b.json", new Uint8Array([0x22, 0xff, 0x22]))).toMatch(/UTF-8/);
  });
});

describe(".ndjson", () => {
  it("is a value per line", async () => {
    const values = [{ a: 1 }, "line\nbreak\u2028", null, [2]];
    const path = await write("a.ndjson", values);
    const lines = readFileSync(path, "utf8").trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(values);
    expect(await read(path)).toStrictEqual(values);
    expect(await through("a.ndjson", [])).toEqual([]);
  });

  it("keeps arrays of all that JSON keeps", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.jsonValue()), async (value) => {
        expect(await through("property.jsonl", value)).toStrictEqual(value);
      }),
    );
  });

  function* counting(end: number, gone: () => void = () => undefined): Generator<unknown, void> {
    try {
      for (let i = 0; i < end; i++) yield { i, text: "é".repeat(100) };
    } finally {
      gone();
    }
  }

  it.each<[string, () => unknown]>([
    ["a generator", () => counting(5000)],
    ["a Readable", () => Readable.from(counting(5000))],
    ["a ReadableStream", () => ReadableStream.from(counting(5000))],
    ["an iterator", () => [...counting(5000)].values()],
  ])("takes %s", async (_, make) => {
    expect(fileFormatFor("a.ndjson").keeps(make())).toBe(false);
    expect(await through("stream.ndjson", make())).toStrictEqual([...counting(5000)]);
  });

  it("writes a stream as it comes, and ends it where the writer stops", async () => {
    let taken = 0;
    let ended = 0;
    async function* source(): AsyncGenerator<unknown, void> {
      try {
        for (; ; taken++) yield "x".repeat(10_000);
      } finally {
        ended++;
      }
    }
    const content = (await fileFormatFor("a.ndjson").write(source())) as AsyncIterable<Uint8Array>;
    for await (const chunk of content) {
      expect(chunk.byteLength).toBeLessThan(100_000);
      break;
    }
    expect([taken < 10, ended]).toEqual([true, 1]);
  });

  it("names the value of a stream that JSON cannot keep, and ends the stream", async () => {
    let ended = false;
    function* source(): Generator<unknown, void> {
      try {
        yield* [1, 2, { a: 1n }, 4];
      } finally {
        ended = true;
      }
    }
    expect(await refused("a.ndjson", source())).toEqual(["result[2].a", expect.stringContaining("bigint")]);
    expect(ended).toBe(true);
  });

  it.each([["text"], [new Set([1])], [new Map()], [{ a: 1 }], [undefined], [null], [7], [new Uint8Array(2)]])(
    "refuses %s",
    async (value) => {
      expect((await refused("a.ndjson", value))[1]).toMatch(/no list of values/);
    },
  );

  it("reads lines of others, and names the one that is damaged", async () => {
    expect(await read(put("b.ndjson", "\uFEFF1\r\n\n 2 \r\n3"))).toEqual([1, 2, 3]);
    expect(await unreadable("b.ndjson", '1\n{"a":\n3\n')).toMatch(/line 2 of ndjson/);
    expect(await unreadable("b.ndjson", new Uint8Array([0x22, 0xff, 0x22]))).toMatch(/UTF-8/);
    expect(await unreadable("b.ndjson", new Uint8Array([0x31, 0x0a, 0xc3]))).toMatch(/UTF-8/);
  });
});

describe.each([
  ["csv", ","],
  ["tsv", "\t"],
])(".%s", (extension, delimiter) => {
  const name = `a.${extension}`;

  it("is a line of names and a line per row, which papaparse reads", async () => {
    const rows = [
      { city: 'He said "hi"', note: "a,b\tc" },
      { city: "", note: " two\nlines\r\n " },
    ];
    const path = await write(name, rows);
    const parsed = Papa.parse(readFileSync(path, "utf8"), { header: true, delimiter, skipEmptyLines: true });
    expect(parsed.data).toEqual(rows);
    expect(await read(path)).toStrictEqual(rows);
    expect(fileFormatFor(name).keeps(rows)).toBe(true);
  });

  it("keeps all text in cells and names", async () => {
    const text = fc.oneof(
      fc.string({ unit: fc.constantFrom('"', ",", "\t", "\n", "\r", " ", "a", "\uFEFF", "'", ";", "=") }),
      fc.string({ unit: "binary" }),
    );
    const table = fc.uniqueArray(text, { minLength: 1, maxLength: 4 }).chain((columns) =>
      fc.array(
        fc
          .tuple(...columns.map(() => text))
          .map((cells) => Object.fromEntries(columns.map((column, i) => [column, cells[i]!]))),
        { maxLength: 5 },
      ),
    );
    await fc.assert(
      fc.asyncProperty(table, async (rows) => {
        expect(await through(name, rows)).toStrictEqual(rows);
      }),
      { numRuns: 500 },
    );
  });

  it("writes numbers, booleans and bigints as text, and says that they come back as text", async () => {
    const rows = [{ a: 1.5, b: true, c: 12n, d: -0 }];
    expect(await through(name, rows)).toEqual([{ a: "1.5", b: "true", c: "12", d: "-0" }]);
    expect(fileFormatFor(name).keeps(rows)).toBe(false);
  });

  it("takes arrays, the first of which holds the names", async () => {
    const lines = [
      ["a", "b"],
      [1, "x"],
    ];
    expect(await through(name, lines)).toEqual([{ a: "1", b: "x" }]);
    expect(fileFormatFor(name).keeps(lines)).toBe(false);
    expect(await through(name, [])).toEqual([]);
    expect(await through(name, [["a"]])).toEqual([]);
  });

  it.each<[unknown, string, RegExp]>([
    ["text", "result", /no table/],
    [undefined, "result", /no table/],
    [{ a: 1 }, "result", /no table/],
    [["text"], "result[0]", /no row/],
    [[{}], "result[0]", /without columns/],
    [[[]], "result[0]", /without columns/],
    [[{ a: 1 }, { b: 1 }], "result[1]", /no column "b"/],
    [[{ a: 1, b: 1 }, { b: 1 }], "result[1]", /column "a" is missing/],
    [[{ a: { b: 1 } }], "result[0].a", /no text/],
    [[{ a: [1] }], "result[0].a", /no text/],
    [[{ a: new Date() }], "result[0].a", /toISOString/],
    [[{ a: null }], "result[0].a", /empty string/],
    [[{ a: undefined }], "result[0].a", /empty string/],
    [[{ a: Number.NaN }], "result[0].a", /NaN/],
    [[{ a: "\ud800" }], "result[0].a", /half a character/],
    [[["a", "b"], [1]], "result[1]", /1 cells, and the first row 2/],
    [[["a", "a"]], "result[0]", /two are called "a"/],
    [[["a"], { a: 1 }], "result[1]", /this one is not/],
    [[["a"], [{}]], "result[1][0]", /no text/],
    [[new Point()], "result[0]", /no row/],
  ])("refuses value %#", async (value, path, message) => {
    const [at, said] = await refused(name, value);
    expect(at).toBe(path);
    expect(said).toMatch(message);
  });

  it("reads what others wrote, and nothing that is no table", async () => {
    expect(await read(put(name, `\uFEFFa${delimiter}b\r\n1${delimiter}"2"\r\n`))).toEqual([{ a: "1", b: "2" }]);
    expect(await read(put(name, "a\n1"))).toEqual([{ a: "1" }]);
    expect(await read(put(name, ""))).toEqual([]);
    expect(await unreadable(name, `a${delimiter}b\n1\n`)).toMatch(/row 1 has 1 cells, and there are 2 columns/);
    expect(await unreadable(name, `a${delimiter}a\n1${delimiter}2\n`)).toMatch(/two columns are called "a"/);
    expect(await unreadable(name, 'a\n"1\n')).toMatch(/quote without its partner/);
    expect(await unreadable(name, new Uint8Array([0xff]))).toMatch(/UTF-8/);
  });
});

describe(".txt", () => {
  it.each([
    [99, "99\n"],
    [-0, "-0\n"],
    [1e300, "1e+300\n"],
    [true, "true\n"],
    [null, "null\n"],
    ["99", "99"],
    ["true", "true"],
    ["", ""],
    ["two\nlines\n", "two\nlines\n"],
    ["1e3\n", "1e3\n"],
    ["\uFEFFx", "\uFEFFx"],
    ["99\r\n", "99\r\n"],
  ])("%s is %j, and comes back as what it was", async (value, text) => {
    const path = await write("a.txt", value);
    expect(readFileSync(path, "utf8")).toBe(text);
    expect(await read(path)).toBe(value);
  });

  it("keeps every string, number and boolean, or refuses it", async () => {
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.string({ unit: fc.constantFrom("1", "0", "\n", "-", ".", "e", "+") }),
    );
    await fc.assert(
      fc.asyncProperty(fc.oneof(text, fc.double({ noNaN: true }), fc.boolean()), async (value) => {
        const kept = await through("property.txt", value).catch(async (error: unknown) => {
          expect(error).toBeInstanceOf(SerializationError);
          return value;
        });
        expect(kept).toBe(value);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ["99\n", /read back as the number/],
    ["null\n", /read back/],
    ["\ud800", /half a character/],
    [Number.NaN, /NaN/],
    [12n, /no text/],
    [undefined, /no text/],
    [{ a: 1 }, /no text/],
    [new Date(0), /no text/],
    [Buffer.from("x"), /no text/],
  ])("refuses value %#", async (value, message) => {
    expect((await refused("a.txt", value))[1]).toMatch(message);
  });

  it("reads nothing that is not UTF-8", async () => {
    expect(await unreadable("a.txt", new Uint8Array([0xff]))).toMatch(/UTF-8/);
  });
});

describe(".md", () => {
  it("keeps strings, also those that look like numbers, and refuses all else", async () => {
    for (const text of ["# Title\n", "99\n", "null\n", ""]) expect(await through("a.md", text)).toBe(text);
    for (const value of [99, null, true, {}]) expect((await refused("a.md", value))[1]).toMatch(/no text/);
  });
});

describe(".bin and what is not known", () => {
  const bytes = Uint8Array.from({ length: 200_000 }, (_, i) => i % 251);

  it.each<[string, () => unknown, boolean]>([
    ["a Uint8Array", () => bytes, true],
    ["a Buffer", () => Buffer.from(bytes), false],
    ["an ArrayBuffer", () => bytes.buffer.slice(0), false],
    ["a Readable", () => Readable.from([bytes.subarray(0, 7), bytes.subarray(7)]), false],
    ["a ReadableStream", () => new Blob([bytes]).stream(), false],
    ["a Blob", () => new Blob([bytes]), false],
    ["a stream of ArrayBuffers", () => ReadableStream.from([bytes.buffer.slice(0)]), false],
    ["the body of a response", () => new Response(bytes).body, false],
  ])("takes %s, gives a Uint8Array", async (_, make, keeps) => {
    const format = fileFormatFor("a.bin");
    expect(format.keeps(make())).toBe(keeps);
    const found = await through("a.bin", make());
    expect(Object.getPrototypeOf(found)).toBe(Uint8Array.prototype);
    expect(Buffer.compare(found as Uint8Array, bytes)).toBe(0);
    expect(Buffer.compare(readFileSync(join(folder, "a.bin")), bytes)).toBe(0);
  });

  it("ends a stream where the writer stops", async () => {
    const stream = Readable.from([bytes, bytes]);
    for await (const _ of (await fileFormatFor("a").write(stream)) as AsyncIterable<Uint8Array>) break;
    expect(stream.destroyed).toBe(true);
  });

  it("hands on what goes wrong in a stream", async () => {
    const stream = new Readable({ read: () => void stream.destroy(new Error("cut off")) });
    await expect(write("a.bin", stream)).rejects.toThrow("cut off");
  });

  const gone = new Uint8Array(3);
  structuredClone(gone, { transfer: [gone.buffer] });
  it.each<[string, unknown, string, RegExp]>([
    ["a string", "text", "result", /a string is neither/],
    ["an object", { a: 1 }, "result", /an Object is neither/],
    ["undefined", undefined, "result", /undefined is neither/],
    ["an array of bytes", [1, 2], "result", /an Array is neither/],
    ["floats", new Float64Array(2), "result", /a Float64Array is neither/],
    ["bytes that have gone", gone, "result", /transferred away/],
  ])("refuses %s", async (_, value, path, message) => {
    expect(await refused("a.bin", value)).toEqual([path, expect.stringMatching(message)]);
  });

  it("refuses a stream of text, naming the chunk", async () => {
    const stream = Readable.from([Buffer.from("a"), "text"]);
    expect(await refused("a.bin", stream)).toEqual(["result[1]", expect.stringMatching(/a string is neither/)]);
    expect(stream.destroyed).toBe(true);
  });
});

describe(".parquet", () => {
  const rows = [
    {
      text: "é",
      flag: true,
      count: 1,
      ratio: 0.5,
      big: 2n ** 63n - 1n,
      at: new Date(-1),
      raw: new Uint8Array([255]),
      none: null,
    },
    {
      text: "",
      flag: false,
      count: -(2 ** 31),
      ratio: -0,
      big: -5n,
      at: new Date(8.64e15),
      raw: new Uint8Array(),
      none: null,
    },
    { text: null, flag: null, count: null, ratio: null, big: null, at: null, raw: null, none: null },
  ];

  it("has a typed column for each field, which hyparquet reads", async () => {
    const path = await write("a.parquet", rows);
    const file = await asyncBufferFromFile(path);
    expect(await parquetReadObjects({ file, utf8: false })).toEqual(rows);
    const schema = parquetSchema(await parquetMetadataAsync(file));
    expect(schema.children.map(({ element }) => [element.name, element.converted_type ?? element.type])).toEqual([
      ["text", "UTF8"],
      ["flag", "BOOLEAN"],
      ["count", "INT32"],
      ["ratio", "DOUBLE"],
      ["big", "INT64"],
      ["at", "TIMESTAMP_MILLIS"],
      ["raw", "BYTE_ARRAY"],
      ["none", "UTF8"],
    ]);
    expect(await read(path)).toStrictEqual(rows);
  });

  it("keeps tables of all types", async () => {
    const cells = [
      fc.string({ unit: "binary" }),
      fc.boolean(),
      fc.double(),
      fc.oneof(fc.integer(), fc.constantFrom(0, -0, Number.NaN)),
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      fc.date({ noInvalidDate: true }),
      fc.uint8Array().map((bytes) => Uint8Array.from(bytes)),
    ].map((each) => fc.option<unknown>(each));
    const name = fc.oneof(
      fc.string({ unit: "binary", maxLength: 5 }),
      fc.constantFrom("__proto__", "a.b", "0", "list"),
    );
    const table = fc
      .array(fc.tuple(name, fc.constantFrom(...cells)), { minLength: 1, maxLength: 5 })
      .map((columns) => [...new Map(columns)])
      .chain((columns) =>
        fc.array(
          fc
            .tuple(...columns.map(([, cell]) => cell))
            .map((row) => Object.fromEntries(columns.map(([column], i) => [column, row[i]]))),
          { maxLength: 30 },
        ),
      );
    await fc.assert(
      fc.asyncProperty(table, async (value) => {
        expect(await through("property.parquet", value)).toStrictEqual(value);
      }),
      { numRuns: 300 },
    );
  });

  it("keeps 0 and -0 apart, and many rows", async () => {
    expect(await through("a.parquet", [{ a: 0 }, { a: -0 }, { a: 0 }, { a: 0 }])).toStrictEqual([
      { a: 0 },
      { a: -0 },
      { a: 0 },
      { a: 0 },
    ]);
    const many = Array.from({ length: 120_000 }, (_, i) => ({ i, s: `s${i % 5}` }));
    const found = (await through("many.parquet", many)) as typeof many;
    expect(found.length).toBe(many.length);
    expect(found.every(({ i, s }, index) => i === index && s === `s${index % 5}`)).toBe(true);
  });

  it("an empty table is one", async () => {
    expect(await through("a.parquet", [])).toEqual([]);
  });

  it.each<[unknown, string, RegExp]>([
    ["text", "result", /no table/],
    [[{}], "result[0]", /without columns/],
    [[[1]], "result[0]", /no row/],
    [[{ a: 1 }, { a: 1, b: 2 }], "result[1]", /no column "b"/],
    [[{ a: 1 }, { a: "x" }], "result[1].a", /a string in a column of DOUBLE/],
    [[{ a: 1 }, { a: 1n }], "result[1].a", /a bigint in a column of DOUBLE/],
    [[{ a: undefined }], "result[0].a", /come back as null/],
    [[{ a: { b: 1 } }], "result[0].a", /nothing that a column can hold/],
    [[{ a: [1] }], "result[0].a", /nothing that a column can hold/],
    [[{ a: 2n ** 63n }], "result[0].a", /64 bits/],
    [[{ a: new Date(Number.NaN) }], "result[0].a", /date that is none/],
    [[{ a: Buffer.from("x") }], "result[0].a", /new Uint8Array\(buffer\)/],
    [[{ a: new URL("https://a.test") }], "result[0].a", /nothing that a column can hold/],
    [[{ a: () => 1 }], "result[0].a", /nothing that a column can hold/],
    [[{ a: "\ud800" }], "result[0].a", /half a character/],
  ])("refuses value %#", async (value, path, message) => {
    expect(await refused("a.parquet", value)).toEqual([path, expect.stringMatching(message)]);
  });

  it("reads columns of lists and objects that others wrote", async () => {
    const data = [{ b: [1, { c: 2 }] }, { b: [] }];
    const buffer = parquetWriteBuffer({
      columnData: [
        { name: "a", data, type: "JSON" },
        { name: "z", data: ["x", "y"] },
      ],
    });
    expect(await read(put("b.parquet", new Uint8Array(buffer)))).toEqual([
      { a: data[0], z: "x" },
      { a: data[1], z: "y" },
    ]);
  });

  it("reads nothing that is damaged", async () => {
    const whole = readFileSync(await write("a.parquet", rows));
    expect(await unreadable("b.parquet", whole.subarray(0, -20))).toMatch(/parquet/);
    expect(await unreadable("b.parquet", "no")).toMatch(/parquet/);
    expect(await unreadable("b.parquet", "")).toMatch(/parquet/);
  });
});

it("without the packages only .parquet is missing, and says which they are; nothing is loaded before it is used", () => {
  const elsewhere = mkdtempSync(join(tmpdir(), "oxbow-no-packages-"));
  const source = join(import.meta.dirname, "..");
  for (const part of ["kernel", "serializers"]) cpSync(join(source, part), join(elsewhere, part), { recursive: true });
  const script = `
    const { fileFormatFor } = await import("${pathToFileURL(join(elsewhere, "serializers/file-formats.ts")).href}");
    fileFormatFor("a.csv");
    try {
      fileFormatFor("a.parquet");
    } catch (error) {
      console.log(error.code, error.message);
    }`;
  writeFileSync(join(elsewhere, "package.json"), '{"type":"module"}');
  const args = ["--no-warnings", "--input-type=module", "-e", script];
  const printed = execFileSync(process.execPath, args, { cwd: elsewhere, encoding: "utf8" });
  rmSync(elsewhere, { recursive: true });
  expect(printed).toMatch(/^OXBOW_DRIVER_MISSING .*\n.*npm install hyparquet hyparquet-writer/);
});
