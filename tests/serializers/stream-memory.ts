/*
 * How much memory a long stream takes on its way through layers and back: prints, in MiB, what the process grew by while
 * the stream was written and read. Run in a process of its own by src/serializers/stream-memory.test.ts:
 *
 *   node --expose-gc tests/serializers/stream-memory.ts 256 gzip
 *
 * Garbage is collected every few MiB: what is asked is how much is in use, not when Node takes the trouble. The whole
 * process is no measure: its allocator keeps memory for later.
 */
import { compressed, encrypted, json } from "../../src/serializers/index.ts";

const mebibyte = 1024 * 1024;
const size = Number(process.argv[2]) * mebibyte;
const compression = process.argv[3] as "brotli" | "gzip" | "zstd";
const { streams } = encrypted(compressed(json(), compression), "11".repeat(32));

/** Pieces of which half can be compressed, no two alike. */
async function* source(length: number): AsyncGenerator<Uint8Array, void> {
  let random = 1;
  for (let left = length; left > 0; left -= 64 * 1024) {
    const piece = Buffer.alloc(64 * 1024);
    for (let at = 0; at < piece.length / 2; at += 4) {
      random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0;
      piece.writeUInt32LE(random, at);
    }
    yield piece;
  }
}

function used(): number {
  // Twice: the memory of buffers is given back after the collection that finds them.
  globalThis.gc!();
  globalThis.gc!();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

let peak = 0;
async function goThrough(length: number): Promise<number> {
  let back = 0;
  let looked = 0;
  for await (const chunk of streams!.decode(streams!.encode(source(length)))) {
    back += chunk.byteLength;
    if (back - looked < 4 * mebibyte) continue;
    looked = back;
    peak = Math.max(peak, used());
  }
  return back;
}

// What is loaded and compiled once is no part of it.
await goThrough(8 * mebibyte);
const before = used();
peak = before;
const start = performance.now();
const back = await goThrough(size);
const seconds = (performance.now() - start) / 1000;
console.log(JSON.stringify({ back: back / mebibyte, grownBy: (peak - before) / mebibyte, seconds }));
