import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { awkwardKeys } from "../../testing/storage-checks/keys.ts";
import { isRecordFileName, keyOfFileName, recordFileName, valueFileName } from "./key-names.ts";

const piece = fc.constantFrom(
  "a",
  ".",
  "..",
  "/",
  "\\",
  "%",
  "%2F",
  "\0",
  "\n",
  "~",
  "CON",
  " ",
  ".value",
  "é",
  "😀",
  "x".repeat(120),
  "f".repeat(64),
);
const key = fc.oneof(
  fc.string({ unit: "grapheme", minLength: 1 }),
  fc.array(piece, { minLength: 1, maxLength: 8 }).map((pieces) => pieces.join("")),
);

describe("recordFileName()", () => {
  it("leaves alone what is a good name already", () => {
    for (const good of ["a", "0123abcd", "report-2026.json", "Ключ 😀", "a b", "~/a".slice(0, 1)])
      expect(recordFileName(good)).toBe(good);
  });

  it("is a name that every file system takes, and never leads anywhere else", () => {
    fc.assert(
      fc.property(key, (key) => {
        for (const name of [recordFileName(key), valueFileName(key)]) {
          expect(Buffer.byteLength(name)).toBeLessThanOrEqual(255);
          expect(name).not.toMatch(/[\u0000-\u001f/\\:*?"<>|]|^\.|[. ]$|^(con|nul)(\.|$)/i);
        }
      }),
    );
  });

  it("is another name for another key, and none that a plain value has", () => {
    fc.assert(
      fc.property(key, key, (a, b) => {
        fc.pre(a !== b);
        expect(recordFileName(a)).not.toBe(recordFileName(b));
        expect(valueFileName(a)).not.toBe(valueFileName(b));
        expect(recordFileName(a).toLowerCase()).not.toBe(valueFileName(b).toLowerCase());
      }),
    );
    const names = awkwardKeys.flatMap((key) => [recordFileName(key), valueFileName(key)]);
    expect(new Set(names).size).toBe(2 * awkwardKeys.length);
  });

  it("keeps a shortened name and a key that looks like one apart", () => {
    const shortened = recordFileName("a".repeat(300));
    expect(shortened).toMatch(/^a{120}~[0-9a-f]{64}$/);
    expect(recordFileName(shortened)).not.toBe(shortened);
  });

  it("does not cut an escape or a character in half", () => {
    for (let length = 100; length < 130; length += 1) {
      expect(recordFileName(`${"a".repeat(length)}${"/".repeat(100)}`)).toMatch(/^a+(%2F)*~[0-9a-f]{64}$/);
      expect(recordFileName(`${"a".repeat(length)}${"😀".repeat(100)}`)).toMatch(/^a+(😀)*~[0-9a-f]{64}$/u);
    }
  });
});

describe("keyOfFileName()", () => {
  it("gives the key back, where the name is not shortened", () => {
    fc.assert(
      fc.property(key, (key) => {
        const name = recordFileName(key);
        expect(isRecordFileName(name)).toBe(true);
        expect(isRecordFileName(valueFileName(key))).toBe(false);
        expect(keyOfFileName(name)).toBe(/~[0-9a-f]{64}$/.test(name) ? undefined : key);
      }),
    );
  });

  it("knows no key of a name that was escaped by somebody else", () => {
    for (const name of ["a%2fb", "%61", "%", "%zz", "a.", ".a", "CON"])
      expect(keyOfFileName(name), name).toBeUndefined();
  });
});
