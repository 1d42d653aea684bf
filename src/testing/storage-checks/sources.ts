import assert from "node:assert/strict";
import type { ByteSource } from "../../kernel/byte-source.ts";
import { RecordError } from "../../kernel/errors.ts";
import type { Storage, StoredRecord } from "../../storage/storage.ts";
import { check, type StorageCheck } from "./check.ts";

/** Makes a check for storages with `capabilities.streams`. */
export function checkStreams(title: string, body: (storage: Storage) => Promise<void>): StorageCheck {
  return check(title, async (storage) => void (storage.capabilities.streams && (await body(storage))));
}

/** Lengths that fit nothing: no page, no buffer, not one another. */
const oddLengths = [1, 7, 0, 4093, 65_537, 3, 250_001, 1_048_577];

/** Bytes as a source, in chunks of odd lengths; others each time that it is read. */
export function sourceOf(bytes: Uint8Array): ByteSource {
  let readings = 0;
  return {
    size: bytes.byteLength,
    async *chunks() {
      let turn = (readings += 1);
      for (let at = 0; at < bytes.byteLength; turn += 1) {
        const length = oddLengths[turn % oddLengths.length]!;
        yield bytes.slice(at, at + length);
        at += length;
      }
    },
  };
}

/** A source that gives some of its bytes and then throws. */
export function failingSource(bytes: Uint8Array, error: Error): ByteSource {
  return {
    size: bytes.byteLength,
    async *chunks() {
      yield bytes.slice(0, bytes.byteLength >> 1);
      throw error;
    },
  };
}

/** A source that says another length than it has. */
export function lyingSource(bytes: Uint8Array, size: number): ByteSource {
  return { ...sourceOf(bytes), size };
}

/** The stream of a record, or of a value. */
export function streamOf(record: StoredRecord | undefined): AsyncIterable<Uint8Array> {
  assert.ok(record, "There is no record");
  assert.ok(record.stream, "A record of a storage with `capabilities.streams` has a `stream`");
  return record.stream();
}

/** All pieces as one. @param largest no piece is longer */
export async function drained(stream: AsyncIterable<Uint8Array>, largest: number = Infinity): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of stream) {
    assert.ok(piece instanceof Uint8Array, "A piece is a Uint8Array");
    assert.ok(
      piece.byteLength <= largest,
      `A piece has ${piece.byteLength} bytes: memory holds a few pieces at a time`,
    );
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

/** Fails unless work is refused by a StorageError; where there is a cause, with that among its causes. */
export async function expectRefused(work: () => unknown, cause?: Error): Promise<void> {
  let thrown: unknown;
  try {
    await work();
  } catch (error) {
    thrown = error;
  }
  assert.equal((thrown as { code?: unknown } | undefined)?.code, "OXBOW_STORAGE_FAILED", `It is ${String(thrown)}`);
  if (cause === undefined) return;
  let each = thrown as { cause?: unknown } | undefined;
  for (let depth = 0; each !== cause && depth < 5; depth += 1) each = each?.cause as typeof each;
  assert.equal(each, cause, "The source's own error is not among the causes");
}

/** Fails unless the bytes are these, or a RecordError says that they cannot be had. */
export async function expectOwnOrDamaged(read: () => Promise<Uint8Array>, expected: Uint8Array): Promise<void> {
  let found: Uint8Array;
  try {
    found = await read();
  } catch (error) {
    assert.ok(error instanceof RecordError, `A payload that has gone is a RecordError, not ${String(error)}`);
    return;
  }
  assert.ok(Buffer.compare(found, expected) === 0, "The payload does not belong to the metadata");
}
