import assert from "node:assert/strict";
import { RecordError } from "../../kernel/errors.ts";
import {
  check,
  expectAbsent,
  expectBytes,
  expectContent,
  expectMetadata,
  expectListed,
  metadataFor,
  pattern,
  put,
  read,
  type StorageCheck,
} from "./check.ts";

const large = 1024 * 1024;
// Where drivers change their ways: inline or in a file, synchronous or not.
const sizes = [0, 1, 4095, 4096, 65_535, 65_536, 65_537, 73_728, 200_000, large];

// In the year 2100: a medium may let records expire by its own clock.
const later = 4_102_444_800_000;
const allFields = {
  expiresAt: later,
  flowRunId: "0b1c2d3e-0000-4000-8000-000000000000",
  tags: ["nightly", "x\ny", "é😀", ""],
  components: { "inputs.url": "ab12", "": "empty", __proto__x: "1", "a\0b": "c\0d", 'inputs["1"]': "\u2028" },
  taskName: 'tâche\0 "quoted" 😀\n',
  serializer: "compressed(json)\0",
  taskRunId: "id\0",
  createdAt: 1_767_225_600_000.25,
  durationMs: 0.001,
  fence: Number.MAX_SAFE_INTEGER,
  commit: "5f0c\0 é😀",
  signature: "v1:é😀\0+/=",
} as const;

export const recordChecks: readonly StorageCheck[] = [
  check("A key that nothing was written under is not there, and that is no error", async (storage) => {
    await expectAbsent(storage, "nothing");
    assert.equal(await storage.delete("nothing"), false);
    await put(storage, "something", "x");
    await expectAbsent(storage, "nothing");
    assert.equal(await storage.delete("nothing"), false);
    assert.equal(await storage.delete("something-else"), false);
  }),

  check("Metadata come back with all optional fields", async (storage) => {
    const metadata = metadataFor("key", "content", allFields);
    assert.equal(await storage.put(metadata, [Buffer.from("content")]), true);
    expectMetadata((await storage.get("key"))?.metadata, metadata);
    expectMetadata(await storage.head("key"), metadata);
    if (!storage.capabilities.list) return;
    for await (const found of storage.list()) expectMetadata(found, metadata);
  }),

  check("Metadata come back without the optional fields", async (storage) => {
    const metadata = metadataFor("key", "content", { tags: [], components: {} });
    await storage.put(metadata, [Buffer.from("content")]);
    expectMetadata((await storage.get("key"))?.metadata, metadata);
    expectMetadata(await storage.head("key"), metadata);
    assert.equal((await storage.head("key"))?.expiresAt, undefined);
    assert.equal((await storage.head("key"))?.fence, undefined);
    assert.equal((await storage.head("key"))?.commit, undefined);
    assert.equal((await storage.head("key"))?.signature, undefined);
  }),

  check("A payload that does not have the checksum of its metadata is an error, never a value", async (storage) => {
    for (const size of [10, 200_000]) {
      const key = `damaged ${size}`;
      const metadata = metadataFor(key, pattern(size, 1));
      await storage.put(metadata, [pattern(size, 2)]);
      const found = await storage.get(key);
      assert.ok(found, key);
      await assert.rejects(async () => found.bytes(), RecordError);
    }
  }),

  check("The version that comes with a record is that of the record, or an older one", async (storage) => {
    if (!storage.capabilities.versions) return;
    await put(storage, "versioned", "one");
    const found = await storage.get("versioned");
    await put(storage, "versioned", "two");
    assert.notEqual(found?.version, undefined);
    assert.notEqual(storage.version?.("versioned"), found?.version);
  }),

  check("A payload of any size comes back", async (storage) => {
    for (const [i, size] of sizes.entries()) await put(storage, `size ${size}`, pattern(size, i));
    for (const [i, size] of sizes.entries()) await expectContent(storage, `size ${size}`, pattern(size, i));
  }),

  check("Chunks are joined in their order, empty ones included", async (storage) => {
    for (const size of [30, large]) {
      const whole = pattern(size, 3);
      const chunks = [whole.subarray(0, 7), new Uint8Array(0), whole.subarray(7, size - 5), whole.subarray(size - 5)];
      await storage.put(metadataFor(`size ${size}`, whole), chunks);
      await expectContent(storage, `size ${size}`, whole);
    }
    await storage.put(metadataFor("no chunk", ""), []);
    await expectContent(storage, "no chunk", "");
  }),

  check("Many chunks are joined as well", async (storage) => {
    const whole = pattern(3000 * 40, 5);
    const chunks = Array.from({ length: 3000 }, (_, i) => whole.subarray(i * 40, i * 40 + 40));
    await storage.put(metadataFor("key", whole), chunks);
    await expectContent(storage, "key", whole);
  }),

  check(
    "A record replaces the one that was there, metadata and payload, from any size to any other",
    async (storage) => {
      const order = [10, large, 200_000, 0, 100_000, 100_000, 20];
      for (const [i, size] of order.entries()) {
        const metadata = metadataFor(
          "key",
          pattern(size, i),
          i % 2 === 0
            ? { expiresAt: later + i, tags: [`write ${i}`], fence: 0 }
            : { flowRunId: `run ${i}`, commit: `${i}` },
        );
        assert.equal(await storage.put(metadata, [pattern(size, i)]), true);
        await expectContent(storage, "key", pattern(size, i));
        expectMetadata(await storage.head("key"), metadata);
      }
    },
  ),

  check("A removed record is gone, may be written again, and is removed once", async (storage) => {
    for (const size of [10, large]) {
      await put(storage, "key", pattern(size, 1));
      assert.equal(await storage.delete("key"), true);
      await expectAbsent(storage, "key");
      assert.equal(await storage.delete("key"), false);
      await put(storage, "key", pattern(size, 2));
      await expectContent(storage, "key", pattern(size, 2));
    }
  }),

  check("A payload that is not as long as its metadata say is refused, and changes nothing", async (storage) => {
    await put(storage, "key", "before");
    for (const wrong of ["longer than it should be", "x"]) {
      await assert.rejects(async () => storage.put(metadataFor("key", "1234567"), [Buffer.from(wrong)]), {
        code: "OXBOW_STORAGE_FAILED",
      });
    }
    await expectContent(storage, "key", "before");
  }),

  check("Metadata of a value that is kept elsewhere are stored without a payload, and have none", async (storage) => {
    const elsewhere = [7, large].map((size) => metadataFor(`size ${size}`, pattern(size, 1)));
    for (const metadata of elsewhere) {
      assert.equal(await storage.put(metadata, []), true);
      expectMetadata(await storage.head(metadata.key), metadata);
      const record = await storage.get(metadata.key);
      expectMetadata(record?.metadata, metadata);
      await assert.rejects(async () => record!.bytes(), { code: "OXBOW_RECORD_DAMAGED" });
    }
    await expectListed(storage, elsewhere.map(({ key }) => key).sort());
  }),

  check("Bytes that were handed in may be changed once the write is done", async (storage) => {
    for (const size of [100, large]) {
      const given = pattern(size, 1);
      const metadata = metadataFor(`size ${size}`, given);
      await storage.put(metadata, [given]);
      await storage.values.put(`size ${size}`, [given]);
      given.fill(0);
      await expectContent(storage, `size ${size}`, pattern(size, 1));
      expectBytes(await storage.values.get(`size ${size}`), pattern(size, 1), "The value");
    }
  }),

  check("Bytes that were handed out belong to the caller", async (storage) => {
    for (const size of [100, large]) {
      await put(storage, "key", pattern(size, 1));
      await storage.values.put("key", [pattern(size, 1)]);
      for (let i = 0; i < 2; i += 1) {
        (await read(storage, "key"))!.fill(0);
        (await storage.values.get("key"))!.fill(0);
      }
      await expectContent(storage, "key", pattern(size, 1));
      expectBytes(await storage.values.get("key"), pattern(size, 1), "The value");
    }
  }),

  check("Metadata that were handed in may be changed afterwards", async (storage) => {
    const tags = ["one"];
    const components: Record<string, string> = { a: "1" };
    const metadata = { ...metadataFor("key", "content"), tags, components };
    await storage.put(metadata, [Buffer.from("content")]);
    tags.push("two");
    components["b"] = "2";
    metadata.taskName = "changed";
    expectMetadata(await storage.head("key"), metadataFor("key", "content", { tags: ["one"], components: { a: "1" } }));
  }),

  check("A storage that was closed opens itself again, and has kept everything", async (storage) => {
    await storage.close();
    await put(storage, "small", "content");
    await put(storage, "large", pattern(large, 1));
    await storage.values.put("value", [Buffer.from("content")]);
    await storage.close();
    await storage.close();
    await expectContent(storage, "small", "content");
    await expectContent(storage, "large", pattern(large, 1));
    expectBytes(await storage.values.get("value"), "content", "The value");
  }),
];
