import { Socket } from "node:net";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { HashError } from "../kernel/errors.ts";
import { digestOf, encode, hashText } from "./encode.ts";
import { registerStabilizer } from "./stabilizers.ts";

class A {
  x = 1;
}
const OtherA = class A {
  x = 1;
};
class B {
  x = 1;
}
class SubA extends A {}
class Timestamp extends Date {
  zone = "UTC";
}
class Methods {
  color = "#fff";
  #double(): string {
    return this.color + this.color;
  }
  twice(): string {
    return this.#double();
  }
}
class Chosen {
  #id: number;
  constructor(id: number) {
    this.#id = id;
  }
  [Symbol.for("oxbow.cacheKey")](): unknown {
    return { id: this.#id };
  }
}
class Money {
  #cents: number;
  constructor(cents: number) {
    this.#cents = cents;
  }
  toJSON(): unknown {
    return { cents: this.#cents };
  }
}

const loop = (): unknown => {
  const node: Record<string, unknown> = { a: 1 };
  node["self"] = node;
  return node;
};
const pair = (): unknown => {
  const one: Record<string, unknown> = { a: 1 };
  one["other"] = { a: 1, other: one };
  return one;
};
const views = (bytes: ArrayBuffer): ArrayBufferView[] => [
  new Uint8Array(bytes),
  new Int8Array(bytes),
  new Uint8ClampedArray(bytes),
  new Uint16Array(bytes),
  new Int16Array(bytes),
  new Uint32Array(bytes),
  new Int32Array(bytes),
  new Float32Array(bytes),
  new Float64Array(bytes),
  new BigInt64Array(bytes),
  new BigUint64Array(bytes),
  new DataView(bytes),
];
const shared = { s: 1 };
const withFields = <T extends object>(target: T, fields: object): T => Object.assign(target, fields);
const wide = (text: string): string => (text + "\u1234").slice(0, -1);
const holey = (...items: unknown[]): unknown[] => {
  const array = new Array<unknown>(items.length + 8);
  for (const [index, item] of items.entries()) array[index] = item;
  array.length = items.length;
  return array;
};

const equal: ReadonlyArray<readonly [title: string, a: unknown, b: unknown]> = [
  ["key order", { a: 1, b: 2 }, { b: 2, a: 1 }],
  ["key order deep inside", [{ x: { a: 1, b: { c: 1, d: 2 } } }], [{ x: { b: { d: 2, c: 1 }, a: 1 } }]],
  ["key order with numeric keys", { 10: 1, 9: 2, a: 3 }, { a: 3, 9: 2, 10: 1 }],
  [
    "order of Map entries",
    new Map([
      ["a", 1],
      ["b", 2],
    ]),
    new Map([
      ["b", 2],
      ["a", 1],
    ]),
  ],
  [
    "order of Map entries with object keys",
    new Map([
      [{ a: 1 }, 1],
      [{ b: 1 }, 2],
    ]),
    new Map([
      [{ b: 1 }, 2],
      [{ a: 1 }, 1],
    ]),
  ],
  ["order of Set items", new Set([1, "1", { a: 1 }]), new Set([{ a: 1 }, "1", 1])],
  ["-0 and 0", [-0, Object(-0)], [0, Object(0)]],
  ["NaN", Number.NaN, 0 / 0],
  ["shared reference and copies", [shared, shared], [{ s: 1 }, { s: 1 }]],
  ["cycles of one shape", loop(), loop()],
  ["cycles through two objects", pair(), pair()],
  ["prototype-less and plain", Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
  [
    "an object of another realm",
    runInNewContext("({ a: [1, new Date(5), new Map([[1, 2]])] })"),
    { a: [1, new Date(5), new Map([[1, 2]])] },
  ],
  ["a slice and its copy", Uint8Array.of(0, 0, 0, 1, 2).subarray(3), Uint8Array.of(1, 2)],
  ["a Buffer from the pool and one of its own", Buffer.from("abc"), Buffer.concat([Buffer.alloc(3, "abc")])],
  ["a string on one or two bytes", wide("plain"), "plain"],
  ["a number as small integer or double", (2 ** 31 + 5) / 2 ** 31, 1 + 5 / 2 ** 31],
  ["a packed and a holey array", holey(1, 2), [1, 2]],
  ["lastIndex of a RegExp", withFields(/a/g, { lastIndex: 2 }), /a/g],
  ["stack of an Error", new Error("m"), new Error("m")],
  ["toJSON of a plain object", { toJSON: () => ({ a: 1 }) }, { a: 1 }],
  ["instances of classes with one name", new A(), new OtherA()],
  ["private methods, which are no state", new Methods(), new Methods()],
  ["what a class chose", new Chosen(1), new Chosen(1)],
  ["toJSON of a class", new Money(1), new Money(1)],
  ["keys that are symbols", { [Symbol("a")]: 1, b: 2 }, { b: 2 }],
  ["order of Headers", new Headers({ b: "2", a: "1" }), new Headers({ A: "1", B: "2" })],
];

const different: ReadonlyArray<readonly [title: string, ...values: unknown[]]> = [
  [
    "1 in all types",
    1,
    "1",
    1n,
    true,
    Object(1),
    Object("1"),
    Object(1n),
    [1],
    new Set([1]),
    { 0: 1 },
    /1/,
    new Date(1),
  ],
  ["nothing at all", null, undefined, "null", "undefined", "", 0, false, [], {}, Number.NaN, new Date(Number.NaN)],
  ["nothing in an array", [null], [undefined], new Array(1), [], [[]], [Number.NaN], ["null"], [0], [""], [false]],
  ["nothing in an object", { a: null }, { a: undefined }, {}, { a: Number.NaN }, { a: "" }],
  ["numbers that JSON writes as null", Number.NaN, Infinity, -Infinity, null],
  ["empty containers", [], {}, new Map(), new Set(), new Uint8Array(), new ArrayBuffer(0), "", new URLSearchParams()],
  [
    "containers of pairs",
    { a: 1 },
    new Map([["a", 1]]),
    [["a", 1]],
    new Set([["a", 1]]),
    new URLSearchParams({ a: "1" }),
    new Headers({ a: "1" }),
  ],
  ["order of array items", [1, 2], [2, 1]],
  ["nesting", [[1], 2], [1, [2]], [[1, 2]], [1, 2]],
  ["Map with swapped keys", new Map([["a", "b"]]), new Map([["b", "a"]])],
  ["Map with key types", new Map([[1, 1]]), new Map([["1", 1]]), new Map([[1n, 1]])],
  ["Set of equal objects", new Set([{}, {}]), new Set([{}])],
  ["a Date and its texts", new Date(0), new Date(0).toJSON(), 0, new Date(1), new Date(Number.NaN), { "~Date": 0 }],
  [
    "typed arrays of the same bytes",
    ...views(new ArrayBuffer(8)),
    new ArrayBuffer(8),
    new SharedArrayBuffer(8),
    Buffer.alloc(8),
    [0, 0, 0, 0, 0, 0, 0, 0],
  ],
  ["bytes", Uint8Array.of(1), Uint8Array.of(2), Uint8Array.of(1, 0), Uint8Array.of(0, 1)],
  ["fields beside bytes", new Uint8Array(2), withFields(new Uint8Array(2), { a: 1 })],
  ["RegExps", /a/, /a/g, /b/, "/a/"],
  ["a URL and its text", new URL("http://a/"), "http://a/", new URL("http://b/"), { href: "http://a/" }],
  [
    "Errors",
    new Error("a"),
    new Error("b"),
    new TypeError("a"),
    new Error("a", { cause: 1 }),
    new Error("a", { cause: 2 }),
    new Error("a", { cause: undefined }),
    withFields(new Error("a"), { code: 1 }),
    new AggregateError([], "a"),
    new AggregateError([1], "a"),
    { name: "Error", message: "a" },
  ],
  ["DOMExceptions", new DOMException("a", "AbortError"), new DOMException("a", "TimeoutError"), new Error("a")],
  ["instances", new A(), new B(), new SubA(), { x: 1 }, withFields(new A(), { x: 2 }), withFields(new A(), { y: 1 })],
  [
    "instances of built-in classes",
    new Timestamp(0),
    new Date(0),
    withFields(new Timestamp(0), { zone: "CET" }),
    withFields(new Date(0), { zone: "UTC" }),
    new Timestamp(1),
  ],
  [
    "arrays with fields",
    [1],
    withFields([1], { index: 0 }),
    withFields([1], { index: 1 }),
    new (class List extends Array<unknown> {})(1),
  ],
  [
    "long arrays with fields and holes",
    Array.from({ length: 40 }),
    withFields(Array.from({ length: 40 }), { a: 1 }),
    new Array(40),
    new Array(41),
  ],
  ["what a class chose", new Chosen(1), new Chosen(2), { id: 1 }],
  ["toJSON of a class", new Money(1), new Money(2), { cents: 1 }],
  [
    "strings that look like tags",
    { "~Date": 0 },
    { "~~Date": 0 },
    { "~undefined": 0 },
    undefined,
    '{"~Date":0}',
    ["~Date", 0],
  ],
  ["lone surrogates", "\ud800", "\ud801", "\udc00", "\ufffd", "\\ud800"],
  ["own __proto__ keys", JSON.parse('{"__proto__":1}'), JSON.parse('{"__proto__":{"a":1}}'), {}, { a: 1 }],
  ["cycles", loop(), { a: 1, self: { a: 1 } }, { a: 1, self: loop() }, { a: 1, self: { "~up": 1 } }],
  ["symbols", Symbol.for("a"), Symbol.for("b"), "a", Object(Symbol.for("a"))],
  ["key and value parting", { a: "b,c" }, { "a:b": "c" }, { a: ["b", "c"] }],
  [
    "blobs to be read",
    new Blob(["a"]),
    new Blob(["b"]),
    new Blob(["a"], { type: "text/plain" }),
    new File(["a"], "a"),
    new File(["a"], "b"),
    "a",
  ],
];

describe("encode", () => {
  it.each(equal)("gives one text for equal values: %s", async (_title, a, b) => {
    expect(await encode(a, "args")).toBe(await encode(b, "args"));
  });

  it.each(different)("gives different texts for different values: %s", async (_title, ...values) => {
    const texts = await Promise.all(values.map(async (value) => encode(value, "args")));
    for (const [index, text] of texts.entries()) expect(texts.indexOf(text), `${text} twice`).toBe(index);
  });

  it("returns a string wherever nothing has to be read", () => {
    expect(encode([1, "a", { b: null }], "args")).toBe('[1,"a",{"b":null}]');
    expect(encode({ b: 1, a: new Date(5) }, "args")).toBe('{"a":{"~Date":5},"b":1}');
  });

  it("reads what has to be read inside unordered collections", async () => {
    const one = new Set([new Blob(["a"]), new Map([[new Blob(["b"]), 1]])]);
    const two = new Set([new Map([[new Blob(["b"]), 1]]), new Blob(["a"])]);
    expect(await encode(one, "args")).toBe(await encode(two, "args"));
  });

  it("does not touch the value", () => {
    const value = { b: { d: 1, c: new Date(0) }, a: [undefined, 1] };
    const before = structuredClone(value);
    void encode(value, "args");
    expect(value).toStrictEqual(before);
    expect(Object.keys(value)).toEqual(["b", "a"]);
  });

  it("hashes by the class's choice before anything else", () => {
    class Client {
      readonly socket = new Socket();
      readonly url: string;
      constructor(url: string) {
        this.url = url;
      }
    }
    class SubClient extends Client {}
    class OwnClient extends Client {
      [Symbol.for("oxbow.cacheKey")](): unknown {
        return "own";
      }
    }
    expect(() => encode(new Client("a"), "args")).toThrow(HashError);
    registerStabilizer(Client, (client) => client.url);
    const texts = [new Client("a"), new Client("b"), new SubClient("a")].map((client) => encode(client, "args"));
    expect(texts).toEqual([
      '{"~chosen":["Client","a"]}',
      '{"~chosen":["Client","b"]}',
      '{"~chosen":["SubClient","a"]}',
    ]);
    expect(encode(new OwnClient("a"), "args")).toBe('{"~chosen":["OwnClient","own"]}');
    registerStabilizer(SubClient, () => "nearer");
    registerStabilizer(Client, () => "replaced");
    expect(encode(new SubClient("a"), "args")).toBe('{"~chosen":["SubClient","nearer"]}');
    expect(encode(new Client("a"), "args")).toBe('{"~chosen":["Client","replaced"]}');
    registerStabilizer(Date, (date) => date.getUTCFullYear());
    expect(encode(new Date(0), "args")).toBe('{"~chosen":["Date",1970]}');
    registerStabilizer(Date, (date) => date.getTime());
  });

  it("lets a plain object choose, too", () => {
    const value = { client: new Socket(), [Symbol.for("oxbow.cacheKey")]: () => "chosen" };
    expect(encode({ value }, "args")).toBe('{"value":{"~chosen":["Object","chosen"]}}');
  });
});

describe("digestOf", () => {
  it("is the SHA-256 of the text and the format's version", () => {
    expect(digestOf({ b: 1, a: 2 })).toBe(hashText('1:{"a":2,"b":1}'));
    expect(hashText("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  });
});
