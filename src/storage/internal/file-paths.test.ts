import { posix, win32 } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { StorageError } from "../../kernel/errors.ts";
import { checkedPath } from "./file-paths.ts";

const piece = fc.constantFrom(
  "a",
  "b.txt",
  ".",
  "..",
  "/",
  "\\",
  ":",
  "C:",
  " ",
  "\0",
  "é",
  "~",
  "%2F",
  "\n",
  "...",
  "-",
);
const path = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.array(piece, { minLength: 1, maxLength: 8 }).map((pieces) => pieces.join("")),
);

describe("checkedPath()", () => {
  it("leaves a good path alone", () => {
    for (const good of [
      "report.json",
      "2026-11-21/report.json",
      ".hidden",
      "a/.b/c..d",
      "a b",
      "~",
      "%2F",
      "é😀",
      "ab:c",
      "..a",
    ])
      expect(checkedPath(good)).toBe(good);
    expect(checkedPath("x".repeat(1000))).toHaveLength(1000);
  });

  it.each([
    ["", "empty"],
    ["/a", "absolute"],
    ["C:a", "absolute"],
    ["c:/a", "absolute"],
    ["a//b", "empty part"],
    ["a/", "empty part"],
    ["../a", '".." is not a name'],
    ["a/../b", '".." is not a name'],
    ["a/./b", '"." is not a name'],
    ["a/.. /b", '".. " is not a name'],
    [" ", '" " is not a name'],
    ["a\\b", "backslash"],
    ["a\0b", "control character"],
    ["a\u0085b", "control character"],
    ["a\ud800", "well-formed"],
    ["x".repeat(1001), "1001 characters"],
  ])("refuses %j", (bad, why) => {
    expect(() => checkedPath(bad)).toThrow(StorageError);
    expect(() => checkedPath(bad)).toThrow(why);
  });

  it("lets nothing out, on any system", () => {
    fc.assert(
      fc.property(path, (path) => {
        try {
          checkedPath(path);
        } catch (error) {
          expect(error).toBeInstanceOf(StorageError);
          return;
        }
        expect(posix.join("/root", path)).toBe(`/root/${path}`);
        expect(win32.resolve("D:\\root", path).startsWith("D:\\root\\")).toBe(true);
      }),
    );
  });
});
