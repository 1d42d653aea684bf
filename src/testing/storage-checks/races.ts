import assert from "node:assert/strict";
import { RecordError } from "../../kernel/errors.ts";
import type { Storage } from "../../storage/storage.ts";
import { check, checkTwo, expectContent, metadataFor, pattern, put, read, type StorageCheck } from "./check.ts";

const sizes = [50, 100_000];

export const raceChecks: readonly StorageCheck[] = [
  check("With ifAbsent a record is written where there is none, and only there", async (storage) => {
    for (const size of sizes) {
      const key = `size ${size}`;
      assert.equal(await putIfAbsent(storage, key, pattern(size, 1)), true);
      assert.equal(await putIfAbsent(storage, key, pattern(size, 2)), false);
      await expectContent(storage, key, pattern(size, 1));
      await storage.delete(key);
      assert.equal(await putIfAbsent(storage, key, pattern(size, 3)), true);
      await expectContent(storage, key, pattern(size, 3));
    }
  }),

  check(
    "Of 20 writers with ifAbsent at once exactly one wins, and its record is the one that stays",
    async (storage) => {
      if (!storage.capabilities.putIfAbsent) return;
      for (const size of sizes) await raceOf20(`size ${size}`, size, () => storage);
    },
  ),

  checkTwo("Of 20 writers with ifAbsent in two storages of one place exactly one wins", async (storage, other) => {
    if (!storage.capabilities.putIfAbsent) return;
    for (const size of sizes) await raceOf20(`size ${size}`, size, (i) => (i % 2 === 0 ? storage : other));
  }),

  check("Of 20 writers at once one leaves its record, whole", async (storage) => {
    for (const size of sizes) {
      const all = Array.from({ length: 20 }, (_, i) => pattern(size + i, i));
      await Promise.all(all.map((bytes) => put(storage, "key", bytes)));
      const found = (await read(storage, "key"))!;
      assert.ok(
        all.some((bytes) => Buffer.compare(bytes, found) === 0),
        "What stays is none of the 20 records",
      );
    }
  }),

  check("Writers of many keys at once all leave their records", async (storage) => {
    const numbers = Array.from({ length: 60 }, (_, i) => i);
    await Promise.all(numbers.map((i) => put(storage, `key ${i}`, pattern(i % 10 === 0 ? 80_000 : 100, i))));
    for (const i of numbers) await expectContent(storage, `key ${i}`, pattern(i % 10 === 0 ? 80_000 : 100, i));
  }),

  checkTwo(
    "A record that is replaced after it was found gives its own payload or a RecordError",
    async (storage, other) => {
      for (const size of [50, 100_000, 1_000_000]) {
        await put(storage, "key", pattern(size, 1));
        const record = (await storage.get("key"))!;
        await put(other, "key", pattern(size, 2));
        await expectOwnPayload(async () => record.bytes(), pattern(size, 1));
        const second = (await storage.get("key"))!;
        await other.delete("key");
        await expectOwnPayload(async () => second.bytes(), pattern(size, 2));
      }
    },
  ),

  checkTwo("A reader beside a writer sees whole records only", async (storage, other) => {
    const seen = new Set<number>();
    await put(storage, "key", pattern(70_000, 0));
    const writing = (async () => {
      for (let i = 1; i <= 30; i += 1) await put(other, "key", pattern(70_000 + i, i));
    })();
    let isWriting = true;
    void writing.then(
      () => (isWriting = false),
      () => (isWriting = false),
    );
    while (isWriting) {
      const record = await storage.get("key");
      assert.ok(record, "A record that is being replaced is there all the time");
      const i = record.metadata.size - 70_000;
      await expectOwnPayload(async () => record.bytes(), pattern(70_000 + i, i));
      seen.add(i);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await writing;
    await expectContent(storage, "key", pattern(70_030, 30));
  }),
];

async function putIfAbsent(storage: Storage, key: string, bytes: Uint8Array): Promise<boolean> {
  return storage.put(metadataFor(key, bytes), [bytes], { ifAbsent: true });
}

async function raceOf20(key: string, size: number, storageOf: (i: number) => Storage): Promise<void> {
  const all = Array.from({ length: 20 }, (_, i) => pattern(size, i));
  const results = await Promise.all(all.map((bytes, i) => putIfAbsent(storageOf(i), key, bytes)));
  const winners = results.flatMap((won, i) => (won ? [i] : []));
  assert.equal(winners.length, 1, `${winners.length} of 20 writers were told that they have won`);
  await expectContent(storageOf(0), key, all[winners[0]!]!);
  await expectContent(storageOf(1), key, all[winners[0]!]!);
}

async function expectOwnPayload(read: () => Promise<Uint8Array>, expected: Uint8Array): Promise<void> {
  let found: Uint8Array;
  try {
    found = await read();
  } catch (error) {
    assert.ok(error instanceof RecordError, `A payload that has gone is a RecordError, not ${String(error)}`);
    return;
  }
  assert.ok(Buffer.compare(found, expected) === 0, "The payload does not belong to the metadata");
}
