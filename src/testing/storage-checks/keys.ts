import assert from "node:assert/strict";
import { check, expectAbsent, expectBytes, expectContent, expectListed, put, type StorageCheck } from "./check.ts";

const long = "long/".repeat(1000);

/** Keys that have broken a storage somewhere; each pair that could be taken for one is in. */
export const awkwardKeys: readonly string[] = [
  "a/b",
  "a%2Fb",
  "a%2fb",
  "a%252Fb",
  "a\\b",
  "a",
  "A",
  "a ",
  " a",
  "a.",
  ".a",
  ".",
  "..",
  "...",
  "../a",
  "a/../a",
  "/a",
  "a/",
  "//",
  "a\0b",
  "a\0c",
  "\0",
  "\n",
  "a\r\nb",
  "\u007f",
  "\u0085",
  "\u2028",
  "%",
  "%00",
  "%2E",
  "~",
  "~/a",
  "-rf",
  "*",
  "?",
  "a:b",
  "C:\\a",
  '"a"',
  "<a>",
  "a|b",
  "CON",
  "con",
  "con.txt",
  "%43ON",
  "nul",
  "COM1",
  "a.value",
  "a.VALUE",
  "a%2Evalue",
  "a.json",
  "a.tmp",
  ".tmp",
  "tmp",
  "records.db",
  "values",
  "__proto__",
  "constructor",
  "toString",
  "'; DROP TABLE records; --",
  "\ue000",
  "\uffff",
  "😀",
  "😁",
  "\u{10ffff}",
  "ключ",
  "\u00e9",
  "e\u0301",
  `~${"0".repeat(64)}`,
  `a~${"f".repeat(64)}`,
  long,
  `${long}x`,
  `${long}y`,
  "x".repeat(200),
  "x".repeat(249),
  "x".repeat(250),
  "x".repeat(255),
  "x".repeat(256),
  "/".repeat(85),
  "/".repeat(86),
  "é".repeat(130),
  "😀".repeat(64),
  "x".repeat(5000),
  "x".repeat(10_000),
  "\0".repeat(10_000),
];

export const keyChecks: readonly StorageCheck[] = [
  check("Any two keys are two records, however odd or alike they are", async (storage) => {
    for (const [i, key] of awkwardKeys.entries()) await put(storage, key, `content ${i}`);
    for (const [i, key] of awkwardKeys.entries()) await expectContent(storage, key, `content ${i}`);
  }),

  check("A list gives every odd key once, in the order of the UTF-8 bytes", async (storage) => {
    for (const key of awkwardKeys) await put(storage, key, "content");
    const expected = [...awkwardKeys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    await expectListed(storage, expected);
  }),

  check("Removing a record with an odd key leaves all others", async (storage) => {
    for (const [i, key] of awkwardKeys.entries()) await put(storage, key, `content ${i}`);
    for (const [i, key] of awkwardKeys.entries()) if (i % 2 === 0) assert.equal(await storage.delete(key), true);
    for (const [i, key] of awkwardKeys.entries()) {
      if (i % 2 === 0) await expectAbsent(storage, key);
      else await expectContent(storage, key, `content ${i}`);
    }
  }),

  check("A plain value may have any name, and any two names are two values", async (storage) => {
    for (const [i, name] of awkwardKeys.entries()) await storage.values.put(name, [Buffer.from(`value ${i}`)]);
    for (const [i, name] of awkwardKeys.entries())
      expectBytes(await storage.values.get(name), `value ${i}`, "The value");
    await expectListed(storage, []);
  }),
];
