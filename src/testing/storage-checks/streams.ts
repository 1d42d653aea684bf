import assert from "node:assert/strict";
import { RecordError } from "../../kernel/errors.ts";
import type { Storage } from "../../storage/storage.ts";
import {
  checkTwo,
  expectAbsent,
  expectBytes,
  expectContent,
  metadataFor,
  pattern,
  put,
  type StorageCheck,
} from "./check.ts";
import { checkStreams, drained, expectOwnOrDamaged, sourceOf, streamOf } from "./sources.ts";

const several = 3_000_017;
// Where drivers change their ways, and one that fits nowhere.
const sizes = [0, 1, 65_536, 65_537, 1_048_577, several];
const longestPiece = 2 * 1024 * 1024;

async function putSource(storage: Storage, key: string, bytes: Uint8Array): Promise<void> {
  assert.equal(await storage.put(metadataFor(key, bytes), sourceOf(bytes)), true);
}

async function expectStream(storage: Storage, key: string, bytes: Uint8Array): Promise<void> {
  expectBytes(await drained(streamOf(await storage.get(key)), longestPiece), bytes, `The stream of ${key}`);
}

export const streamChecks: readonly StorageCheck[] = [
  checkStreams("A source goes in, and comes out as it was, as a stream and as bytes", async (storage) => {
    for (const [i, size] of sizes.entries()) {
      await putSource(storage, "key", pattern(size, i));
      await expectStream(storage, "key", pattern(size, i));
      await expectContent(storage, "key", pattern(size, i));
    }
  }),

  checkStreams("What was written as chunks can be read as a stream", async (storage) => {
    for (const [i, size] of sizes.entries()) {
      await put(storage, "key", pattern(size, i));
      await expectStream(storage, "key", pattern(size, i));
    }
  }),

  checkStreams("A record can be streamed twice, one after the other and side by side", async (storage) => {
    const bytes = pattern(several, 1);
    await putSource(storage, "key", bytes);
    await expectStream(storage, "key", bytes);
    const all = await Promise.all(
      Array.from({ length: 3 }, async () => drained(streamOf(await storage.get("key")), longestPiece)),
    );
    for (const found of all) expectBytes(found, bytes, "The stream");
  }),

  checkStreams("The pieces of a stream belong to the reader", async (storage) => {
    for (const size of [100, several]) {
      await put(storage, "key", pattern(size, 1));
      for await (const piece of streamOf(await storage.get("key"))) piece.fill(0);
      await expectStream(storage, "key", pattern(size, 1));
    }
  }),

  checkStreams("A stream that is left early, or never read, is in nobody's way", async (storage) => {
    for (const size of [100, several]) {
      for (let i = 0; i < 5; i += 1) {
        await put(storage, "key", pattern(size, i));
        streamOf(await storage.get("key"));
        const given = streamOf(await storage.get("key"))[Symbol.asyncIterator]();
        await given.return?.();
        for await (const piece of streamOf(await storage.get("key"))) {
          assert.ok(piece.byteLength > 0);
          break;
        }
      }
      await storage.close();
      await expectStream(storage, "key", pattern(size, 4));
      assert.equal(await storage.delete("key"), true);
      await expectAbsent(storage, "key");
    }
  }),

  checkStreams(
    "The stream of a payload without the checksum of its metadata ends in a RecordError",
    async (storage) => {
      for (const size of [10, 200_000, several]) {
        for (const content of [[pattern(size, 2)], sourceOf(pattern(size, 2))]) {
          await storage.put(metadataFor("key", pattern(size, 1)), content);
          const stream = streamOf(await storage.get("key"))[Symbol.asyncIterator]();
          const failure = await untilItFails(stream);
          assert.ok(failure instanceof RecordError, `It ends in ${String(failure)}`);
          assert.equal((await stream.next()).done, true, "After the error comes nothing");
        }
      }
    },
  ),

  checkStreams("The stream of a record whose value is kept elsewhere is a RecordError", async (storage) => {
    for (const size of [7, several]) {
      await storage.put(metadataFor("key", pattern(size, 1)), []);
      const record = await storage.get("key");
      await assert.rejects(async () => drained(streamOf(record)), { code: "OXBOW_RECORD_DAMAGED" });
    }
  }),

  checkStreams(
    "A record that is replaced or removed before its stream is read gives its own or none",
    async (storage) => {
      for (const size of [50, 100_000, several]) {
        await put(storage, "key", pattern(size, 1));
        const first = await storage.get("key");
        await put(storage, "key", pattern(size, 2));
        await expectOwnOrDamaged(() => drained(streamOf(first)), pattern(size, 1));
        const second = await storage.get("key");
        await storage.delete("key");
        await expectOwnOrDamaged(() => drained(streamOf(second)), pattern(size, 2));
      }
    },
  ),

  checkStreams("A value may come from a source, and be read as a stream", async (storage) => {
    const { values } = storage;
    assert.equal(await values.open!("name"), undefined, "open() of a value that is not there");
    for (const [i, size] of sizes.entries()) {
      for (const content of [sourceOf(pattern(size, i)), [pattern(size, i)]]) {
        await values.put("name", content);
        expectBytes(await values.get("name"), pattern(size, i), "The value");
        expectBytes(await drained((await values.open!("name"))!, longestPiece), pattern(size, i), "The stream");
      }
      for await (const _ of (await values.open!("name"))!) break;
      await values.open!("name");
    }
    await storage.close();
    assert.equal(await values.delete("name"), true);
    assert.equal(await values.open!("name"), undefined, "open() of a value that was removed");
  }),

  checkTwo(
    "A record that is replaced while its stream is read gives its own or a RecordError",
    async (storage, other) => {
      if (!storage.capabilities.streams) return;
      await putSource(storage, "key", pattern(several, 1));
      const pieces: Uint8Array[] = [];
      await expectOwnOrDamaged(
        async () => {
          for await (const piece of streamOf(await storage.get("key"))) {
            if (pieces.push(piece) === 1) await putSource(other, "key", pattern(several, 2));
            if (pieces.length === 2) await other.delete("key");
          }
          return Buffer.concat(pieces);
        },
        pattern(several, 1),
      );
      // Where the stream ended with its first piece, nobody has removed it.
      await other.delete("key");
      await expectAbsent(storage, "key");
    },
  ),
];

/** What a stream throws. */
async function untilItFails(stream: AsyncIterator<Uint8Array>): Promise<unknown> {
  try {
    while (!(await stream.next()).done);
  } catch (error) {
    return error;
  }
  return "its ordinary end";
}
