import { generateKeyPairSync, randomBytes } from "node:crypto";
import { inspect } from "node:util";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { serializerSamples, serializerSuite } from "../testing/serializer-suite.ts";
import { collect } from "../kernel/byte-source.ts";
import {
  compressed,
  encrypted,
  json,
  SerializationError,
  type Serializer,
  serializerFor,
  signed,
  structured,
} from "./index.ts";

const newKey = (): Buffer => randomBytes(32);
const key = newKey();
const jsonKeeps = serializerSamples.filter(
  (name) =>
    ![
      "objects around primitives",
      "an instance of a class",
      "an instance of a built-in's subclass",
      "a built-in with fields",
      "a key that is a symbol",
      "a cycle",
    ].includes(name),
);
serializerSuite({ describe, it }, "encrypted(json())", () => encrypted(json(), key), { keeps: jsonKeeps });
serializerSuite({ describe, it }, "encrypted(compressed(json()))", () => encrypted(compressed(json()), key), {
  keeps: jsonKeeps,
});

const written = async (serializer: Serializer, value: unknown): Promise<Buffer> =>
  Buffer.concat(await serializer.serialize(value));
async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array, void> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
}
const reasonOf = async (work: () => unknown): Promise<SerializationError> => {
  try {
    await work();
  } catch (error) {
    expect(error).toBeInstanceOf(SerializationError);
    expect(error).toMatchObject({ code: "OXBOW_RESULT_UNREADABLE" });
    return error as SerializationError;
  }
  throw new Error("nothing was thrown");
};

describe("encrypted()", () => {
  it("keeps values of any size, and shows nothing of them", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ max: 140_000, min: 0 }), async (size) => {
        const serializer = encrypted(json(), key);
        const text = "secret".padEnd(size, "secret");
        const bytes = await written(serializer, text);
        expect(bytes.includes("secret")).toBe(false);
        expect((await serializer.deserialize(bytes)) === text).toBe(true);
      }),
    );
  });

  it("writes the same value otherwise each time", async () => {
    const serializer = encrypted(json(), key);
    const [a, b] = [await written(serializer, 1), await written(serializer, 1)];
    expect(a.subarray(0, 9)).toEqual(b.subarray(0, 9));
    expect(a.subarray(9).equals(b.subarray(9))).toBe(false);
  });

  it("refuses every changed bit, every shorter and every longer payload", async () => {
    const serializer = encrypted(json(), key);
    const bytes = await written(serializer, "a few words");
    for (let at = 0; at < bytes.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const changed = Buffer.from(bytes);
        changed[at]! ^= 1 << bit;
        await reasonOf(() => serializer.deserialize(changed));
      }
      await reasonOf(() => serializer.deserialize(bytes.subarray(0, at)));
      await reasonOf(() => serializer.deserialize(Buffer.concat([bytes, bytes.subarray(0, at + 1)])));
    }
  });

  it("hands out nothing of a segment that was moved, left out, cut off or added", async () => {
    const serializer = encrypted(json(), key);
    const plain = randomBytes(3 * 65_536 + 10);
    const bytes = Buffer.from(await collect(serializer.streams!.encode(pieces(plain, 10_000))));
    const head = bytes.subarray(0, 25);
    const segments = [0, 1, 2, 3].map((each) => bytes.subarray(25 + each * 65_552, 25 + (each + 1) * 65_552));
    const forged: ReadonlyArray<readonly [orders: readonly number[], whole: number]> = [
      [[1, 0, 2, 3], 0],
      [[0, 2, 1, 3], 1],
      [[0, 2, 3], 1],
      [[0, 1, 3], 2],
      [[0, 1, 2], 2],
      [[0, 1, 2, 3, 3], 3],
      [[0, 1, 2, 2, 3], 3],
      [[3], 0],
      [[], 0],
    ];
    for (const [order, whole] of forged) {
      const stream = Buffer.concat([head, ...order.map((each) => segments[each]!)]);
      const seen: Uint8Array[] = [];
      await reasonOf(async () => {
        for await (const chunk of serializer.streams!.decode(pieces(stream, 50_000))) seen.push(chunk);
      });
      expect(Buffer.concat(seen).equals(plain.subarray(0, whole * 65_536)), String(order)).toBe(true);
    }
  });

  it("does not read what was written for another format", async () => {
    const bytes = await written(encrypted(json(), key), 1);
    for (const other of [
      encrypted(structured(), key),
      encrypted(compressed(json()), key),
      encrypted(encrypted(json(), key), key),
    ])
      expect((await reasonOf(() => other.deserialize(bytes))).message).toMatch(/stands under another format/);
    const stream = await collect(encrypted(json(), key).streams!.encode(pieces(Buffer.from("[1]"), 2)));
    await reasonOf(() => encrypted(json(), key).deserialize(stream));
    await reasonOf(() => collect(encrypted(compressed(json()), key).streams!.decode(pieces(stream, 100))));
  });
});

describe("the keys of encrypted()", () => {
  afterEach(() => {
    delete process.env.OXBOW_TEST_KEY;
  });

  it("are bytes, base64, base64url, hexadecimal digits, or in a variable", () => {
    process.env.OXBOW_TEST_KEY = `${key.toString("base64")}\n`;
    const { format } = encrypted(json(), key);
    expect(format).toMatch(/^encrypted:[0-9a-f]{16}\(json\)$/);
    for (const same of [
      new Uint8Array(key),
      key.toString("base64"),
      key.toString("base64url"),
      key.toString("hex"),
      key.toString("hex").toUpperCase(),
      "{{ env.OXBOW_TEST_KEY }}",
    ])
      expect(encrypted(json(), same).format).toBe(format);
  });

  it("are refused where they are none, and not shown", () => {
    const wrong = [
      "",
      "hunter2",
      randomBytes(31),
      randomBytes(33),
      key.toString("hex").slice(1),
      [],
      undefined,
      5,
      [undefined],
    ];
    for (const each of wrong) {
      let error: unknown;
      try {
        encrypted(json(), each as string);
      } catch (thrown) {
        error = thrown;
      }
      expect(error).toMatchObject({ code: "OXBOW_OPTION_INVALID" });
      expect(inspect(error)).not.toMatch(/hunter2/);
    }
    expect(() => encrypted(json(), "{{ env.OXBOW_TEST_KEY }}")).toThrow(/OXBOW_TEST_KEY is not set/);
  });

  it("are never shown", async () => {
    const secret = newKey();
    const serializer = encrypted(json(), secret);
    const error = await reasonOf(() => serializer.deserialize(Buffer.alloc(60)));
    const all = [
      inspect(serializer, { depth: 9, showHidden: true }),
      JSON.stringify(serializer),
      inspect(error, { depth: 9 }),
    ];
    for (const text of all) {
      expect(text).not.toContain(secret.toString("hex"));
      expect(text).not.toContain(secret.toString("base64"));
      expect(text).not.toContain(inspect(secret).slice(8, 40));
    }
  });

  it("rotate: the first writes, all read, by the format that the record names and by the bytes alone", async () => {
    const [old, next] = [newKey(), newKey()];
    const before = encrypted(compressed(json()), old);
    const bytes = await written(before, { a: 1 });
    const after = encrypted(compressed(json()), [next, old]);
    expect(after.format).toBe(encrypted(compressed(json()), next).format);
    expect(after.format).not.toBe(before.format);
    expect(await serializerFor(before.format).deserialize(bytes)).toEqual({ a: 1 });
    expect(await after.deserialize(bytes)).toEqual({ a: 1 });
    const stream = await collect(before.streams!.encode(pieces(Buffer.from("stream"), 2)));
    expect(String(await collect(after.streams!.decode(pieces(stream, 9))))).toBe("stream");
  });

  it("are asked for by their id where they are not known", async () => {
    const format = "encrypted:00112233445566ff(gzip(json))";
    expect((await reasonOf(() => serializerFor(format))).message).toMatch(
      /The key 00112233445566ff that encrypted this is not known here\n {2}hint: pass it in the list of keys/,
    );
    const bytes = await written(encrypted(json(), key), 1);
    bytes.fill(0xab, 1, 9);
    expect((await reasonOf(() => encrypted(json(), key).deserialize(bytes))).message).toMatch(
      /The key abababababababab /,
    );
    expect((await reasonOf(() => serializerFor("encrypted(json)"))).message).toMatch(/names no key/);
  });

  it("are not those of signatures: the same secret has another id there", () => {
    const id = signed(json(), key).seal!.sign(Buffer.from("x")).split(":")[1]!;
    expect(encrypted(json(), key).format).not.toContain(id);
  });

  it("hand a signature of the serializer inside on", () => {
    const { privateKey } = generateKeyPairSync("ed25519");
    const inner = signed(json(), { privateKey });
    expect(encrypted(inner, key).seal).toBe(inner.seal);
    expect(compressed(inner).seal).toBe(inner.seal);
    expect(encrypted(json(), key).seal).toBe(undefined);
  });
});
