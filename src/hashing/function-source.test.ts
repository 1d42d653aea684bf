/* oxlint-disable typescript/unbound-method -- methods are looked at here, not called */
import { runInThisContext } from "node:vm";
import { describe, expect, it } from "vitest";
import fc from "fast-check";
import { sourceDigest } from "./function-source.ts";

/** A function whose source is exactly this text. */
function made(text: string): Function {
  return runInThisContext(`(${text}\n)`) as Function;
}

function digestOf(fn: Function): string {
  const source = sourceDigest(fn);
  if (!("digest" in source)) throw new Error(source.unavailable);
  expect(source.digest).toMatch(/^[0-9a-f]{64}$/);
  return source.digest;
}

const digest = (text: string): string => digestOf(made(text));

describe("sourceDigest is the same for", () => {
  it.each([
    ["comments", "(a) => { return a + 1; }", "(a /* what */) => {\n  // why\n  return a /* plus */ + 1; // one\n}"],
    ["white space", "(a,b)=>a+b", "( a,\n  b )   =>\n a  +  b"],
    ["quotes", "() => 'it\\'s'", '() => "it\'s"'],
    ["escapes", "() => 'é\\n'", '() => "\\u00e9\\x0a"'],
    ["semicolons", "() => { const a = 1; return a; }", "() => {\n const a = 1\n return a\n}"],
    ["empty statements", "() => { f(); }", "() => { ;; f();; }"],
    ["trailing commas", "(a, b) => f({ a, b }, [a, b])", "(a, b,) => f({ a, b, }, [a, b,],)"],
    ["parentheses", "a => a * 2 + 1", "(a) => (((a * 2) + 1))"],
    ["parentheses around a body", "() => ({ a: 1 })", "() => ((({ a: 1 })))"],
    ["the spelling of numbers", "() => [16, 1000, 0.5, 255n]", "() => [0x10, 1e3, .5, 0xffn]"],
    ["separators in numbers", "() => 1000000", "() => 1_000_000"],
    ["quoted keys", "() => ({ a: 1, 2: 3 })", "() => ({ 'a': 1, '2': 3 })"],
    ["quoted keys taken apart", "({ a: b }) => b", "({ 'a': b }) => b"],
    ["line ends", "() => {\n return 1\n}", "() => {\r\n return 1\r\n}"],
  ])("%s", (_what, left, right) => {
    expect(digest(right)).toBe(digest(left));
  });
});

describe("sourceDigest tells apart", () => {
  it.each([
    ["names", "(a) => a", "(b) => b"],
    ["names of functions", "function a() {}", "function b() {}"],
    ["operators", "(a, b) => a + b", "(a, b) => a - b"],
    ["precedence", "(a, b) => (a + b) * 2", "(a, b) => a + b * 2"],
    ["kinds of literals", "() => 1", "() => '1'"],
    ["numbers and big ones", "() => 1", "() => 1n"],
    ["null and its name", "() => null", "() => 'null'"],
    ["true and its name", "() => true", "() => 'true'"],
    ["literals and identifiers", "() => 'a'", "() => a"],
    ["numbers beyond all", "() => 1e999", "() => null"],
    ["regular expressions", "() => /a/g", "() => /a/i"],
    ["patterns and texts", "() => /a/", "() => '/a/'"],
    ["white space in texts", "() => 'a b'", "() => 'a  b'"],
    ["comments in texts", "() => 'a // b'", "() => 'a'"],
    ["templates", "() => `a ${1} b`", "() => `a ${1}  b`"],
    ["raw templates", "() => f`\\u0061`", "() => f`a`"],
    ["async", "async () => 1", "() => 1"],
    ["generators", "function* a() {}", "function a() {}"],
    ["arrows and functions", "(a) => { return a }", "function (a) { return a }"],
    ["where a line ends", "() => {\n return\n 42\n}", "() => { return 42 }"],
    ["the order of statements", "() => { f(); g() }", "() => { g(); f() }"],
    ["empty bodies and the next statement", "() => { while (f());\n g() }", "() => { while (f()) g() }"],
    ["holes", "() => [1,,2]", "() => [1,2]"],
    ["holes at the end", "() => [,,]", "() => [,]"],
    ["optional chaining", "(a) => a?.b.c", "(a) => (a?.b).c"],
    ["computed keys", "(a) => ({ a: 1 })", "(a) => ({ [a]: 1 })"],
    ["computed members", "(a) => a.b", "(a, b) => a[b]"],
    ["kinds of declarations", "() => { let a = 1; }", "() => { const a = 1; }"],
    ["directives", "function f() { 'use strict'; }", "function f() { ('use strict'); }"],
    ["++ before and after", "(a) => ++a", "(a) => a++"],
    ["defaults", "(a = 1) => a", "(a = 2) => a"],
    ["rest", "(a) => a", "(...a) => a"],
    ["lone surrogates", "() => '\\ud800'", "() => '\\ud801'"],
    ["what is a comment in scripts alone", "(a, b) => { return a <!--b\n }", "(a, b) => { return a }"],
  ])("%s", (_what, left, right) => {
    expect(digest(right)).not.toBe(digest(left));
  });
});

describe("sourceDigest reads", () => {
  const name = "computed";
  class Parent {
    greet(): string {
      return "hello";
    }
  }
  class Kinds extends Parent {
    #secret = 1;
    readonly field = (): number => this.#secret;
    readonly withSuper = (): string => super.greet();
    constructor() {
      super();
      this.#secret = 2;
    }
    method(a: number): number {
      return a + this.#secret;
    }
    override greet(): string {
      return `${super.greet()}!`;
    }
    async *[name](): AsyncGenerator<number> {
      yield this.#secret;
    }
    static make(): Kinds {
      return new this();
    }
    #hidden(): number {
      return 1;
    }
    get hidden(): () => number {
      return this.#hidden;
    }
    "quoted name"(): void {}
    async(): void {}
    get(): void {}
    function(): void {}
    class(): void {}
  }
  const kinds = new Kinds();
  const object = {
    shorthand(a: number) {
      return a;
    },
    async later() {
      return 1;
    },
    *many() {
      yield 1;
    },
    get got() {
      return 1;
    },
    set got(_value) {},
  };
  const got = Object.getOwnPropertyDescriptor(object, "got")!;

  it.each<[string, Function]>([
    ["arrows", () => 1],
    ["async arrows", async () => 1],
    ["functions", function () {}],
    ["generators", function* () {}],
    ["async generators", async function* () {}],
    ["import.meta", () => import.meta.url],
    ["imports", () => import("node:fs")],
    ["classes", Kinds],
    ["classes without a constructor", Parent],
    ["methods", kinds.method],
    ["methods with super", kinds.greet],
    ["computed async generator methods", kinds[name]],
    ["static methods", Kinds.make],
    ["private methods", kinds.hidden],
    ["fields with private names", kinds.field],
    ["fields with super", kinds.withSuper],
    ["quoted methods", kinds["quoted name"]],
    ["methods named async", kinds.async],
    ["methods named get", kinds.get],
    ["methods named function", kinds.function],
    ["methods named class", kinds.class],
    ["shorthand methods", object.shorthand],
    ["async methods", object.later],
    ["generator methods", object.many],
    ["getters", got.get!],
    ["setters", got.set!],
    ["sloppy code", made("function (a, a) { with (a) return 010 }")],
    ["await as a name", made("function (await) { return await }")],
    ["new.target in an arrow", runInThisContext("(function () { return () => new.target })()") as Function],
    ["strict code", made("function () { 'use strict'; return this }")],
  ])("%s as code, not as text", (_what, fn) => {
    const text = Function.prototype.toString.call(fn);
    const spaced = Object.assign(() => 1, {});
    // The same text with a space more: what was read as a tree has the same digest.
    const original = Function.prototype.toString;
    const before = digestOf(fn);
    Function.prototype.toString = function (this: Function) {
      return this === spaced ? text.replace(/[({]/, "$& /* comment */ ") : original.call(this);
    };
    try {
      expect(digestOf(spaced)).toBe(before);
    } finally {
      Function.prototype.toString = original;
    }
  });

  it("code that is newer than the parser, as text", () => {
    const original = Function.prototype.toString;
    const [first, second, third] = [() => 1, () => 2, () => 3];
    const texts = new Map<Function, string>([
      [first, "(a) => a |> f"],
      [second, "(a) => a  |> f"],
      [third, "(a) => a |> f"],
    ]);
    Function.prototype.toString = function (this: Function) {
      return texts.get(this) ?? original.call(this);
    };
    try {
      expect(digestOf(second)).not.toBe(digestOf(first));
      expect(digestOf(third)).toBe(digestOf(first));
    } finally {
      Function.prototype.toString = original;
    }
  });

  it("code that is nested deeper than the stack, without failing", () => {
    const deep = made(`() => ${"1 + ".repeat(20_000)}1`);
    expect(digestOf(deep)).toMatch(/^[0-9a-f]{64}$/);
  });

  it.each<[string, Function, string]>([
    ["native functions", Math.max, "native"],
    ["bound functions", (() => 1).bind(null), "bound"],
    ["proxies of functions", new Proxy(() => 1, {}), "native"],
  ])("nothing of %s, and says why", (_what, fn, reason) => {
    expect(sourceDigest(fn)).toEqual({ unavailable: expect.stringContaining(reason) });
  });

  it("each function once", () => {
    const fn = (): number => 1;
    expect(sourceDigest(fn)).toBe(sourceDigest(fn));
  });
});

describe("sourceDigest, of any formatting,", () => {
  const tokens = [
    "async",
    " ",
    "(",
    "a",
    ",",
    "{",
    "b",
    "=",
    '"x"',
    "}",
    ",",
    "...",
    "c",
    ")",
    "=>",
    "{",
    "const",
    " ",
    "d",
    "=",
    "(",
    "a",
    "+",
    "b",
    ")",
    "*",
    "2",
    ";",
    "if",
    "(",
    "!",
    "d",
    ")",
    "{",
    "throw",
    " ",
    "new",
    " ",
    "Error",
    "(",
    '"no"',
    ")",
    "}",
    "return",
    " ",
    "[",
    "d",
    ",",
    "`t${",
    "c",
    "}`",
    ",",
    "/re/g",
    "]",
    ";",
    "}",
  ];
  const reference = digest(tokens.join(""));
  const inert = fc.constantFrom("", " ", "  ", "\t", "/* note */", " /* a => 1 */ ");

  it("is that of the code", () => {
    fc.assert(
      fc.property(
        fc.array(inert, { minLength: tokens.length, maxLength: tokens.length }),
        fc.boolean(),
        (spaces, single) => {
          let inTemplate = false;
          const text = tokens.map((token, index) => {
            inTemplate = token.startsWith("`");
            const quoted = single && /^".*"$/.test(token) ? `'${token.slice(1, -1)}'` : token;
            return token === "=>" || inTemplate ? quoted : quoted + spaces[index]!;
          });
          expect(digest(text.join(""))).toBe(reference);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("changes with every token", () => {
    const others: Record<string, string> = {
      a: "q",
      b: "q",
      c: "q",
      d: "q",
      "+": "-",
      "*": "/",
      "2": "3",
      '"x"': '"y"',
      '"no"': '"yes"',
      "/re/g": "/re/u",
      async: "",
      "...": "",
      "!": "-",
      const: "let",
      Error: "Q",
    };
    for (const [index, token] of tokens.entries()) {
      const other = others[token];
      if (other === undefined) continue;
      expect(digest(tokens.with(index, other).join("")), `${token} at ${index}`).not.toBe(reference);
    }
  });
});
