import assert from "node:assert/strict";
import type { Storage } from "../../storage/storage.ts";
import { check, listed, metadataFor, put, type StorageCheck } from "./check.ts";

const keys = Array.from({ length: 250 }, (_, i) => `page/${String((i * 7) % 250).padStart(3, "0")}`);
const inOrder = [...keys].sort();

/** Makes a check for storages with `capabilities.list`. */
function checkList(title: string, body: (storage: Storage) => Promise<void>): StorageCheck {
  return check(title, async (storage) => void (storage.capabilities.list && (await body(storage))));
}

export const listChecks: readonly StorageCheck[] = [
  check("Where there is no list, asking for one is a StorageError", async (storage) => {
    if (storage.capabilities.list) return;
    await put(storage, "key", "x");
    const failed = { code: "OXBOW_STORAGE_FAILED" };
    await assert.rejects(async () => listed(storage.list()), failed);
    await assert.rejects(async () => listed(storage.list({ prefix: "k", after: "a" })), failed);
  }),

  checkList("An empty storage has an empty list", async (storage) => {
    assert.deepEqual(await listed(storage.list()), []);
    assert.deepEqual(await listed(storage.list({ prefix: "a", after: "ab" })), []);
  }),

  checkList("A list has all records in order, however many", async (storage) => {
    for (const key of keys) await put(storage, key, "x");
    assert.deepEqual(await listed(storage.list()), inOrder);
  }),

  checkList("A prefix chooses the keys that begin with it", async (storage) => {
    for (const key of ["a", "a/", "a/b", "a/b/c", "aa", "b", "%", "%a", "_a", "😀", "😀x", "é", `a/${"x".repeat(300)}`])
      await put(storage, key, "x");
    assert.deepEqual(await listed(storage.list({ prefix: "a/" })), ["a/", "a/b", "a/b/c", `a/${"x".repeat(300)}`]);
    assert.deepEqual(await listed(storage.list({ prefix: "%" })), ["%", "%a"]);
    assert.deepEqual(await listed(storage.list({ prefix: "_" })), ["_a"]);
    assert.deepEqual(await listed(storage.list({ prefix: "😀" })), ["😀", "😀x"]);
    assert.deepEqual(await listed(storage.list({ prefix: "c" })), []);
    assert.equal((await listed(storage.list({ prefix: "" }))).length, 13);
  }),

  checkList("A page begins after the last key of the page before", async (storage) => {
    for (const key of keys) await put(storage, key, "x");
    const pages: string[] = [];
    for (let after: string | undefined; ; after = pages.at(-1)) {
      const page = (await listed(storage.list({ prefix: "page/", ...(after === undefined ? {} : { after }) }))).slice(
        0,
        60,
      );
      if (page.length === 0) break;
      pages.push(...page);
      assert.ok(pages.length <= keys.length, "Pages come again");
    }
    assert.deepEqual(pages, inOrder);
    assert.deepEqual(
      await listed(storage.list({ after: "page/2485" })),
      ["page/249"],
      "A key that is not there is a beginning too",
    );
    assert.deepEqual(await listed(storage.list({ after: "a", prefix: "page/24" })), inOrder.slice(240));
    assert.deepEqual(await listed(storage.list({ after: "z", prefix: "page/24" })), []);
  }),

  checkList("The order of a list is that of the UTF-8 bytes, not of the UTF-16 units", async (storage) => {
    for (const key of ["\u{1f600}", "\uffee", "z", "Z", "\u00e9"]) await put(storage, key, "x");
    assert.deepEqual(await listed(storage.list()), ["Z", "z", "\u00e9", "\uffee", "\u{1f600}"]);
    assert.deepEqual(await listed(storage.list({ after: "\uffee" })), ["\u{1f600}"]);
  }),

  checkList("A list may be left early, and may run while records come and go", async (storage) => {
    for (const key of keys) await put(storage, key, "x");
    for await (const { key } of storage.list()) if (key === inOrder[3]) break;
    const seen: string[] = [];
    for await (const { key } of storage.list()) {
      seen.push(key);
      await storage.delete(key);
      await storage.put(metadataFor(`${key}+`, "x"), [Buffer.from("x")]);
    }
    assert.deepEqual(
      seen.filter((key) => !key.endsWith("+")),
      inOrder,
    );
    assert.equal(new Set(seen).size, seen.length, "A key came twice");
  }),
];
