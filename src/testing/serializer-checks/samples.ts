/** A value that a serializer keeps or refuses; anything but changing it. */
export interface SerializerSample {
  /** What it is, in a word or two. */
  readonly name: string;
  /** Makes it anew. */
  make(): unknown;
}

const sample = (name: string, make: () => unknown): SerializerSample => ({ name, make });

/** Data that every serializer keeps. */
export const plainSamples: readonly SerializerSample[] = [
  sample("null", () => null),
  sample("booleans", () => [true, false]),
  sample("numbers", () => [0, 1, -1, 0.1 + 0.2, 2 ** 53, 1e21, 5e-324, Number.MAX_VALUE]),
  sample("texts", () => ["", "plain", "Zürich", "漢字", "🚀", '\0\n\r\t"\\\u2028', "~", "~Date"]),
  sample("a text alone", () => "text"),
  sample("a number alone", () => 42),
  sample("arrays", () => [[], [[]], [[1, [2]], 3]]),
  sample("objects", () => ({ b: 1, a: { "": null, "odd key": [{}] }, 10: "ten", 9: "nine" })),
  sample("keys that look like something else", () => ({
    "~Date": 0,
    "~": [{ "~~undefined": true }],
    $ref: "#",
    type: "Buffer",
    data: [1],
  })),
  sample("keys of Object.prototype", () => ({ constructor: 1, toString: null, hasOwnProperty: "x" })),
  sample("a large table", () =>
    Array.from({ length: 2000 }, (_, id) => ({ id, name: `row ${id}`, tags: ["a", "b"], score: id / 3 })),
  ),
];

/** Values that JSON has no word for: a serializer keeps each of them exactly, or refuses it. */
export const richSamples: readonly SerializerSample[] = [
  sample("undefined", () => undefined),
  sample("undefined inside", () => ({ a: undefined, b: [undefined] })),
  sample("numbers that are none", () => [Number.NaN, Infinity, -Infinity]),
  sample("negative zero", () => [-0, { a: -0 }]),
  sample("bigints", () => [0n, -1n, 2n ** 200n]),
  sample("dates", () => [new Date(0), { at: new Date(Date.UTC(2026, 0, 2, 3, 4, 5, 678)) }]),
  sample("an invalid date", () => new Date(Number.NaN)),
  sample(
    "maps",
    () =>
      new Map<unknown, unknown>([
        ["b", 1],
        ["a", { x: [1] }],
        [{ key: 1 }, new Map()],
        [Number.NaN, null],
      ]),
  ),
  sample("sets", () => new Set<unknown>(["b", "a", 1, { x: 1 }, new Set()])),
  sample("regular expressions", () => [/a\/b/, /(?<year>\d+)/giu]),
  sample("a regular expression with lastIndex", () => Object.assign(/a/g, { lastIndex: 3 })),
  sample("URLs", () => new URL("https://user@example.com:8080/p?q=ä#h")),
  sample("errors", () => [new Error("a"), new TypeError("b"), new RangeError("c"), new SyntaxError("d")]),
  sample("an error with a cause", () => new Error("outer", { cause: new TypeError("inner", { cause: { code: 1 } }) })),
  sample("an error with fields", () => Object.assign(new Error("a"), { code: "E_A", errno: -1 })),
  sample("an aggregate error", () => new AggregateError([new Error("a"), 1], "both")),
  sample("array holes", () => [1, , , 4, ,]), // oxlint-disable-line no-sparse-arrays
  sample("array fields", () => [
    Object.assign([1, 2], { index: 0 }),
    Object.assign(Array.from({ length: 100 }, String), { columns: ["a"] }),
  ]),
  sample("the match of a regular expression", () => "a-b".match(/(?<first>.)-/)),
  sample("own __proto__ keys", () => JSON.parse('{"__proto__":{"a":1},"b":[{"__proto__":null}]}') as unknown),
  sample("objects without a prototype", () => Object.assign(Object.create(null) as object, { a: 1, ["__proto__"]: 2 })),
  sample("lone surrogates", () => ["\ud800", { "\udc00": "\udfff\ud800" }]),
  sample("a buffer", () => Buffer.from("bytes")),
  sample("typed arrays", () => [
    Uint8Array.of(1, 2, 3),
    Int8Array.of(-1),
    Uint8ClampedArray.of(255),
    Uint16Array.of(1, 65535),
    Int16Array.of(-2),
    Uint32Array.of(7, 2 ** 32 - 1),
    Int32Array.of(-3),
    Float32Array.of(0.5),
    Float64Array.of(Math.PI, Number.NaN, -0),
    BigInt64Array.of(-5n),
    BigUint64Array.of(2n ** 63n),
    new Uint8Array(0),
  ]),
  sample("a part of a typed array", () => new Uint16Array([1, 2, 3, 4]).subarray(1, 3)),
  sample("an ArrayBuffer", () => Uint8Array.of(1, 2, 3).buffer),
  sample("a DataView", () => new DataView(Uint8Array.of(1, 2, 3, 4).buffer, 1, 2)),
  sample("a large buffer", () => ({ name: "large", bytes: Buffer.alloc(300_000, "oxbow") })),
  sample("objects around primitives", () => [Object(1), Object("a"), Object(true), Object(1n)] as unknown[]),
  sample(
    "an instance of a class",
    () =>
      new (class Point {
        x = 1;
        y = 2;
      })(),
  ),
  sample("an instance of a built-in's subclass", () => new (class Moment extends Date {})(0)),
  sample("a built-in with fields", () => Object.assign(new Map([[1, 2]]), { label: "a" })),
  sample("a key that is a symbol", () => ({ [Symbol.for("oxbow.test")]: 1, a: 2 })),
  sample("shared references", () => sharing()),
  sample("a cycle", () => cycle()),
];

/** What no serializer can keep. */
export const hopelessSamples: readonly SerializerSample[] = [
  sample("a function", () => () => 1),
  sample("a symbol", () => Symbol("a")),
  sample("a promise", () => Promise.resolve(1)),
  sample("a generator", () => (function* () {})()),
  sample("a WeakMap", () => new WeakMap()),
  sample("an instance with private fields", () => new Account(1)),
  sample("a getter that throws", () => ({
    get a(): never {
      throw new Error("trap");
    },
  })),
];

class Account {
  readonly name = "account";
  #balance: number;

  constructor(balance: number) {
    this.#balance = balance;
  }

  get balance(): number {
    return this.#balance;
  }
}

function sharing(): unknown {
  const shared = { a: 1 };
  return [shared, { shared }];
}

function cycle(): unknown {
  const node: Record<string, unknown> = { name: "node" };
  node["self"] = node;
  node["list"] = [node];
  return node;
}
