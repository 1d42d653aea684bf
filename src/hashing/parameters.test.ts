/* oxlint-disable typescript/unbound-method -- methods are looked at here, not called */
import { runInThisContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { bindInputs, parametersFromNames, parametersOf, unbindInputs, type Parameters } from "./parameters.ts";

function made(text: string): Function {
  return runInThisContext(`(${text}\n)`) as Function;
}

const read = (text: string): Parameters => parametersOf(made(text));
const bind = (text: string, ...args: unknown[]): Record<string, unknown> => bindInputs(read(text), args);

describe("parametersOf", () => {
  it.each([
    ["() => 1", []],
    ["a => a", ["a"]],
    ["async (a, b) => a", ["a", "b"]],
    ["function (a, b = 1) {}", ["a", "b"]],
    ["function* named(a) {}", ["a"]],
    ["(a, ...others) => a", ["a", "others"]],
    ["({ a }, [b], c) => a", ["arg0", "arg1", "c"]],
    ["([a, b]) => a", ["arg0"]],
    ["(arg1, { a }, ...[b]) => a", ["arg1", "arg1_", "arg2"]],
    ["function (a, a) {}", ["a", "a_"]],
    ["(a /* first, */, b /* ) */) => a", ["a", "b"]],
    ["(a = ')', b = (c, d) => c) => a", ["a", "b"]],
    ["(größe, $x, _) => 1", ["größe", "$x", "_"]],
  ])("names the parameters of %s", (text, names) => {
    expect(read(text)).toMatchObject({ kind: "positional", names, open: false });
  });

  it.each([
    ["({ a, b }) => a", ["a", "b"], false],
    ["({ a: renamed, 'b-c': c = 1, 5: d }) => a", ["a", "b-c", "5"], false],
    ["({ a, ...others }) => a", ["a"], true],
    ["({ a, [f()]: b }) => a", ["a"], true],
    ["({ a: { b } } = {}) => b", ["a"], false],
    ["({ a, a: { b } }) => b", ["a"], false],
    ["({}) => 1", [], false],
  ])("names the keys of %s", (text, names, open) => {
    expect(read(text)).toMatchObject({ kind: "destructured", names, open });
  });

  it("reads methods, and says where names cannot be read", () => {
    class Service {
      async load(url: string, depth: number): Promise<string> {
        return url + depth;
      }
    }
    expect(parametersOf(new Service().load).names).toEqual(["url", "depth"]);
    for (const fn of [Math.max, (() => 1).bind(null), Service]) {
      expect(parametersOf(fn)).toMatchObject({ kind: "positional", names: [], open: true });
    }
    expect(bindInputs(parametersOf(Math.max), [1, 2])).toEqual({ "args[0]": 1, "args[1]": 2 });
  });
});

describe("parametersFromNames", () => {
  it("takes the names it is given", () => {
    expect(bindInputs(parametersFromNames(["url", "debug"]), ["x"])).toEqual({ url: "x" });
    expect(bindInputs(parametersFromNames(["url"]), ["x", true, 3])).toEqual({
      url: "x",
      "args[1]": true,
      "args[2]": 3,
    });
  });

  it.each([
    [["a", "a"], 'names "a" twice'],
    [["a", ""], 'holds "", which is no name'],
    [[5], "holds 5, which is no name"],
  ])("refuses %j", (names, message) => {
    expect(() => parametersFromNames(names as string[])).toThrow(`The option params ${message}`);
  });
});

describe("bindInputs", () => {
  it.each([
    ["(a, b) => a", [1, 2], { a: 1, b: 2 }],
    ["(a, b) => a", [1], { a: 1 }],
    ["(a, b) => a", [1, undefined], { a: 1, b: undefined }],
    ["(a, b) => a", [null], { a: null }],
    ["(a) => a", [1, 2, 3], { a: 1, "args[1]": 2, "args[2]": 3 }],
    ["(a, ...b) => a", [1, 2, 3], { a: 1, b: [2, 3] }],
    ["(a, ...b) => a", [1], { a: 1, b: [] }],
    ["(a, b = f()) => a", [1], { a: 1 }],
    ["(a, b = f()) => a", [1, undefined], { a: 1 }],
    ["(a, b = f()) => a", [1, 2], { a: 1, b: 2 }],
    ["(a = b, b) => a", [undefined, 2], { b: 2 }],
    ["(a, { b } = {}) => a", [1], { a: 1, arg1: {} }],
    ["([a, b]) => a", [[1, 2]], { arg0: [1, 2] }],
    ["() => 1", [], {}],
  ])("of %s called with %j", (text, args, inputs) => {
    expect(bind(text, ...args)).toStrictEqual(inputs);
  });

  it.each([
    ["false", false],
    ["-1", -1],
    ["+1", 1],
    ["'x'", "x"],
    ["`x`", "x"],
    ["null", null],
    ["undefined", undefined],
    ["void 0", undefined],
    ["!0", true],
    ["10n", 10n],
    ["-10n", -10n],
    ["NaN", Number.NaN],
    ["-Infinity", Number.NEGATIVE_INFINITY],
    ["[1, 'a', [null]]", [1, "a", [null]]],
    ["{ a: 1, 'b c': { d: [] } }", { a: 1, "b c": { d: [] } }],
  ])("fills in the literal default %s", (text, value) => {
    const fn = `(a, b = ${text}) => a`;
    for (const args of [[1], [1, undefined], [1, value]]) expect(bind(fn, ...args)).toStrictEqual({ a: 1, b: value });
  });

  it.each([
    "/x/",
    "[...a]",
    "[1,,2]",
    "{ ...a }",
    "{ __proto__: null }",
    "{ [a]: 1 }",
    "{ f() {} }",
    "`${a}`",
    "-'1'",
    "new Date()",
    "a",
    "1 + 1",
    "() => 1",
  ])("leaves the default %s to the function", (text) => {
    expect(bind(`(a, b = ${text}) => a`, 1)).toStrictEqual({ a: 1 });
  });

  it.each([
    ["({ a, b }) => a", [{ b: 2, a: 1 }], { a: 1, b: 2 }],
    ["({ a, b = 5 }) => a", [{ a: 1 }], { a: 1, b: 5 }],
    ["({ a, b = 5 }) => a", [{ a: 1, b: undefined }], { a: 1, b: 5 }],
    ["({ a, b = f() }) => a", [{ a: 1 }], { a: 1 }],
    ["({ a }) => a", [{ z: 3, c: 2, a: 1 }], { a: 1, c: 2, z: 3 }],
    ["({ a, ...others }) => a", [{ b: 2, a: 1 }], { a: 1, b: 2 }],
    ["({ a: x = 1 } = {}) => x", [], { a: 1 }],
    ["({ a: x = 1 } = { a: 2 }) => x", [], { a: 2 }],
    ["({ a: x = 1 } = f()) => x", [], {}],
    ["({ a: x = 1 } = f()) => x", [{}], { a: 1 }],
    ["({ a }) => a", [], {}],
    ["({ a }) => a", [null], {}],
    ["({ length }) => length", ["abc"], { length: 3, "0": "a", "1": "b", "2": "c" }],
    ["({ a }) => a", [{ a: 1 }, 2], { a: 1, "args[1]": 2 }],
  ])("of %s called with %j, by key", (text, args, inputs) => {
    expect(bind(text, ...args)).toStrictEqual(inputs);
  });

  it("keeps the order of the parameters, whatever the order of the keys", () => {
    expect(Object.keys(bind("({ z, a }) => a", { q: 1, b: 2, a: 3, z: 4 }))).toEqual(["z", "a", "b", "q"]);
  });

  it("sees what a class inherits", () => {
    class Config {
      get url(): string {
        return "x";
      }
    }
    expect(bind("({ url }) => url", new Config())).toEqual({ url: "x" });
  });

  it("is not fooled by the name __proto__", () => {
    for (const inputs of [
      bind("(__proto__) => 1", { a: 1 }),
      bindInputs(parametersFromNames(["__proto__"]), [{ a: 1 }]),
      bind("({ x }) => x", JSON.parse('{"__proto__": {"a": 1}}')),
    ]) {
      expect(Object.getPrototypeOf(inputs)).toBe(Object.prototype);
      expect(Object.entries(inputs)).toEqual([["__proto__", { a: 1 }]]);
    }
    expect(bind("(toString) => 1")).toStrictEqual({});
  });

  it("makes a default anew for each call", () => {
    const parameters = read("(a = [{ b: 1 }], c = {}) => a");
    const first = bindInputs(parameters, []) as { a: Array<{ b: number }> };
    first.a[0]!.b = 2;
    expect(bindInputs(parameters, [])).toEqual({ a: [{ b: 1 }], c: {} });
  });
});

describe("unbindInputs", () => {
  const back = (
    text: string,
    args: unknown[],
    change: (inputs: Record<string, unknown>) => object = (inputs) => inputs,
  ): unknown => {
    const parameters = read(text);
    return unbindInputs(parameters, args, change(bindInputs(parameters, args)) as Record<string, unknown>);
  };

  it.each<[string, unknown[]]>([
    ["(a, b) => a", [1, 2]],
    ["(a, b) => a", [1]],
    ["(a, b) => a", []],
    ["(a, b) => a", [1, undefined]],
    ["(a) => a", [1, 2, 3]],
    ["(a, ...b) => a", [1, 2, 3]],
    ["(a, b, ...c) => a", [1]],
    ["(a, b = f()) => a", [1]],
    ["({ a }) => a", [{ a: 1, b: 2 }]],
    ["({ a }) => a", [{ a: 1 }, 5]],
    ["({ a }) => a", []],
    ["({ a } = f()) => a", []],
    ["({ a }) => a", [null]],
    ["() => 1", []],
  ])("of %s gives %j back", (text, args) => {
    const undone = back(text, args) as unknown[];
    expect(undone).toEqual(text.startsWith("({") && args.length === 0 ? [undefined] : args);
  });

  it("puts in what was changed", () => {
    expect(back("(a, b = 2) => a", [1], ({ a, b }) => ({ a: String(a), b: String(b) }))).toEqual(["1", "2"]);
    expect(back("(a, b, c = 3) => a", [1], () => ({ c: 5 }))).toEqual([undefined, undefined, 5]);
    expect(back("(a, ...b) => a", [1, 2, 3], ({ a }) => ({ a, b: [9] }))).toEqual([1, 9]);
    expect(back("(a, b, ...c) => a", [1], ({ a }) => ({ a, c: [9] }))).toEqual([1, undefined, 9]);
    expect(back("({ a = 1 } = {}) => a", [], (inputs) => ({ ...inputs, b: 2 }))).toEqual([{ a: 1, b: 2 }]);
  });

  it("leaves out what the schema left out", () => {
    expect(back("(a) => a", [1, 2, 3], ({ a }) => ({ a }))).toEqual([1]);
    expect(back("(a) => a", [1, 2, 3], () => ({ a: 1, "args[2]": 3 }))).toEqual([1, undefined, 3]);
    expect(back("({ a }) => a", [{ a: 1, b: 2 }, 5], ({ a }) => ({ a }))).toEqual([{ a: 1 }]);
  });
});
