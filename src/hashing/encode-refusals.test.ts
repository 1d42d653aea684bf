import { createSecretKey } from "node:crypto";
import { EventEmitter } from "node:events";
import { Socket } from "node:net";
import { Readable } from "node:stream";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { HashError } from "../kernel/errors.ts";
import { encode } from "./encode.ts";

class A {
  x = 1;
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

const withFields = <T extends object>(target: T, fields: object): T => Object.assign(target, fields);

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
  [
    "a thenable",
    {
      p: new (class Query {
        sql = "";
        then(): void {}
      })(),
    },
    "args.p",
    "Query",
    /a Query has no value/,
  ],
  ["a generator", (function* () {})(), "args", "object", /state that cannot be seen/],
  ["an iterator", { i: [1].values() }, "args.i", "Iterator", /state that cannot be seen/],
  ["a WeakMap", new Map([["w", new WeakMap()]]), 'args.get("w")', "WeakMap", /a WeakMap has state/],
  ["a WeakSet", new Set([1, new WeakSet()]), "args.values()[1]", "WeakSet", /state/],
  ["a WeakRef", new Map([[new WeakRef({}), 1]]), "args.keys()[0]", "WeakRef", /state/],
  ["a stream", { input: Readable.from(["a"]) }, "args.input", "Readable", /a Readable has state that cannot be seen/],
  ["a web stream", { body: new ReadableStream() }, "args.body", "ReadableStream", /a ReadableStream/],
  [
    "a socket",
    { client: { socket: new Socket() } },
    "args.client.socket",
    "Socket",
    /a Socket has state that cannot be seen/,
  ],
  ["an EventEmitter", new EventEmitter(), "args", "EventEmitter", /an EventEmitter has state/],
  ["an EventTarget", { e: withFields(new EventTarget(), { x: 1 }) }, "args.e", "EventTarget", /state/],
  [
    "an AbortSignal",
    { signal: new AbortController().signal },
    "args.signal",
    "AbortSignal",
    /an AbortSignal has state/,
  ],
  ["a key", { key: createSecretKey(Buffer.from("k")) }, "args.key", "SecretKeyObject", /SecretKeyObject/],
  ["a response", { r: new Response("x") }, "args.r", "Response", /a Response/],
  ["a formatter", new Intl.NumberFormat("en"), "args", "NumberFormat", /state that cannot be seen/],
  [
    "an instance without fields",
    { e: new (class Empty {})() },
    "args.e",
    "Empty",
    /an Empty has state that cannot be seen/,
  ],
  [
    "an instance with private fields",
    { c: new Secret() },
    "args.c",
    "Secret",
    /a Secret keeps state in private fields/,
  ],
  ["an instance with inherited private fields", { c: new SubSecret() }, "args.c", "SubSecret", /private fields/],
  ["an instance with compiled private fields", { c: compiled }, "args.c", "Old", /private fields/],
  [
    "a built-in's subclass with private fields",
    new (class Cents extends Map {
      #c = 1;
      c(): number {
        return this.#c;
      }
    })(),
    "args",
    "Cents",
    /private fields/,
  ],
  [
    "an instance of a nameless class",
    {
      c: new (class {
        x = 1;
      })(),
    },
    "args.c",
    "object",
    /a class without a name/,
  ],
  [
    "an object made from another",
    Object.assign(Object.create({ a: 1 }), { b: 1 }),
    "args",
    "Object",
    /a prototype that belongs to no class/,
  ],
  ["an instance with symbol fields", withFields(new A(), { [Symbol("s")]: 1 }), "args", "A", /under symbols/],
  [
    "a subclass of a built-in that hides its state",
    new (class Later extends WeakMap {
      x = 1;
    })(),
    "args",
    "Later",
    /state that cannot be seen/,
  ],
  [
    "a getter that throws",
    {
      rows: [
        {
          b: 1,
          get a(): number {
            return trap();
          },
        },
      ],
    },
    "args.rows[0].a",
    "unreadable",
    /reading it threw Error: trap/,
  ],
  [
    "a sorted getter that throws",
    {
      a: 1,
      get b(): number {
        return trap();
      },
    },
    "args.b",
    "unreadable",
    /reading it threw Error: trap/,
  ],
  ["a proxy that throws", { p: new Proxy({}, { getPrototypeOf: trap }) }, "args.p", "unreadable", /trap/],
  ["a proxy that throws for its keys", { p: new Proxy({}, { ownKeys: trap }) }, "args.p", "unreadable", /trap/],
  ["a revoked proxy", { p: revoked() }, "args.p", "unreadable", /revoked/],
  ["a toJSON that throws", { t: { toJSON: trap } }, "args.t", "unreadable", /trap/],
  ["a toJSON that gives a function", { t: { toJSON: () => [trap] } }, "args.t.toJSON()[0]", "function", /function/],
  [
    "a choice that gives a promise",
    { t: { [Symbol.for("oxbow.cacheKey")]: async () => 1 } },
    'args.t[Symbol.for("oxbow.cacheKey")]()',
    "Promise",
    /awaited/,
  ],
  ["a choice that is the object itself", itself(), "args", "Object", /is itself/],
  ["an Error's cause", new Error("e", { cause: { f: trap } }), "args.cause.f", "function", /function/],
  [
    "an Error's own field",
    withFields(new Error("e"), { response: new Response() }),
    "args.response",
    "Response",
    /Response/,
  ],
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
    expect({ path: error.path, type: error.valueType, code: error.code }).toEqual({
      path,
      type,
      code: "OXBOW_VALUE_UNHASHABLE",
    });
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
    expect(
      refusalOf({
        get a(): unknown {
          return trap();
        },
      }).cause,
    ).toEqual(new Error("trap"));
  });

  it("data that is nested too deeply", () => {
    expect(encode(deep(1000), "args")).toBe(JSON.stringify(deep(1000)));
    const error = refusalOf(deep(1100));
    expect(error.message).toMatch(/nested deeper than 1000 levels/);
    expect(error.path.length).toBeLessThan(200);
  });

  it("a small graph whose text would have no end", () => {
    let graph: unknown = {};
    for (let i = 0; i < 60; i++) graph = [graph, graph];
    expect(refusalOf(graph).message).toMatch(/more than 10000000 objects/);
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
