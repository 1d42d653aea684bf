import assert from "node:assert/strict";
import type { Payload, Storage } from "../../storage/storage.ts";
import {
  expectAbsent,
  expectBytes,
  expectContent,
  expectListed,
  metadataFor,
  pattern,
  put,
  type StorageCheck,
} from "./check.ts";
import { checkStreams, expectRefused, failingSource, lyingSource, sourceOf } from "./sources.ts";

const sizes = [50, 100_000, 3_000_017];

export const sourceChecks: readonly StorageCheck[] = [
  checkStreams(
    "A source that throws half-way leaves what was there before, and its error is the cause",
    async (storage) => {
      await put(storage, "standing", "before");
      await storage.values.put("standing", [Buffer.from("before")]);
      const own = new Error("The source's own error");
      for (const size of sizes) {
        const source = failingSource(pattern(size, 1), own);
        for (const key of ["standing", "new"]) {
          await expectRefused(() => storage.put(metadataFor(key, pattern(size, 1)), source), own);
          await expectRefused(() => storage.values.put(key, source), own);
        }
        await expectRefused(() => storage.put(metadataFor("new", pattern(size, 1)), source, { ifAbsent: true }), own);
        await expectUntouched(storage);
      }
      await storage.close();
      await expectUntouched(storage);
    },
  ),

  checkStreams("A source that has another length than it says is refused", async (storage) => {
    await put(storage, "standing", "before");
    await storage.values.put("standing", [Buffer.from("before")]);
    for (const size of sizes) {
      for (const wrong of [size - 1, size + 1]) {
        const source = lyingSource(pattern(size, 1), wrong);
        for (const key of ["standing", "new"]) {
          await expectRefused(() => storage.put(metadataFor(key, pattern(wrong, 1)), source));
          await expectRefused(() => storage.put(metadataFor(key, pattern(size, 1)), source));
          await expectRefused(() => storage.values.put(key, source));
        }
        await expectUntouched(storage);
      }
    }
  }),

  checkStreams("With ifAbsent a source is written where there is no record, and only there", async (storage) => {
    for (const size of sizes) {
      const key = `size ${size}`;
      const write = (seed: number): unknown =>
        storage.put(metadataFor(key, pattern(size, seed)), sourceOf(pattern(size, seed)), { ifAbsent: true });
      assert.equal(await write(1), true);
      assert.equal(await write(2), false);
      await expectContent(storage, key, pattern(size, 1));
      if (!storage.capabilities.putIfAbsent) continue;
      await storage.delete(key);
      const won = await Promise.all(Array.from({ length: 8 }, (_, i) => write(i)));
      assert.equal(won.filter((each) => each === true).length, 1, "Of 8 sources at once one wins");
      await expectContent(storage, key, pattern(size, won.indexOf(true)));
    }
  }),

  checkStreams("A source with a lower fencing token than that of the record is refused", async (storage) => {
    if (!storage.capabilities.fencing) return;
    for (const size of sizes) {
      await put(storage, "key", pattern(size, 1), { fence: size });
      const metadata = metadataFor("key", pattern(size, 2), { fence: size - 1 });
      const refusal = { code: "OXBOW_LOCK_LOST", key: "key" };
      await assert.rejects(async () => storage.put(metadata, sourceOf(pattern(size, 2))), refusal);
      await expectContent(storage, "key", pattern(size, 1));
    }
  }),

  checkStreams("A batch may have sources among its chunks", async (storage) => {
    if (!storage.capabilities.atomicBatch) return;
    const batch = sizes.flatMap(
      (size, i): Array<readonly [string, Uint8Array, Payload]> => [
        [`chunks ${size}`, pattern(size, i), [pattern(size, i)]],
        [`source ${size}`, pattern(size, i + 9), sourceOf(pattern(size, i + 9))],
      ],
    );
    await put(storage, "chunks 50", "before");
    await storage.putAll!(batch.map(([key, bytes, payload]) => [metadataFor(key, bytes), payload] as const));
    for (const [key, bytes] of batch) await expectContent(storage, key, bytes);
  }),

  checkStreams("A batch with a source that throws publishes none of its records", async (storage) => {
    if (!storage.capabilities.atomicBatch) return;
    await put(storage, "standing", "before");
    await storage.values.put("standing", [Buffer.from("before")]);
    const own = new Error("The source's own error");
    for (const size of sizes) {
      const record = (key: string, payload: Payload) => [metadataFor(key, pattern(size, 1)), payload] as const;
      const good = [record("standing", sourceOf(pattern(size, 1))), record("other", [pattern(size, 1)])];
      const bad = record("new", failingSource(pattern(size, 1), own));
      await expectRefused(() => storage.putAll!([...good, bad]), own);
      await expectRefused(() => storage.putAll!([bad, ...good]), own);
      await expectUntouched(storage);
    }
  }),
];

async function expectUntouched(storage: Storage): Promise<void> {
  await expectContent(storage, "standing", "before");
  expectBytes(await storage.values.get("standing"), "before", "The value");
  await expectAbsent(storage, "new");
  assert.equal(await storage.values.get("new"), undefined, "There is a value that was never written to its end");
  await expectListed(storage, ["standing"]);
}
