import assert from "node:assert/strict";
import type { Storage } from "../../storage/storage.ts";
import {
  bytesOf,
  check,
  checkTwo,
  expectAbsent,
  expectContent,
  expectMetadata,
  metadataFor,
  pattern,
  put,
  type StorageCheck,
} from "./check.ts";

// From a row or a small file to a large one, and back.
const sizes = [50, 100_000];
const moves = sizes.flatMap((before) => sizes.map((after) => [before, after] as const));

export const fencingChecks: readonly StorageCheck[] = [
  check(
    "A lower fencing token than that of the record in its place is refused, and changes nothing",
    async (storage) => {
      if (!storage.capabilities.fencing) return;
      for (const [before, after] of moves) {
        const key = `${before} to ${after}`;
        const standing = metadataFor(key, pattern(before, 1), { fence: 10 });
        await storage.put(standing, [pattern(before, 1)]);
        for (const fence of [9, 1, 0]) {
          await expectRefusal(storage, key, pattern(after, 2), fence);
          await expectContent(storage, key, pattern(before, 1));
          expectMetadata(await storage.head(key), standing);
        }
      }
    },
  ),

  check("The same fencing token, a higher one and none at all replace the record", async (storage) => {
    if (!storage.capabilities.fencing) return;
    for (const [before, after] of moves) {
      const key = `${before} to ${after}`;
      const highest = Number.MAX_SAFE_INTEGER;
      for (const [i, fence] of [0, 0, 9, 9, 10, highest, highest, undefined, 3, undefined, 0].entries()) {
        const bytes = pattern(i % 2 === 0 ? before : after, i);
        const metadata = metadataFor(key, bytes, fence === undefined ? {} : { fence });
        assert.equal(await storage.put(metadata, [bytes]), true);
        await expectContent(storage, key, bytes);
        expectMetadata(await storage.head(key), metadata);
      }
    }
  }),

  check("Where a record was removed, any fencing token may write", async (storage) => {
    if (!storage.capabilities.fencing) return;
    for (const size of sizes) {
      await put(storage, "key", pattern(size, 1), { fence: 10 });
      await storage.delete("key");
      await put(storage, "key", pattern(size, 2), { fence: 1 });
      await expectContent(storage, "key", pattern(size, 2));
    }
  }),

  check("With ifAbsent a lower fencing token finds the record like any other writer", async (storage) => {
    if (!storage.capabilities.fencing) return;
    for (const size of sizes) {
      await put(storage, `${size}`, "standing", { fence: 10 });
      const metadata = metadataFor(`${size}`, pattern(size, 1), { fence: 1 });
      assert.equal(await storage.put(metadata, [pattern(size, 1)], { ifAbsent: true }), false);
      await expectContent(storage, `${size}`, "standing");
    }
  }),

  check("A batch with one refused fencing token publishes none of its records", async (storage) => {
    if (!storage.capabilities.fencing || !storage.capabilities.atomicBatch) return;
    await put(storage, "free", "standing");
    await put(storage, "guarded", "standing", { fence: 10 });
    for (const size of sizes) {
      const record = (key: string, fence?: number) =>
        [metadataFor(key, pattern(size, 2), fence === undefined ? {} : { fence }), [pattern(size, 2)]] as const;
      const stale = record("guarded", 9);
      for (const batch of [
        [record("free"), stale, record("new")],
        [stale, record("new"), record("free", 20)],
        [record("new", 1), record("free"), stale],
      ]) {
        await assert.rejects(async () => storage.putAll!(batch), { code: "OXBOW_LOCK_LOST", key: "guarded" });
        await expectContent(storage, "free", "standing");
        await expectContent(storage, "guarded", "standing");
        await expectAbsent(storage, "new");
      }
    }
    await storage.putAll!([[metadataFor("guarded", "after", { fence: 10 }), [bytesOf("after")]]]);
    await expectContent(storage, "guarded", "after");
  }),

  check("Of writers with different fencing tokens at once the highest one's record stays", async (storage) => {
    if (!storage.capabilities.fencing) return;
    for (const size of sizes) await raceOfTokens(`size ${size}`, size, () => storage);
  }),

  checkTwo("A fencing token is held against what another storage of the place has written", async (storage, other) => {
    if (!storage.capabilities.fencing) return;
    for (const size of sizes) {
      const key = `key ${size}`;
      await put(storage, key, pattern(size, 1), { fence: 9 });
      await put(other, key, pattern(size, 2), { fence: 10 });
      await expectRefusal(storage, key, pattern(size, 3), 9);
      await expectContent(storage, key, pattern(size, 2));
      await raceOfTokens(`race ${size}`, size, (i) => (i % 2 === 0 ? storage : other));
    }
  }),
];

async function expectRefusal(storage: Storage, key: string, bytes: Uint8Array, fence: number): Promise<void> {
  const metadata = metadataFor(key, bytes, { fence });
  await assert.rejects(async () => storage.put(metadata, [bytes]), { code: "OXBOW_LOCK_LOST", key });
}

/** Tokens 1 to 20, in an order in which numbers and texts, and early and late comparisons, come to different ends. */
async function raceOfTokens(key: string, size: number, storageOf: (i: number) => Storage): Promise<void> {
  const fences = Array.from({ length: 20 }, (_, i) => ((i * 13) % 20) + 1);
  const writes = fences.map(async (fence, i) => put(storageOf(i), key, pattern(size, fence), { fence }));
  for (const outcome of await Promise.allSettled(writes)) {
    if (outcome.status === "fulfilled") continue;
    assert.equal((outcome.reason as { code?: unknown }).code, "OXBOW_LOCK_LOST", String(outcome.reason));
  }
  await expectContent(storageOf(0), key, pattern(size, 20));
  assert.equal((await storageOf(1).head(key))?.fence, 20);
}
