/*
 * What a large value costs in memory and time, in a process of its own for each step.
 *
 *   node tests/chaos/large-values.ts --storage file --size 1024
 *
 * Steps: `nothing` opens the storage and puts one small record; `put` writes a source of `--size` MiB; `stream` reads it back,
 * piece by piece; `read` reads the same file with bare `fs`, a new buffer for each piece: what Node itself holds before it collects
 * garbage; `buffer` writes a Buffer of that size, beside `hold`, which only makes the Buffer. Prints one line of JSON: the peak of
 * resident memory in MiB and the time in ms of each step. Holds where a source needs less than 16 MiB beyond `nothing`, a
 * stream less than 16 MiB beyond `read`, and a Buffer less than 16 MiB beyond `hold`; exits with 1 where something does not.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { ByteSource } from "../../src/kernel/byte-source.ts";
import { fileStorage } from "../../src/storage/file.ts";
import { sqliteStorage } from "../../src/storage/sqlite.ts";
import type { RecordMetadata, Storage } from "../../src/storage/storage.ts";

const { values: options } = parseArgs({
  options: {
    storage: { type: "string", default: "sqlite" },
    size: { type: "string", default: "64" },
    step: { type: "string" },
    folder: { type: "string" },
  },
});
const mib = 1024 * 1024;
const size = Number(options.size) * mib;
const steps = ["nothing", "put", "stream", "read", "hold", "buffer"] as const;
type Step = (typeof steps)[number];
const limitMiB = 16;

function openStorage(folder: string): Storage {
  return options.storage === "file" ? fileStorage(folder) : sqliteStorage(folder);
}

/** The same memory for every chunk: what is measured is the storage, not the source. */
function largeSource(): ByteSource {
  const chunk = Buffer.alloc(mib, "0123456789abcdef");
  return {
    size,
    async *chunks() {
      for (let done = 0; done < size; done += mib) yield chunk;
    },
  };
}

function metadataOf(key: string, sha256: string, bytes: number): RecordMetadata {
  return {
    formatVersion: 1,
    key,
    createdAt: 0,
    serializer: "bytes",
    size: bytes,
    sha256,
    durationMs: 1,
    taskName: "large",
    taskRunId: "1",
    tags: [],
    components: {},
  };
}

async function digestOf(source: ByteSource): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of source.chunks()) hash.update(chunk);
  return hash.digest("hex");
}

/** @returns what is to be timed */
const prepare: Readonly<Record<Step, (storage: Storage, folder: string) => Promise<() => Promise<unknown>>>> = {
  nothing: async () => async () => undefined,
  put: async (storage) => {
    const source = largeSource();
    const metadata = metadataOf("large", await digestOf(source), size);
    return async () => storage.put(metadata, source);
  },
  stream: async (storage) => async () => {
    let read = 0;
    for await (const piece of (await storage.get("large"))!.stream!()) read += piece.byteLength;
    if (read !== size) throw new Error(`${read} bytes came back`);
  },
  read: async (_, folder) => () => readBare(largestFile(folder)),
  hold: async () => {
    const bytes = Buffer.alloc(size, "0123456789abcdef");
    return async () => bytes.at(-1);
  },
  buffer: async (storage) => {
    const bytes = Buffer.alloc(size, "0123456789abcdef");
    const metadata = metadataOf("buffer", createHash("sha256").update(bytes).digest("hex"), size);
    return async () => storage.put(metadata, [bytes]);
  },
};

async function readBare(path: string): Promise<void> {
  const file = await open(path);
  const hash = createHash("sha256");
  for (let position = 0; ; ) {
    const { bytesRead, buffer } = await file.read(new Uint8Array(mib), 0, mib, position);
    if (bytesRead === 0) break;
    hash.update(buffer.subarray(0, bytesRead));
    position += bytesRead;
  }
  hash.digest();
  await file.close();
}

function largestFile(folder: string): string {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => join(folder, name));
  return files.toSorted((a, b) => statSync(b).size - statSync(a).size)[0]!;
}

async function runStep(step: Step, folder: string): Promise<void> {
  const storage = openStorage(folder);
  await storage.put(metadataOf("small", await digestOf({ size: 0, async *chunks() {} }), 0), []);
  const work = await prepare[step](storage, folder);
  const begun = performance.now();
  await work();
  const ms = Math.round(performance.now() - begun);
  await storage.close();
  console.log(JSON.stringify({ peakMiB: Math.round(process.resourceUsage().maxRSS / 1024), ms }));
}

function main(): void {
  const folder = mkdtempSync(join(tmpdir(), "oxbow-large-"));
  const flags = process.features.typescript ? [] : ["--experimental-strip-types"];
  const script = [...flags, "--no-warnings", fileURLToPath(import.meta.url)];
  const peaks = {} as Record<Step, { peakMiB: number; ms: number }>;
  try {
    for (const step of steps) {
      const args = ["--storage", options.storage, "--size", options.size, "--step", step, "--folder", folder];
      const output = execFileSync(process.execPath, [...script, ...args], { encoding: "utf8" });
      peaks[step] = JSON.parse(output) as { peakMiB: number; ms: number };
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const beyond = (step: Step, base: Step): number => peaks[step].peakMiB - peaks[base].peakMiB;
  const found = { put: beyond("put", "nothing"), stream: beyond("stream", "read"), buffer: beyond("buffer", "hold") };
  console.log(JSON.stringify({ storage: options.storage, sizeMiB: size / mib, peaks, beyond: found }));
  process.exitCode = Object.values(found).every((each) => each < limitMiB) ? 0 : 1;
}

if (options.step === undefined) main();
else await runStep(options.step as Step, options.folder!);
