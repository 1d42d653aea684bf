import { spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LockError } from "../../kernel/errors.ts";
import { bytesOf, listed, metadataFor, pattern } from "../../testing/storage-checks/check.ts";
import { sqliteStorage } from "../sqlite.ts";
import type { RecordMetadata, Storage } from "../storage.ts";

// As the releases with schema version 1 wrote it. Never to be changed: such files are out there.
const version1 = `
CREATE TABLE records (
  id INTEGER PRIMARY KEY,
  key BLOB NOT NULL UNIQUE,
  format_version INTEGER NOT NULL,
  created_at NUMERIC NOT NULL,
  expires_at NUMERIC,
  serializer TEXT NOT NULL,
  size INTEGER NOT NULL,
  sha256 TEXT NOT NULL,
  duration_ms NUMERIC NOT NULL,
  task_name TEXT NOT NULL,
  task_run_id TEXT NOT NULL,
  flow_run_id TEXT,
  tags TEXT NOT NULL,
  components TEXT NOT NULL,
  file TEXT,
  payload BLOB
);
CREATE TABLE plain_values (
  id INTEGER PRIMARY KEY,
  key BLOB NOT NULL UNIQUE,
  size INTEGER NOT NULL,
  file TEXT,
  payload BLOB
);
CREATE TABLE file_intents (
  file TEXT PRIMARY KEY,
  host TEXT NOT NULL,
  pid INTEGER NOT NULL,
  since INTEGER NOT NULL
) WITHOUT ROWID;
PRAGMA application_id = ${0x4f_78_62_77};
PRAGMA user_version = 1;
`;
// What made those of version 2 of them, and a new one of version 2: also never to be changed.
const step1 =
  "ALTER TABLE records ADD COLUMN fence INTEGER; ALTER TABLE records ADD COLUMN commit_id TEXT; PRAGMA user_version = 2;";
const version2 = version1
  .replace("  components TEXT NOT NULL,\n", "  components TEXT NOT NULL,\n  fence INTEGER,\n  commit_id TEXT,\n")
  .replace("user_version = 1", "user_version = 2");

const put1 = `INSERT INTO records (key, format_version, created_at, expires_at, serializer, size, sha256, duration_ms, task_name,
  task_run_id, flow_run_id, tags, components, file, payload) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (key) DO UPDATE SET payload = excluded.payload, size = excluded.size, sha256 = excluded.sha256`;

const large = pattern(100_000, 3);
const largeFile = "ab/0123456789abcdef0123456789abcd";

let folder: string;
let file: string;

beforeEach(() => make(version1));
afterEach(remove);

function make(schema: string): void {
  folder = mkdtempSync(join(tmpdir(), "oxbow-schema-"));
  file = join(folder, "records.db");
  const db = new DatabaseSync(file);
  db.exec(`PRAGMA journal_mode = WAL; ${schema}`);
  for (let i = 0; i < 20; i += 1) insert(db, metadataFor(`key ${i}`, pattern(i * 3000, i)), pattern(i * 3000, i));
  insert(db, metadataFor("large", large, { expiresAt: 5, flowRunId: "flow", tags: [] }), null);
  mkdirSync(join(folder, "values", "ab"), { recursive: true });
  writeFileSync(join(folder, "values", largeFile), large);
  db.prepare("INSERT INTO plain_values (key, size, payload) VALUES (?, 5, ?)").run(bytesOf("value"), bytesOf("plain"));
  db.close();
}

function remove(): void {
  chmodSync(folder, 0o755);
  rmSync(folder, { recursive: true, force: true });
}

function insert(db: DatabaseSync, m: RecordMetadata, payload: Uint8Array | null): void {
  db.prepare(put1).run(
    bytesOf(m.key),
    m.formatVersion,
    m.createdAt,
    m.expiresAt ?? null,
    m.serializer,
    m.size,
    m.sha256,
    m.durationMs,
    m.taskName,
    m.taskRunId,
    m.flowRunId ?? null,
    JSON.stringify(m.tags),
    JSON.stringify(m.components),
    payload === null ? largeFile : null,
    payload,
  );
}

async function expectEverything(storage: Storage): Promise<void> {
  expect((await listed(storage.list())).length).toBe(21);
  for (let i = 0; i < 20; i += 1) {
    const record = (await storage.get(`key ${i}`))!;
    expect(record.metadata).toEqual({
      expiresAt: undefined,
      flowRunId: undefined,
      ...metadataFor(`key ${i}`, pattern(i * 3000, i)),
    });
    expect(["fence", "commit", "signature"].filter((name) => name in record.metadata)).toEqual([]);
    expect(Buffer.compare(await record.bytes(), pattern(i * 3000, i))).toBe(0);
  }
  const record = (await storage.get("large"))!;
  expect(record.metadata).toEqual(metadataFor("large", large, { expiresAt: 5, flowRunId: "flow", tags: [] }));
  expect(Buffer.compare(await record.bytes(), large)).toBe(0);
  expect(Buffer.from((await storage.values.get("value"))!).toString()).toBe("plain");
}

function schemaVersion(): unknown {
  const db = new DatabaseSync(file);
  const found = Object.values(db.prepare("PRAGMA user_version").get()!)[0];
  db.close();
  return found;
}

describe("A database of schema version 1", () => {
  it("is read as it was, and gets the columns of version 3", async () => {
    const storage = sqliteStorage(folder);
    await expectEverything(storage);
    expect(schemaVersion()).toBe(3);
    for (const key of ["key 1", "large", "new"]) {
      for (const bytes of [pattern(60_000, 1), large]) {
        const metadata = metadataFor(key, bytes, { fence: 7, commit: "id", signature: "signed\0so" });
        await storage.put(metadata, [bytes]);
        expect(await storage.head(key)).toMatchObject({ fence: 7, commit: "id", signature: "signed\0so" });
        expect(Buffer.compare(await (await storage.get(key))!.bytes(), bytes)).toBe(0);
        await expect(async () => storage.put({ ...metadata, fence: 6 }, [bytes])).rejects.toThrow(LockError);
      }
    }
    await storage.close();
  });

  it("is still written by a process of the release before that has it open", async () => {
    const old = new DatabaseSync(file);
    const statement = old.prepare(put1);
    expect(old.prepare("SELECT count(*) AS n FROM records").get()).toEqual({ n: 21 });
    const storage = sqliteStorage(folder);
    await storage.put(metadataFor("key 1", "x", { fence: 7 }), [bytesOf("x")]);
    insert(old, metadataFor("from before", "x"), bytesOf("x"));
    statement.run(
      bytesOf("key 1"),
      1,
      1,
      null,
      "json",
      1,
      metadataFor("k", "y").sha256,
      1,
      "t",
      "r",
      null,
      "[]",
      "{}",
      null,
      bytesOf("y"),
    );
    old.close();
    expect(Buffer.from(await (await storage.get("key 1"))!.bytes()).toString()).toBe("y");
    expect((await storage.head("from before"))?.size).toBe(1);
    await storage.close();
  });

  it("is changed once, however many processes find it", async () => {
    const moduleUrl = new URL("../sqlite.ts", import.meta.url).href;
    const flags = process.features.typescript ? [] : ["--experimental-strip-types"];
    const script = `
      const { sqliteStorage } = await import(${JSON.stringify(moduleUrl)});
      const storage = sqliteStorage(${JSON.stringify(folder)});
      process.send("ready");
      await new Promise((resolve) => process.once("message", resolve));
      const { metadata } = await storage.get("key 3");
      await storage.put({ ...metadata, key: "by " + process.pid, fence: 1 }, []);
      await storage.close();
      process.disconnect();`;
    const processes = Array.from({ length: 4 }, () =>
      spawn(process.execPath, [...flags, "--no-warnings", "--input-type=module", "-e", script], {
        stdio: ["ignore", "ignore", "inherit", "ipc"],
      }),
    );
    const ends = processes.map((child) => once(child, "exit"));
    await Promise.all(processes.map((child) => once(child, "message")));
    for (const child of processes) child.send("go");
    expect((await Promise.all(ends)).map(([code]) => code as unknown)).toEqual([0, 0, 0, 0]);
    const storage = sqliteStorage(folder);
    for (const { pid } of processes) expect((await storage.head(`by ${pid}`))?.fence).toBe(1);
    for (const { pid } of processes) await storage.delete(`by ${pid}`);
    await expectEverything(storage);
    await storage.close();
    expect(schemaVersion()).toBe(3);
  });

  it.skipIf(process.getuid?.() === undefined)("is read where it cannot be changed, and stays what it is", async () => {
    chmodSync(file, 0o444);
    chmodSync(folder, 0o555);
    const isRoot = process.getuid!() === 0;
    if (isRoot) process.seteuid!(65_534);
    try {
      const storage = sqliteStorage(folder);
      await expectEverything(storage);
      await expect(async () => storage.put(metadataFor("new", "x"), [bytesOf("x")])).rejects.toThrow(/right to write/);
      await expectEverything(storage);
      await storage.close();
    } finally {
      if (isRoot) process.seteuid!(0);
    }
    expect(schemaVersion()).toBe(1);
  });
});

describe.each([
  ["that was one of version 1", version1 + step1],
  ["that was made as one", version2],
])("A database of schema version 2, %s", (_, schema) => {
  beforeEach(() => {
    remove();
    make(schema);
    const db = new DatabaseSync(file);
    db.exec("UPDATE records SET fence = 7, commit_id = 'id' WHERE key = CAST('large' AS BLOB)");
    db.close();
  });

  it("is read as it was, and gets the column of version 3", async () => {
    const storage = sqliteStorage(folder);
    expect(await storage.head("large")).toMatchObject({ fence: 7, commit: "id" });
    await storage.put(metadataFor("large", large), [large]);
    await storage.put(metadataFor("large", large, { expiresAt: 5, flowRunId: "flow", tags: [] }), [large]);
    await expectEverything(storage);
    expect(schemaVersion()).toBe(3);
    for (const bytes of [pattern(60_000, 1), large]) {
      const metadata = metadataFor("key 1", bytes, { fence: 7, signature: "signed so" });
      await storage.put(metadata, [bytes]);
      expect(await storage.head("key 1")).toMatchObject({ fence: 7, signature: "signed so" });
    }
    await storage.close();
  });
});

describe("A database with a schema that was never one of Oxbow's", () => {
  it.each([0, -1, 4])("is left alone: version %d", async (version) => {
    const db = new DatabaseSync(file);
    db.exec(`PRAGMA user_version = ${version}`);
    db.close();
    await expect(async () => sqliteStorage(folder).get("key 1")).rejects.toThrow(/another program|schema version 4/);
    expect(schemaVersion()).toBe(version);
  });
});
