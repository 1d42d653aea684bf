import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { StorageError } from "../../../kernel/errors.ts";
import { awkwardKeys } from "../../../testing/storage-checks/keys.ts";
import { fileName, goodBeginning, keyOfRecordName, recordName, valueName } from "./names.ts";

const allowed = /^[A-Za-z0-9!_.'()/=:,@+;-]{1,1000}$/;
const piece = fc.constantFrom(
  "a",
  ".",
  "..",
  "/",
  "!",
  "!2E",
  "%",
  " ",
  "=",
  "é",
  "😀",
  "x".repeat(300),
  "A",
  "\u0080",
);
const text = fc.oneof(
  fc.string({ unit: "grapheme", minLength: 1 }),
  fc.array(piece, { minLength: 1, maxLength: 8 }).map((pieces) => pieces.join("")),
);

describe("recordName()", () => {
  it("leaves alone what is a good name already", () => {
    for (const good of [
      "a",
      "task/0123abcd",
      "year=2026/report-01.json",
      "a:b;c,d@e+f!(g)'h",
      ".hidden",
      "x".repeat(700),
    ])
      expect(recordName(good)).toBe(`records/${good}`);
  });

  it("hashes what some store, URL or listing would change", () => {
    for (const odd of [
      ".",
      "..",
      "a/..",
      "../a",
      "a//b",
      "/a",
      "a/",
      "a.",
      "a./b",
      "a b",
      "a%2Fb",
      "é",
      "x".repeat(701),
    ])
      expect(recordName(odd), odd).toMatch(/^hashed\/[0-9a-f]{64}$/);
  });

  it("is another name for another key, in the alphabet of the stores", () => {
    const names = awkwardKeys.flatMap((key) => [recordName(key), valueName(key)]);
    expect(new Set(names).size).toBe(2 * awkwardKeys.length);
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(recordName(a)).toMatch(allowed);
        expect(valueName(a)).toMatch(allowed);
        expect(recordName(a) === recordName(b)).toBe(a === b);
        const named = recordName(a).startsWith("records/");
        expect(keyOfRecordName(recordName(a))).toBe(named ? a : undefined);
      }),
    );
  });
});

describe("goodBeginning()", () => {
  it("is a beginning, and comes no later than any key after the whole text", () => {
    expect(goodBeginning("abc/d")).toBe("abc/d");
    expect(goodBeginning("ab cd")).toBe("ab");
    expect(goodBeginning("é")).toBe("");
    expect(goodBeginning("x".repeat(2000))).toHaveLength(700);
  });
});

describe("fileName()", () => {
  it("keeps ordinary names as they are, and escapes the rest, byte by byte", () => {
    expect(fileName("reports/year=2026/a-b_c.parquet")).toBe("files/reports/year=2026/a-b_c.parquet");
    expect(fileName("Bericht März.csv")).toBe("files/Bericht!20M!C3!A4rz.csv");
    expect(fileName("100%!.txt")).toBe("files/100!25!21.txt");
    expect(fileName("a./b.c.")).toBe("files/a!2E/b.c!2E");
  });

  it("is another name for another path, and none that the stores do not take", () => {
    fc.assert(
      fc.property(text, text, (a, b) => {
        const [left, right] = [nameOrError(a), nameOrError(b)];
        if (left instanceof Error || right instanceof Error) return;
        expect(left).toMatch(allowed);
        expect(left).not.toMatch(/\.(\/|$)/);
        expect(left === right).toBe(a === b);
      }),
    );
  });

  it("refuses a path that gets too long by its escapes", () => {
    expect(() => fileName("ж".repeat(200))).toThrow(/too long here/);
  });
});

function nameOrError(path: string): string | Error {
  try {
    return fileName(path);
  } catch (error) {
    expect(error).toBeInstanceOf(StorageError);
    return error as Error;
  }
}
