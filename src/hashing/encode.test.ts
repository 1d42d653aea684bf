import { createSecretKey } from "node:crypto";
import { EventEmitter } from "node:events";
import { Socket } from "node:net";
import { Readable } from "node:stream";
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
class Secret {
  visible = 1;
  #hidden = 2;
  sum(): number {
    return this.visible + this.#hidden;
  }
}
class SubSecret extends Secret {
  more = 3;
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
  new Uint8Array(bytes), new Int8Array(bytes), new Uint8ClampedArray(bytes), new Uint16Array(bytes), new Int16Array(bytes), new Uint32Array(bytes), new Int32Array(bytes),
  new Float32Array(bytes), new Float64Array(bytes), new BigInt64Array(bytes), new BigUint64Array(bytes), new DataView(bytes),
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
  ["order of Map entries", new Map([["a", 1], ["b", 2]]), new Map([["b", 2], ["a", 1]])],
  ["order of Map entries with object keys", new Map([[{ a: 1 }, 1], [{ b: 1 }, 2]]), new Map([[{ b: 1 }, 2], [{ a: 1 }, 1]])],
  ["order of Set items", new Set([1, "1", { a: 1 }]), new Set([{ a: 1 }, "1", 1])],
  ["-0 and 0", [-0, Object(-0)], [0, Object(0)]],
  ["NaN", Number.NaN, 0 / 0],
  ["shared reference and copies", [shared, shared], [{ s: 1 }, { s: 1 }]],
  ["cycles of one shape", loop(), loop()],
  ["cycles through two objects", pair(), pair()],
  ["prototype-less and plain", Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
  ["an object of another realm", runInNewContext("({ a: [1, new Date(5), new Map([[1, 2]])] })"), { a: [1, new Date(5), new Map([[1, 2]])] }],
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
  ["1 in all types", 1, "1", 1n, true, Object(1), Object("1"), Object(1n), [1], new Set([1]), { 0: 1 }, /1/, new Date(1)],
  ["nothing at all", null, undefined, "null", "undefined", "", 0, false, [], {}, Number.NaN, new Date(Number.NaN)],
  ["nothing in an array", [null], [undefined], new Array(1), [], [[]], [Number.NaN], ["null"], [0], [""], [false]],
  ["nothing in an object", { a: null }, { a: undefined }, {}, { a: Number.NaN }, { a: "" }],
  ["numbers that JSON writes as null", Number.NaN, Infinity, -Infinity, null],
  ["empty containers", [], {}, new Map(), new Set(), new Uint8Array(), new ArrayBuffer(0), "", new URLSearchParams()],
  ["containers of pairs", { a: 1 }, new Map([["a", 1]]), [["a", 1]], new Set([["a", 1]]), new URLSearchParams({ a: "1" }), new Headers({ a: "1" })],
  ["order of array items", [1, 2], [2, 1]],
  ["nesting", [[1], 2], [1, [2]], [[1, 2]], [1, 2]],
  ["Map with swapped keys", new Map([["a", "b"]]), new Map([["b", "a"]])],
  ["Map with key types", new Map([[1, 1]]), new Map([["1", 1]]), new Map([[1n, 1]])],
  ["Set of equal objects", new Set([{}, {}]), new Set([{}])],
  ["a Date and its texts", new Date(0), new Date(0).toJSON(), 0, new Date(1), new Date(Number.NaN), { "~Date": 0 }],
  ["typed arrays of the same bytes", ...views(new ArrayBuffer(8)), new ArrayBuffer(8), new SharedArrayBuffer(8), Buffer.alloc(8), [0, 0, 0, 0, 0, 0, 0, 0]],
  ["bytes", Uint8Array.of(1), Uint8Array.of(2), Uint8Array.of(1, 0), Uint8Array.of(0, 1)],
  ["fields beside bytes", new Uint8Array(2), withFields(new Uint8Array(2), { a: 1 })],
  ["RegExps", /a/, /a/g, /b/, "/a/"],
  ["a URL and its text", new URL("http://a/"), "http://a/", new URL("http://b/"), { href: "http://a/" }],
  ["Errors", new Error("a"), new Error("b"), new TypeError("a"), new Error("a", { cause: 1 }), new Error("a", { cause: 2 }), new Error("a", { cause: undefined }), withFields(new Error("a"), { code: 1 }), new AggregateError([], "a"), new AggregateError([1], "a"), { name: "Error", message: "a" }],
  ["DOMExceptions", new DOMException("a", "AbortError"), new DOMException("a", "TimeoutError"), new Error("a")],
  ["instances", new A(), new B(), new SubA(), { x: 1 }, withFields(new A(), { x: 2 }), withFields(new A(), { y: 1 })],
  ["instances of built-in classes", new Timestamp(0), new Date(0), withFields(new Timestamp(0), { zone: "CET" }), withFields(new Date(0), { zone: "UTC" }), new Timestamp(1)],
  ["arrays with fields", [1], withFields([1], { index: 0 }), withFields([1], { index: 1 }), new (class List extends Array<unknown> {})(1)],
  ["long arrays with fields and holes", Array.from({ length: 40 }), withFields(Array.from({ length: 40 }), { a: 1 }), new Array(40), new Array(41)],
  ["what a class chose", new Chosen(1), new Chosen(2), { id: 1 }],
  ["toJSON of a class", new Money(1), new Money(2), { cents: 1 }],
  ["strings that look like tags", { "~Date": 0 }, { "~~Date": 0 }, { "~undefined": 0 }, undefined, '{"~Date":0}', ["~Date", 0]],
  ["lone surrogates", "\ud800", "\ud801", "\udc00", "\ufffd", "\\ud800"],
  ["own __proto__ keys", JSON.parse('{"__proto__":1}'), JSON.parse('{"__proto__":{"a":1}}'), {}, { a: 1 }],
  ["cycles", loop(), { a: 1, self: { a: 1 } }, { a: 1, self: loop() }, { a: 1, self: { "~up": 1 } }],
  ["symbols", Symbol.for("a"), Symbol.for("b"), "a", Object(Symbol.for("a"))],
  ["key and value parting", { a: "b,c" }, { "a:b": "c" }, { a: ["b", "c"] }],
  ["blobs to be read", new Blob(["a"]), new Blob(["b"]), new Blob(["a"], { type: "text/plain" }), new File(["a"], "a"), new File(["a"], "b"), "a"],
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
    expect(texts).toEqual(['{"~chosen":["Client","a"]}', '{"~chosen":["Client","b"]}', '{"~chosen":["SubClient","a"]}']);
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

const trap = (): never => {
  throw new Error("trap");
};
const deep = (levels: number): unknown => {
  let value: unknown = 1;
  for (let i = 0; i < levels; i++) value = [value];
  return value;
};

/* What a compiler makes of a class with a private field for an older target. */
const compiled = runInNewContext(`
  var _Old_secret;
  var __classPrivateFieldSet = function (receiver, state, value) { state.set(receiver, value); };
  class Old { constructor() { this.shown = 1; _Old_secret.set(this, void 0); __classPrivateFieldSet(this, _Old_secret, 1); } }
  _Old_secret = new WeakMap();
  new Old();
`) as unknown;

const refused: ReadonlyArray<readonly [title: string, value: unknown, path: string, type: string, reason: RegExp]> = [
  ["a function", { on: { done: () => 1 } }, "args.on.done", "function", /a function cannot be compared/],
  ["a class", [A], "args[0]", "function", /a function cannot be compared/],
  ["a method of a plain object", [{ "odd key": [{ run() {} }] }], 'args[0]["odd key"][0].run', "function", /function/],
  ["a symbol", { s: Symbol("s") }, "args.s", "symbol", /unique to its process/],
  ["a boxed symbol", { s: Object(Symbol("s")) }, "args.s", "symbol", /unique to its process/],
  ["a promise", { p: Promise.resolve(1) }, "args.p", "Promise", /a Promise has no value before it is awaited/],
  ["a thenable", { p: new (class Query { sql = ""; then(): void {} })() }, "args.p", "Query", /a Query has no value/],
  ["a generator", (function* () {})(), "args", "object", /state that cannot be seen/],
  ["an iterator", { i: [1].values() }, "args.i", "Iterator", /state that cannot be seen/],
  ["a WeakMap", new Map([["w", new WeakMap()]]), 'args.get("w")', "WeakMap", /a WeakMap has state/],
  ["a WeakSet", new Set([1, new WeakSet()]), "args.values()[1]", "WeakSet", /state/],
  ["a WeakRef", new Map([[new WeakRef({}), 1]]), "args.keys()[0]", "WeakRef", /state/],
  ["a stream", { input: Readable.from(["a"]) }, "args.input", "Readable", /a Readable has state that cannot be seen/],
  ["a web stream", { body: new ReadableStream() }, "args.body", "ReadableStream", /a ReadableStream/],
  ["a socket", { client: { socket: new Socket() } }, "args.client.socket", "Socket", /a Socket has state that cannot be seen/],
  ["an EventEmitter", new EventEmitter(), "args", "EventEmitter", /an EventEmitter has state/],
  ["an EventTarget", { e: withFields(new EventTarget(), { x: 1 }) }, "args.e", "EventTarget", /state/],
  ["an AbortSignal", { signal: new AbortController().signal }, "args.signal", "AbortSignal", /an AbortSignal has state/],
  ["a key", { key: createSecretKey(Buffer.from("k")) }, "args.key", "SecretKeyObject", /SecretKeyObject/],
  ["a response", { r: new Response("x") }, "args.r", "Response", /a Response/],
  ["a formatter", new Intl.NumberFormat("en"), "args", "NumberFormat", /state that cannot be seen/],
  ["an instance without fields", { e: new (class Empty {})() }, "args.e", "Empty", /an Empty has state that cannot be seen/],
  ["an instance with private fields", { c: new Secret() }, "args.c", "Secret", /a Secret keeps state in private fields/],
  ["an instance with inherited private fields", { c: new SubSecret() }, "args.c", "SubSecret", /private fields/],
  ["an instance with compiled private fields", { c: compiled }, "args.c", "Old", /private fields/],
  ["a built-in's subclass with private fields", new (class Cents extends Map { #c = 1; c(): number { return this.#c; } })(), "args", "Cents", /private fields/],
  ["an instance of a nameless class", { c: new (class { x = 1; })() }, "args.c", "object", /a class without a name/],
  ["an object made from another", Object.assign(Object.create({ a: 1 }), { b: 1 }), "args", "Object", /a prototype that belongs to no class/],
  ["an instance with symbol fields", withFields(new A(), { [Symbol("s")]: 1 }), "args", "A", /under symbols/],
  ["a subclass of a built-in that hides its state", new (class Later extends WeakMap { x = 1; })(), "args", "Later", /state that cannot be seen/],
  ["a getter that throws", { rows: [{ b: 1, get a(): number { return trap(); } }] }, "args.rows[0].a", "unreadable", /reading it threw Error: trap/],
  ["a sorted getter that throws", { a: 1, get b(): number { return trap(); } }, "args.b", "unreadable", /reading it threw Error: trap/],
  ["a proxy that throws", { p: new Proxy({}, { getPrototypeOf: trap }) }, "args.p", "unreadable", /trap/],
  ["a proxy that throws for its keys", { p: new Proxy({}, { ownKeys: trap }) }, "args.p", "unreadable", /trap/],
  ["a revoked proxy", { p: revoked() }, "args.p", "unreadable", /revoked/],
  ["a toJSON that throws", { t: { toJSON: trap } }, "args.t", "unreadable", /trap/],
  ["a toJSON that gives a function", { t: { toJSON: () => [trap] } }, "args.t.toJSON()[0]", "function", /function/],
  ["a choice that gives a promise", { t: { [Symbol.for("oxbow.cacheKey")]: async () => 1 } }, 'args.t[Symbol.for("oxbow.cacheKey")]()', "Promise", /awaited/],
  ["a choice that is the object itself", itself(), "args", "Object", /is itself/],
  ["an Error's cause", new Error("e", { cause: { f: trap } }), "args.cause.f", "function", /function/],
  ["an Error's own field", withFields(new Error("e"), { response: new Response() }), "args.response", "Response", /Response/],
  ["a transferred buffer", { b: transferred() }, "args.b", "ArrayBuffer", /transferred/],
  ["an array's own field", { m: withFields([1], { f: trap }) }, "args.m.f", "function", /function/],
];

function revoked(): unknown {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

function itself(): unknown {
  const value = { [Symbol.for("oxbow.cacheKey")]: (): unknown => value };
  return value;
}

function transferred(): unknown {
  const bytes = new Uint8Array(8);
  bytes.buffer.transfer();
  return bytes;
}

const refusalOf = (value: unknown): HashError => {
  try {
    void encode(value, "args");
  } catch (error) {
    if (error instanceof HashError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
};

describe("encode refuses, by path,", () => {
  it.each(refused)("%s", (_title, value, path, type, reason) => {
    const error = refusalOf(value);
    expect({ path: error.path, type: error.valueType, code: error.code }).toEqual({ path, type, code: "OXBOW_VALUE_UNHASHABLE" });
    expect(error.message).toMatch(reason);
    expect(error.message.startsWith(`Cannot hash ${path}: `)).toBe(true);
  });

  it("and names the ways out", () => {
    expect(refusalOf({ client: { socket: new Socket() } }).hint).toBe(
      'leave it out with .omit("client"), say what counts with registerStabilizer(Socket, …) or a method [Symbol.for("oxbow.cacheKey")](), or make the key with cacheKeyFn',
    );
    expect(refusalOf({ done: () => 1 }).hint).toBe('leave it out with .omit("done"), or make the key with cacheKeyFn');
  });

  it("keeping what was thrown as the cause", () => {
    expect(refusalOf({ get a(): unknown { return trap(); } }).cause).toEqual(new Error("trap"));
  });

  it("data that is nested too deeply", () => {
    expect(encode(deep(1000), "args")).toBe(JSON.stringify(deep(1000)));
    const error = refusalOf(deep(1100));
    expect(error.message).toMatch(/nested deeper than 1000 levels/);
    expect(error.path.length).toBeLessThan(200);
  });

  it("data that is nested too deeply for what is left of the stack", () => {
    const fill = (): HashError => {
      try {
        return fill();
      } catch {
        return refusalOf(deep(1000));
      }
    };
    expect(fill()).toBeInstanceOf(HashError);
  });
});

describe("digestOf", () => {
  it("is the SHA-256 of the text and the format's version", () => {
    expect(digestOf({ b: 1, a: 2 })).toBe(hashText('1:{"a":2,"b":1}'));
    expect(hashText("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  });
});
