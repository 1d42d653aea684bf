import assert from "node:assert/strict";
import type { Storage } from "../../storage/storage.ts";
import {
  check,
  checkTwo,
  expectAbsent,
  expectContent,
  expectListed,
  metadataFor,
  pattern,
  put,
  type StorageCheck,
} from "./check.ts";

const flags = ["persistent", "putIfAbsent", "atomicBatch", "fencing", "versions", "streams", "list"] as const;

export const placeChecks: readonly StorageCheck[] = [
  check("A storage says what it is, and has what its capabilities say", async (storage) => {
    assert.match(storage.kind, /^[a-z0-9-]+$/);
    assert.ok(storage.location.length > 0);
    for (const flag of flags) assert.equal(typeof storage.capabilities[flag], "boolean", `The capability ${flag}`);
    assert.equal(typeof storage.putAll === "function", storage.capabilities.atomicBatch, "putAll() and atomicBatch");
    assert.equal(typeof storage.version === "function", storage.capabilities.versions, "version() and versions");
    const { streams } = storage.capabilities;
    assert.equal(typeof storage.values.open === "function", streams, "values.open() and streams");
    for (const size of [10, 200_000]) {
      await put(storage, "key", pattern(size, 1));
      assert.equal(typeof (await storage.get("key"))?.stream === "function", streams, "stream() and streams");
    }
  }),

  checkTwo("Two storages of one place see each other's records", async (storage, other) => {
    assert.equal(storage.location, other.location);
    for (const size of [10, 300_000]) {
      await expectAbsent(other, "key");
      await put(storage, "key", pattern(size, 1));
      await expectContent(other, "key", pattern(size, 1));
      await put(other, "key", pattern(size, 2));
      await expectContent(storage, "key", pattern(size, 2));
      await expectListed(other, ["key"]);
      assert.equal(await other.delete("key"), true);
      await expectAbsent(storage, "key");
    }
  }),

  check("A version changes with every write and removal of its record", async (storage) => {
    if (!storage.capabilities.versions) return;
    const steps = [
      () => put(storage, "key", "one"),
      () => put(storage, "key", "two"),
      () => put(storage, "key", "two"),
      () => put(storage, "key", pattern(100_000, 1)),
      () => put(storage, "key", pattern(100_000, 2)),
      async () => void (await storage.delete("key")),
      () => put(storage, "key", "two"),
    ];
    await expectChanges(storage, steps);
  }),

  checkTwo("A version changes when another storage of the place writes", async (storage, other) => {
    if (!storage.capabilities.versions) return;
    await put(storage, "key", "zero");
    const rewrites = Array.from({ length: 40 }, (_, i) => () => put(other, "key", `content ${i % 10}`));
    await expectChanges(storage, [
      ...rewrites,
      async () => void (await other.delete("key")),
      () => put(other, "key", pattern(100_000, 1)),
    ]);
  }),

  check("The version of a record that is left alone comes to rest", async (storage) => {
    if (!storage.capabilities.versions) return;
    await put(storage, "key", "content");
    const until = performance.now() + 1500;
    while (storage.version!("key") !== storage.version!("key")) {
      assert.ok(performance.now() < until, "A version that never repeats is of no use");
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }),

  check("A batch publishes all of its records, in place of those that were there", async (storage) => {
    if (!storage.capabilities.atomicBatch) return;
    await storage.putAll!([]);
    await put(storage, "b", "before");
    await put(storage, "large", pattern(100_000, 9));
    const batch = [
      ["a", pattern(10, 1)],
      ["b", pattern(20, 2)],
      ["large", pattern(100_000, 3)],
      ["empty", pattern(0, 0)],
    ] as const;
    await storage.putAll!(batch.map(([key, bytes]) => [metadataFor(key, bytes), [bytes]] as const));
    for (const [key, bytes] of batch) await expectContent(storage, key, bytes);
  }),

  check("A batch with a record that cannot be written publishes none", async (storage) => {
    if (!storage.capabilities.atomicBatch) return;
    await put(storage, "a", "before");
    const good = [metadataFor("a", "after"), [Buffer.from("after")]] as const;
    const bad = [metadataFor("b", "1234567"), [Buffer.from("too short")]] as const;
    await assert.rejects(async () => storage.putAll!([good, bad]), { code: "OXBOW_STORAGE_FAILED" });
    await assert.rejects(async () => storage.putAll!([bad, good]), { code: "OXBOW_STORAGE_FAILED" });
    await expectContent(storage, "a", "before");
    await expectAbsent(storage, "b");
  }),
];

async function expectChanges(storage: Storage, steps: ReadonlyArray<() => Promise<void>>): Promise<void> {
  // Against all earlier ones, not the last alone: a record that looks like an old one again is not the old one.
  const seen = new Set([storage.version!("key")]);
  for (const [i, step] of steps.entries()) {
    await step();
    const version = storage.version!("key");
    const isAbsentAgain = (await storage.head("key")) === undefined;
    assert.ok(isAbsentAgain || !seen.has(version), `The version is an old one after step ${i + 1}`);
    seen.add(version);
  }
}
