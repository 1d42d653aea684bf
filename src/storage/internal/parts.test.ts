import { describe, expect, it } from "vitest";
import { type ByteSource, collect } from "../../kernel/byte-source.ts";
import { StorageError } from "../../kernel/errors.ts";
import { pattern } from "../../testing/storage-checks/check.ts";
import { lengthOf, partsOf, wholeOf } from "./parts.ts";

function sourceOf(chunks: readonly Uint8Array[], size: number = lengthOf(chunks)): ByteSource {
  return {
    size,
    async *chunks() {
      yield* chunks;
    },
  };
}

function cut(bytes: Uint8Array, lengths: readonly number[]): Uint8Array[] {
  let at = 0;
  return lengths.map((length) => bytes.subarray(at, (at += length)));
}

async function partLengths(payload: Parameters<typeof partsOf>[0], size: number): Promise<number[]> {
  const lengths: number[] = [];
  for await (const part of partsOf(payload, size, "here")) lengths.push(part.byteLength);
  return lengths;
}

describe("partsOf()", () => {
  it("gives parts of one length and a shorter last one, whatever the chunks are", async () => {
    const bytes = pattern(1000, 1);
    for (const lengths of [[1000], [0, 300, 0, 700], [1, 999], [250, 250, 250, 250], Array(500).fill(2) as number[]]) {
      for (const payload of [cut(bytes, lengths), sourceOf(cut(bytes, lengths))]) {
        expect(await partLengths(payload, 300)).toEqual([300, 300, 300, 100]);
        expect(await partLengths(payload, 250)).toEqual([250, 250, 250, 250]);
        expect(await partLengths(payload, 2000)).toEqual([1000]);
        expect(Buffer.compare(await collect(partsOf(payload, 300, "here")), bytes)).toBe(0);
        expect(Buffer.compare(await wholeOf(payload, "here"), bytes)).toBe(0);
      }
    }
  });

  it("gives nothing of nothing", async () => {
    for (const payload of [[], [new Uint8Array()], sourceOf([])]) {
      expect(await partLengths(payload, 10)).toEqual([]);
      expect((await wholeOf(payload, "here")).byteLength).toBe(0);
    }
  });

  it("copies nothing that lies within one chunk", async () => {
    const chunk = pattern(1000, 1);
    for await (const part of partsOf([chunk], 250, "here")) expect(part.buffer).toBe(chunk.buffer);
  });

  it("leaves a part as it is while the next ones are made", async () => {
    const parts: Uint8Array[] = [];
    for await (const part of partsOf(cut(pattern(100, 1), [3, 3, 94]), 4, "here")) parts.push(part);
    expect(Buffer.compare(Buffer.concat(parts), pattern(100, 1))).toBe(0);
  });

  it("fails where a source has not as many bytes as it says", async () => {
    for (const size of [9, 11]) {
      await expect(collect(partsOf(sourceOf([pattern(5, 1), pattern(5, 2)], size), 4, "here"))).rejects.toThrow(
        StorageError,
      );
      await expect(wholeOf(sourceOf([pattern(10, 1)], size), "here")).rejects.toThrow(/source/);
    }
  });
});
