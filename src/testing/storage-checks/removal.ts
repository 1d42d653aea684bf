import assert from "node:assert/strict";
import type { RecordIdentity } from "../../storage/storage.ts";
import { check, expectAbsent, expectContent, metadataFor, pattern, put, type StorageCheck } from "./check.ts";

export const removalChecks: readonly StorageCheck[] = [
  check("Where there is deleteAll(), it removes the writings that it is given, and no others", async (storage) => {
    if (!storage.deleteAll) return;
    const contents = { small: "small", "large/😀": pattern(300_000, 1), replaced: "new", "nul\0": "x" };
    for (const [key, content] of Object.entries(contents)) await put(storage, key, content);
    await put(storage, "stays", "stays");
    const records: RecordIdentity[] = Object.entries(contents).map(([key, content]) => metadataFor(key, content));
    assert.deepEqual(await storage.deleteAll([]), []);
    const others: RecordIdentity[] = [
      metadataFor("stays", "stays", { createdAt: 1 }),
      metadataFor("stays", "stays", { taskRunId: "another" }),
      metadataFor("stays", "other"),
      metadataFor("absent", "absent"),
    ];
    assert.deepEqual(await storage.deleteAll(others), []);
    await put(storage, "replaced", "newer", { createdAt: 1_767_225_600_001.5 });
    const removed = await storage.deleteAll([...others, ...records]);
    assert.deepEqual([...removed].sort(), ["large/😀", "nul\0", "small"]);
    for (const key of removed) await expectAbsent(storage, key);
    await expectContent(storage, "replaced", "newer");
    await expectContent(storage, "stays", "stays");
    assert.deepEqual(await storage.deleteAll(records), []);
    const fraction = metadataFor("replaced", "newer", { createdAt: 1_767_225_600_001.5 });
    assert.deepEqual(await storage.deleteAll([fraction]), ["replaced"]);
  }),

  check("Where values can be listed, the list has their names, and those of no records", async (storage) => {
    const { values } = storage;
    if (!values.list) return;
    const names = async (prefix?: string): Promise<string[]> => {
      const found: string[] = [];
      for await (const { name, size } of values.list!(prefix)) {
        if (size !== undefined) assert.equal(size, name.length, `The size of the value "${name}"`);
        found.push(name);
      }
      return found.sort();
    };
    assert.deepEqual(await names(), []);
    await put(storage, "record", "x");
    const written = ["commit-1", "commit-2", "com.value", "%", ...Array.from({ length: 120 }, (_, i) => `many/${i}`)];
    for (const name of written) await values.put(name, [Buffer.from("x".repeat(name.length))]);
    assert.deepEqual(await names("commit-"), ["commit-1", "commit-2"]);
    assert.equal((await names("many/")).length, 120);
    assert.deepEqual(await names("none"), []);
    await values.delete("commit-1");
    assert.deepEqual(await names("com"), ["com.value", "commit-2"]);
  }),
];
