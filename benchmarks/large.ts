import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { open, rename } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileStorage, sqliteStorage, type Storage } from "../src/index.ts";
import type { RecordMetadata } from "../src/storage/storage.ts";
import type { Row, Work } from "./compare.ts";

const folder = mkdtempSync(join(tmpdir(), "oxbow-bench-large-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

const size = 100 * 1024 * 1024;
let made: { readonly bytes: Buffer; readonly metadata: RecordMetadata } | undefined;

/** Made when a row is measured, not when this file is loaded. */
function large(): { readonly bytes: Buffer; readonly metadata: RecordMetadata } {
  if (made !== undefined) return made;
  const bytes = Buffer.alloc(size, "0123456789abcdef");
  const metadata: RecordMetadata = {
    formatVersion: 1,
    key: "large",
    createdAt: 0,
    serializer: "bytes",
    size,
    sha256: createHash("sha256").update(bytes).digest("hex"),
    durationMs: 1,
    taskName: "large",
    taskRunId: "1",
    tags: [],
    components: {},
  };
  return (made = { bytes, metadata });
}

function puts(storage: Storage): Work {
  return async (n) => {
    const { bytes, metadata } = large();
    for (let i = 0; i < n; i++) await storage.put(metadata, [bytes]);
  };
}

function gets(storage: Storage): Work {
  let ready: Promise<unknown> | undefined;
  return async (n) => {
    await (ready ??= puts(storage)(1) as Promise<unknown>);
    for (let i = 0; i < n; i++) await (await storage.get("large"))!.bytes();
  };
}

async function write(path: string): Promise<void> {
  const { bytes } = large();
  const file = await open(`${path}.tmp`, "w");
  for (let done = 0; done < size; ) done += (await file.write(bytes, done)).bytesWritten;
  await file.close();
  await rename(`${path}.tmp`, path);
}

function rawWrites(name: string): Work {
  return async (n) => {
    for (let i = 0; i < n; i++) await write(join(folder, name));
  };
}

/** With the checksum: without, nobody knows what was read. */
function rawReads(name: string): Work {
  let ready: Promise<void> | undefined;
  return async (n) => {
    const path = join(folder, name);
    await (ready ??= write(path));
    for (let i = 0; i < n; i++) {
      const file = await open(path);
      const bytes = new Uint8Array(size);
      for (let done = 0; done < size; ) done += (await file.read(bytes, done, size - done, done)).bytesRead;
      createHash("sha256").update(bytes).digest();
      await file.close();
    }
  };
}

function rowsOf(name: string, make: (folder: string) => Storage): readonly Row[] {
  const storage = make(join(folder, name));
  const shared = { n: 1, rounds: 7, target: { ratio: 1.15 } };
  return [
    {
      ...shared,
      name: `${name} put, 100 MB`,
      oxbow: puts(storage),
      yardstick: { name: "raw write + rename", work: rawWrites(`raw-${name}-put`) },
    },
    {
      ...shared,
      name: `${name} get, 100 MB`,
      oxbow: gets(storage),
      yardstick: { name: "FileHandle.read, SHA-256", work: rawReads(`raw-${name}-get`) },
    },
  ];
}

/** What a value of 100 MB costs beside the bare file. */
export const largeRows: readonly Row[] = [...rowsOf("file", fileStorage), ...rowsOf("SQLite", sqliteStorage)];
