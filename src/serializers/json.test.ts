import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { json, SerializationError, type Serializer, structured } from "./index.ts";

const bytesOf = (value: unknown): Buffer => Buffer.concat(json().serialize(value) as readonly Uint8Array[]);
const textOf = (value: unknown): string => bytesOf(value).toString();
const read = (text: string | Uint8Array): unknown =>
  json().deserialize(typeof text === "string" ? Buffer.from(text) : text);

describe("json()", () => {
  it("writes plain data as plain JSON, byte for byte", () => {
    const value = { b: [1, "zwei", null, true], a: { nested: {} } };
    expect(textOf(value)).toBe(JSON.stringify(value));
    expect(textOf("text")).toBe('"text"');
    expect(textOf(undefined)).toBe('{"~undefined":true}');
  });

  it("writes what JSON has no word for so that people can read it", () => {
    expect(textOf({ at: new Date(0), big: 12n, "~mine": [-0, /a/g] })).toBe(
      '{"at":{"~Date":0},"big":{"~bigint":"12"},"~~mine":[{"~number":"-0"},{"~RegExp":["a","g",0]}]}',
    );
  });

  it("writes bytes as they are, behind the text and aligned", () => {
    const chunks = json().serialize({
      image: Uint8Array.of(1, 2, 3),
      more: Float64Array.of(1),
    }) as readonly Uint8Array[];
    const text = '{"image":{"~Uint8Array":[0,3]},"more":{"~Float64Array":[8,8]}}';
    const bytes = Buffer.concat(chunks);
    const start = Math.ceil((text.length + 1) / 8) * 8;
    expect(bytes.subarray(0, start).toString()).toBe(`${text.padEnd(start - 1)}\n`);
    expect([...bytes.subarray(start, start + 8)]).toEqual([1, 2, 3, 0, 0, 0, 0, 0]);
    expect(bytes.length).toBe(start + 16);
  });

  it("copies large bytes neither when writing nor when reading", () => {
    const value = Buffer.alloc(1_000_000, "oxbow");
    const chunks = json().serialize({ value }) as readonly Uint8Array[];
    expect(chunks.some((chunk) => chunk.buffer === value.buffer && chunk.byteOffset === value.byteOffset)).toBe(true);
    const stored = new Uint8Array(Buffer.concat(chunks));
    const { value: back } = read(stored) as { value: Buffer };
    expect(back.equals(value)).toBe(true);
    expect(back.buffer).toBe(stored.buffer);
  });

  it("does not keep a large payload in memory for the sake of a few bytes of it", () => {
    const stored = new Uint8Array(bytesOf({ small: Uint8Array.of(1), large: Buffer.alloc(100_000) }));
    expect((read(stored) as { small: Uint8Array }).small.buffer.byteLength).toBe(1);
  });

  it("restores errors with their class, message, stack, cause and fields", () => {
    const error = Object.assign(new TypeError("broken", { cause: new RangeError("inner") }), {
      code: "E",
      extra: new Date(1),
    });
    const back = read(bytesOf(error)) as typeof error;
    expect(back).toBeInstanceOf(TypeError);
    expect(back.stack).toBe(error.stack);
    expect(back.cause).toBeInstanceOf(RangeError);
    expect(Object.keys(back)).toEqual(["code", "extra"]);
    expect(back.extra).toEqual(new Date(1));
    expect(Object.getOwnPropertyDescriptor(back, "message")?.enumerable).toBe(false);
  });

  it("never sets a prototype from data", () => {
    const value = read('{"__proto__":{"polluted":1},"list":[{"~~x":1,"__proto__":{"polluted":1}}]}') as {
      list: object[];
    };
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(Object.getPrototypeOf(value.list[0])).toBe(Object.prototype);
    expect(Object.keys(value)).toContain("__proto__");
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it("refuses tags that it does not know, as a newer release's", () => {
    expect(() => read('{"~Temporal":"2026"}')).toThrow(
      /the tag ~Temporal is unknown: a newer release may have written it/,
    );
  });

  it.each([
    '{"~Date":"1970"}',
    '{"~Date":1.5}',
    '{"~Date":1e17}',
    '{"~Date":{"~undefined":true}}',
    '{"~number":"1"}',
    '{"~number":"toString"}',
    '{"~bigint":"0x1"}',
    '{"~bigint":""}',
    '{"~URL":"not a url"}',
    '{"~RegExp":["(","",0]}',
    '{"~RegExp":["a","zz",0]}',
    '{"~RegExp":["a"]}',
    '{"~Map":[1]}',
    '{"~Map":[[1]]}',
    '{"~Map":{}}',
    '{"~Set":{}}',
    '{"~Array":[-1,{}]}',
    '{"~Array":[1,{"1":0}]}',
    '{"~Array":[1e10,{}]}',
    '{"~Array":[1,[]]}',
    '{"~Array":[1,{"length":5}]}',
    '{"~nullPrototype":[]}',
    '{"~Error":["Error",{},[]]}',
    '{"~Error":["Account",{},{}]}',
    '{"~Error":["Error",{"name":1},{}]}',
    '{"~Error":"Error"}',
    '{"~Date":0,"a":1}',
    '{"~":1}',
    '{"a":{"~Date":0,"~Map":[]}}',
    '{"~Uint8Array":[0,1]}',
    '{"~Uint8Array":[0,1]}\n',
    '{"~Uint8Array":[0,9]}\n12345678',
    '{"~Uint8Array":[4,4]}\n12345678',
    '{"~Uint8Array":[-8,8]}\n12345678',
    '{"~Float64Array":[0,4]}\n12345678',
    '{"~Uint8Array":[0,8]}\n1234567812345678',
    '{"~Uint8Array":[0,"8"]}\n12345678',
    '{"~Buffer":8}\n12345678',
    "{}\n12345678",
    "[1,2",
    "1 2",
    "[".repeat(100_000),
    `${'{"~Set":['.repeat(50_000)}${"]}".repeat(50_000)}`,
  ])("refuses a text that it never writes: %.60s", (text) => {
    let error: unknown;
    try {
      read(text);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(SerializationError);
    expect(error).toMatchObject({ code: "OXBOW_RESULT_UNREADABLE", path: "" });
  });

  it("refuses a text that is not UTF-8", () => {
    expect(() => read(Uint8Array.of(0x22, 0xff, 0x22))).toThrow(/not UTF-8/);
  });

  it("refuses what is nested too deeply, and by its path", () => {
    let deep: unknown = 1;
    for (let i = 0; i < 2000; i++) deep = [deep];
    expect(() => json().serialize(deep)).toThrow(/Cannot serialize result\[0\].*nested deeper than 1000 levels/);
  });
});

const key = fc.oneof(fc.string(), fc.constantFrom("__proto__", "~", "~Date", "~~", "constructor", "0", "10"));
// Node 22 takes two invalid dates for different.
const validDate = fc.date({ noInvalidDate: true });
const leaf = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string(),
  fc.double(),
  fc.integer(),
  fc.bigInt(),
  validDate,
  fc.constantFrom<unknown>(null, undefined, true, -0, Number.NaN, "\ud800", "~Date"),
  fc.webUrl().map((url) => new URL(url)),
  fc.uint8Array(),
  fc.float64Array(),
  fc.bigInt64Array(),
  fc.uint16Array().map((items) => items.subarray(1)),
  fc.uint8Array().map((items) => Buffer.from(items)),
  fc.uint8Array().map((items) => items.slice().buffer),
);
// Small ones: what is compared is types in each other, and isDeepStrictEqual tries every pair of two sets.
const few = { maxLength: 4 };
const { data } = fc.letrec((tie) => ({
  item: fc.oneof({ maxDepth: 3 }, leaf, tie("data")),
  data: fc.oneof(
    leaf,
    fc.array(tie("item"), few),
    fc.sparseArray(tie("item"), { ...few, maxNumElements: 3 }),
    fc.dictionary(key, tie("item"), { maxKeys: 4 }),
    fc.array(tie("item"), few).map((items) => new Set(items)),
    fc.array(fc.tuple(tie("item"), tie("item")), few).map((entries) => new Map(entries)),
    fc
      .tuple(fc.string(), tie("item"), fc.dictionary(fc.constantFrom("code", "errno", "details"), tie("item")))
      .map(([message, cause, fields]) => Object.assign(new RangeError(message, { cause }), fields)),
  ),
}));

const roundTrip = async (serializer: Serializer, value: unknown): Promise<unknown> =>
  serializer.deserialize(new Uint8Array(Buffer.concat(await serializer.serialize(value))));

describe("any value", () => {
  it("comes back from json() as it was", async () => {
    await fc.assert(
      fc.asyncProperty(data, async (value) => isDeepStrictEqual(await roundTrip(json(), value), value)),
      { numRuns: 1000 },
    );
  });

  it("comes back from structured() as it was, or is refused", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.anything({
          values: [
            fc.string({ unit: "binary" }),
            fc.double(),
            fc.boolean(),
            fc.constantFrom(null, undefined, -0),
            validDate,
          ],
          withBigInt: true,
          withBoxedValues: true,
          withDate: false,
          withMap: true,
          withNullPrototype: true,
          withSet: true,
          withSparseArray: true,
          withTypedArray: true,
        }),
        async (value) => {
          try {
            return isDeepStrictEqual(await roundTrip(structured(), value), value);
          } catch (error) {
            return error instanceof SerializationError && /without a prototype/.test(error.message);
          }
        },
      ),
      { numRuns: 1000 },
    );
  });

  it("with damaged bytes is read as some value or refused, by json() and by structured()", async () => {
    for (const serializer of [json(), structured()]) {
      await fc.assert(
        fc.asyncProperty(
          fc.array(
            fc.oneof(
              fc.string(),
              fc.uint8Array(),
              fc.date(),
              fc.bigInt(),
              fc.dictionary(key, fc.string(), { noNullPrototype: true }),
            ),
          ),
          fc.nat(),
          fc.nat(255),
          async (value, at, byte) => {
            const bytes = new Uint8Array(Buffer.concat(await serializer.serialize(value)));
            bytes[at % bytes.length] = byte;
            try {
              await serializer.deserialize(bytes);
            } catch (error) {
              return error instanceof SerializationError;
            }
            return true;
          },
        ),
        { numRuns: 1000 },
      );
    }
  });
});
