import { execFile, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startScript } from "../../tests/chaos/start-writer.ts";
import { RecordError } from "../kernel/errors.ts";
import { metadataFor, pattern } from "../testing/storage-checks/check.ts";
import { drained, failingSource, sourceOf, streamOf } from "../testing/storage-checks/sources.ts";
import { fileStorage } from "./file.ts";
import { sqliteStorage } from "./sqlite.ts";
import type { Storage } from "./storage.ts";

const moduleUrl = (name: string): string => JSON.stringify(new URL(name, import.meta.url).href);
const flags = process.features.typescript ? [] : ["--experimental-strip-types"];
const large = pattern(5_000_011, 1);

let folder: string;
let storage: Storage;

/** The files that hold payloads. */
function payloadFiles(): string[] {
  const all = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = all.filter((entry) => entry.isFile() && !entry.name.startsWith("records.db"));
  return files.map((entry) => join(entry.parentPath, entry.name));
}

function intents(): number {
  if (!existsSync(join(folder, "records.db"))) return 0;
  const db = new DatabaseSync(join(folder, "records.db"));
  const found = Object.values(db.prepare("SELECT count(*) FROM file_intents").get()!)[0];
  db.close();
  return Number(found);
}

/** How many files of the folder this process has open, as far as the system tells. */
function openFiles(): number {
  return spawnSync("ls", ["-l", `/proc/${process.pid}/fd`], { encoding: "utf8" })
    .stdout.split("\n")
    .filter((line) => line.includes(folder) && !line.includes("records.db")).length;
}

async function pieces(stream: AsyncIterable<Uint8Array>): Promise<{ bytes: number; error: unknown; after: unknown }> {
  const iterator = stream[Symbol.asyncIterator]();
  let bytes = 0;
  try {
    for (;;) {
      const next = await iterator.next();
      if (next.done) return { bytes, error: undefined, after: undefined };
      expect(next.value.byteLength).toBeLessThanOrEqual(1024 * 1024);
      bytes += next.value.byteLength;
    }
  } catch (error) {
    return { bytes, error, after: await iterator.next() };
  }
}

describe.each([
  ["fileStorage()", "file", fileStorage],
  ["sqliteStorage()", "sqlite", sqliteStorage],
] as const)("A large record of %s", (_, kind, make) => {
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "oxbow-large-"));
    storage = make(folder);
  });
  afterEach(async () => {
    await storage.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function damage(change: (path: string, whole: Buffer) => void): Promise<void> {
    await storage.put(metadataFor("key", large), sourceOf(large));
    const [path] = payloadFiles();
    change(path!, readFileSync(path!));
  }

  it("whose bytes have changed ends in a RecordError, and in nothing after it", async () => {
    for (const back of [1, 2_500_000, 5_000_011]) {
      await damage((path, whole) => {
        whole[whole.length - back]! ^= 1;
        writeFileSync(path, whole);
      });
      const { bytes, error, after } = await pieces(streamOf(await storage.get("key")));
      expect(error).toBeInstanceOf(RecordError);
      expect(bytes).toBe(large.byteLength);
      expect(after).toEqual({ done: true, value: undefined });
      await expect((async () => (await storage.get("key"))!.bytes())()).rejects.toThrow(RecordError);
    }
  });

  it("that is shorter or longer than it was is a RecordError", async () => {
    for (const change of [
      (path: string, whole: Buffer) => truncateSync(path, whole.length - 1),
      (path: string, whole: Buffer) => truncateSync(path, whole.length - 3_000_000),
      (path: string, whole: Buffer) => writeFileSync(path, Buffer.concat([whole, Buffer.of(0)])),
    ]) {
      await damage(change);
      const read = async (): Promise<unknown> => pieces(streamOf(await storage.get("key")));
      const outcome = await read().catch((error: unknown) => ({ error }));
      expect(outcome).toMatchObject({ error: expect.any(RecordError) });
    }
  });

  it("that is cut short while it is streamed ends in a RecordError", async () => {
    await damage(() => undefined);
    const stream = streamOf(await storage.get("key"))[Symbol.asyncIterator]();
    await stream.next();
    truncateSync(payloadFiles()[0]!, 3_000_000);
    await expect(drained({ [Symbol.asyncIterator]: () => stream })).rejects.toThrow(/instead of 5000011/);
  });

  it.skipIf(process.platform !== "linux")("is open only while it is streamed", async () => {
    await storage.put(metadataFor("key", large), sourceOf(large));
    await storage.values.put("value", sourceOf(large));
    const streams = [streamOf(await storage.get("key")), (await storage.values.open!("value"))!];
    for (const stream of streams) {
      expect(openFiles()).toBe(0);
      const iterator = stream[Symbol.asyncIterator]();
      await iterator.next();
      expect(openFiles()).toBe(1);
      await iterator.return?.();
      expect(openFiles()).toBe(0);
    }
    await damage((path) => truncateSync(path, 100));
    await (async () => drained(streamOf(await storage.get("key"))))().catch(() => undefined);
    expect(openFiles()).toBe(0);
  });

  it("leaves nothing behind where its source throws, and names the source's own error", async () => {
    await storage.put(metadataFor("other", large), sourceOf(large));
    const before = payloadFiles();
    const own = Object.assign(new Error("ENOENT: of the source"), { code: "ENOENT" });
    const source = failingSource(large, own);
    const metadata = metadataFor("key", large);
    const failed = expect.objectContaining({ code: "OXBOW_STORAGE_FAILED", cause: own });
    await expect(async () => storage.put(metadata, source)).rejects.toEqual(failed);
    await expect(async () => storage.values.put("key", source)).rejects.toEqual(failed);
    if (storage.putAll !== undefined) {
      const batch = [
        [metadataFor("one", large), sourceOf(large)],
        [metadata, source],
      ] as const;
      await expect(async () => storage.putAll!(batch)).rejects.toEqual(failed);
    }
    expect(payloadFiles()).toEqual(before);
    expect(intents()).toBe(0);
  });

  it("that was being written when its process was killed leaves nothing that stays", async () => {
    const order = { url: new URL(`./${kind}.ts`, import.meta.url).href, folder, size: 40_000_000 };
    const writer = startScript("endless-source.ts", order);
    await Promise.race([once(writer.child.stdout!, "data"), writer.ended]);
    const half = payloadFiles();
    expect(half).toHaveLength(1);
    writer.child.kill("SIGKILL");
    const { code, errors } = await writer.ended;
    expect(code, errors).toBe(null);
    expect(await storage.get("endless")).toBeUndefined();
    expect(payloadFiles()).toEqual(half);
    await storage.put(metadataFor("next", "x"), [Buffer.from("x")]);
    expect(payloadFiles()).not.toContain(half[0]);
    expect(intents()).toBe(0);
  });

  it.skipIf(process.platform === "win32")("for which there is no room leaves the old record, and nothing else", () => {
    // The limit of a process stands in for a full disk: both make a write end half-way.
    const script = `
      process.on("SIGXFSZ", () => {});
      const { ${kind}Storage } = await import(${moduleUrl(`./${kind}.ts`)});
      const { metadataFor, pattern } = await import(${moduleUrl("../testing/storage-checks/check.ts")});
      const { sourceOf } = await import(${moduleUrl("../testing/storage-checks/sources.ts")});
      const storage = ${kind}Storage(${JSON.stringify(folder)});
      await storage.put(metadataFor("key", "before"), [Buffer.from("before")]);
      const bytes = pattern(3_000_000, 1);
      try { await storage.put(metadataFor("key", bytes), sourceOf(bytes)); } catch (error) { console.log(error.name, error.cause.code, error.hint); }
      try { await storage.values.put("value", sourceOf(bytes)); } catch (error) { console.log(error.name, error.cause.code); }
      console.log(Buffer.from(await (await storage.get("key")).bytes()).toString(), await storage.values.get("value"));
      await storage.close();`;
    const run = spawnSync(
      "bash",
      [
        "-c",
        `ulimit -f 1000; exec "$@"`,
        "-",
        process.execPath,
        ...flags,
        "--no-warnings",
        "--input-type=module",
        "-e",
        script,
      ],
      { encoding: "utf8" },
    );
    expect(run.stdout.split("\n"), run.stderr).toEqual([
      expect.stringMatching(/^StorageError EFBIG .*ulimit/),
      "StorageError EFBIG",
      "before undefined",
      "",
    ]);
    expect(payloadFiles()).toHaveLength(kind === "file" ? 1 : 0);
    expect(intents()).toBe(0);
  });

  it("goes in and out through a few MiB of memory", { timeout: 120_000 }, async () => {
    const script = fileURLToPath(new URL("../../tests/chaos/large-values.ts", import.meta.url));
    const args = [...flags, "--no-warnings", script, "--storage", kind, "--size", "64"];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    const { beyond } = JSON.parse(stdout) as { beyond: Record<string, number> };
    for (const [step, mib] of Object.entries(beyond)) expect(mib, step).toBeLessThan(16);
  });

  it("says which file cannot be read", async () => {
    await storage.put(metadataFor("key", large), sourceOf(large));
    const record = await storage.get("key");
    rmSync(payloadFiles()[0]!);
    await expect(drained(streamOf(record))).rejects.toThrow(RecordError);
    await expect(drained(streamOf(record))).rejects.toThrow(folder);
    await storage.values.put("value", sourceOf(large));
    const value = (await storage.values.open!("value"))!;
    for (const path of payloadFiles()) rmSync(path);
    await expect(drained(value)).rejects.toThrow(RecordError);
  });
});
