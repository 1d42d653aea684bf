import assert from "node:assert/strict";
import {
  check,
  checkTwo,
  expectAbsent,
  expectBytes,
  expectContent,
  expectListed,
  pattern,
  put,
  type StorageCheck,
} from "./check.ts";

export const valueChecks: readonly StorageCheck[] = [
  check("A plain value is written, replaced and removed", async (storage) => {
    const { values } = storage;
    assert.equal(await values.get("name"), undefined);
    assert.equal(await values.delete("name"), false);
    for (const [i, size] of [10, 300_000, 0, 65_536, 65_537, 300_000, 5].entries()) {
      await values.put("name", [pattern(size, i)]);
      expectBytes(await values.get("name"), pattern(size, i), "The value");
    }
    await values.put("name", [Buffer.from("in "), new Uint8Array(0), Buffer.from("pieces")]);
    expectBytes(await values.get("name"), "in pieces", "The value");
    assert.equal(await values.delete("name"), true);
    assert.equal(await values.delete("name"), false);
    assert.equal(await values.get("name"), undefined);
  }),

  check("A value and a record of the same name are two things", async (storage) => {
    await put(storage, "name", "record");
    assert.equal(await storage.values.get("name"), undefined);
    assert.equal(await storage.values.delete("name"), false);
    await storage.values.put("name", [Buffer.from("value")]);
    await expectContent(storage, "name", "record");
    assert.equal(await storage.delete("name"), true);
    expectBytes(await storage.values.get("name"), "value", "The value");
    await expectAbsent(storage, "name");
    await expectListed(storage, []);
    await put(storage, "name", "record");
    assert.equal(await storage.values.delete("name"), true);
    await expectContent(storage, "name", "record");
  }),

  checkTwo("A value is seen by another storage of the place", async (storage, other) => {
    for (const size of [10, 300_000]) {
      await storage.values.put("name", [pattern(size, 1)]);
      expectBytes(await other.values.get("name"), pattern(size, 1), "The value");
      await other.values.put("name", [pattern(size, 2)]);
      expectBytes(await storage.values.get("name"), pattern(size, 2), "The value");
      assert.equal(await other.values.delete("name"), true);
      assert.equal(await storage.values.get("name"), undefined);
    }
  }),
];
