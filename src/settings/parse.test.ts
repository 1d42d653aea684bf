import { homedir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { expectationOf, parseValue } from "./parse.ts";
import type { Delays, SettingDeclaration } from "./schema.ts";

const place = { base: "/base", home: "/home/of" };
const declared = (type: string, more: object = {}): SettingDeclaration =>
  ({ type, default: "", description: "", ...more }) as SettingDeclaration;
const parse = (declaration: SettingDeclaration, raw: unknown): unknown => parseValue(declaration, raw, place);

describe("parseValue", () => {
  it.each(["true", "TRUE", "1", "yes", "Yes", "on", " on ", true, 1])("takes %j for true", (raw) => {
    expect(parse(declared("boolean"), raw)).toBe(true);
  });

  it.each(["false", "False", "0", "no", "off", false, 0])("takes %j for false", (raw) => {
    expect(parse(declared("boolean"), raw)).toBe(false);
  });

  it.each(["", "tru", "2", 2, null, [true], {}])("does not take %j for a boolean", (raw) => {
    expect(parse(declared("boolean"), raw)).toBeUndefined();
  });

  it.each([
    ["0", 0],
    ["12", 12],
    ["1_000", 1000],
    [7, 7],
  ])("reads the number %j", (raw, number) => {
    expect(parse(declared("integer", { least: 0 }), raw)).toBe(number);
  });

  it.each(["-1", "1.5", "1e3", "0x10", "", "ten", 1.5, -1, Number.NaN, 2 ** 60, true])(
    "does not take %j for a whole number from 0",
    (raw) => {
      expect(parse(declared("integer", { least: 0 }), raw)).toBeUndefined();
    },
  );

  it("holds numbers against the least there may be", () => {
    expect(parse(declared("integer", { least: 1 }), "0")).toBeUndefined();
    expect(expectationOf(declared("integer", { least: 1 }))).toBe("a whole number from 1");
  });

  it.each([
    ["64MiB", 64 * 2 ** 20],
    ["10GB", 1e10],
    ["1.5 kib", 1536],
    ["100", 100],
    ["5b", 5],
    [42, 42],
  ])("reads the size %j", (raw, size) => {
    expect(parse(declared("bytes"), raw)).toBe(size);
  });

  it.each(["64 MiBs", "-1MB", "lots", "", -5, 0.5])("does not take %j for a size", (raw) => {
    expect(parse(declared("bytes"), raw)).toBeUndefined();
  });

  it.each([
    ["2s", [2000, 2000, 2000]],
    ["1s, 10s", [1000, 10_000, 10_000]],
    [
      ["1s", { minutes: 1 }],
      [1000, 60_000, 60_000],
    ],
    [{ seconds: 3 }, [3000, 3000, 3000]],
  ])("reads the delays %j, the last of which holds for all further failures", (raw, lengths) => {
    const delays = parse(declared("delays"), raw) as Delays;
    expect([1, 2, 3].map(delays)).toEqual(lengths);
  });

  it.each(["", "5", 5, "soon", "1s,", [], ["1s", 2], null])("does not take %j for delays", (raw) => {
    expect(parse(declared("delays"), raw)).toBeUndefined();
  });

  it.each([
    ["cache", "/base/cache"],
    ["../cache", "/cache"],
    ["/abs", "/abs"],
    ["{home}/storage", "/home/of/storage"],
    ["~", homedir()],
    ["~/x", join(homedir(), "x")],
    ["~x", "/base/~x"],
  ])("reads the path %j", (raw, path) => {
    expect(parse(declared("path"), raw)).toBe(path);
  });

  it("takes choices in any case, and no others", () => {
    const level = declared("choice", { choices: ["debug", "info"] });
    expect(parse(level, "INFO")).toBe("info");
    expect(parse(level, "verbose")).toBeUndefined();
    expect(parse(level, ["info"])).toBeUndefined();
    expect(expectationOf(level)).toBe("one of debug, info");
  });
});
