import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Worker } from "node:worker_threads";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { OxbowError, RecordError, StorageError } from "../kernel/errors.ts";
import { metadataFor, pattern } from "../testing/storage-checks/check.ts";
import { storageSuite } from "../testing/storage-suite.ts";
import { thisWriter } from "../io/leftovers.ts";
import { sqliteStorage } from "./sqlite.ts";
import type { Storage } from "./storage.ts";

for (const durability of ["process", "power"] as const) {
  storageSuite({ describe, it }, `sqliteStorage() with durability "${durability}"`, () => {
    const folder = mkdtempSync(join(tmpdir(), "oxbow-sqlite-"));
    const open = (): Storage => sqliteStorage(folder, { durability });
    return { storage: open(), another: open, dispose: () => rmSync(folder, { recursive: true }) };
  });
}

const large = 100_000;
const moduleUrl = new URL("./sqlite.ts", import.meta.url).href;
const kitUrl = new URL("../testing/storage-checks/check.ts", import.meta.url).href;

let folder: string;
let file: string;
let storage: Storage;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "oxbow-sqlite-"));
  file = join(folder, "records.db");
  storage = sqliteStorage(folder);
});
afterEach(async () => {
  vi.restoreAllMocks();
  await storage.close();
  rmSync(folder, { recursive: true, force: true });
});

async function put(key: string, content: string | Uint8Array = "content", into: Storage = storage): Promise<boolean> {
  return into.put(metadataFor(key, content), [Buffer.from(content)]);
}

async function contentOf(key: string, from: Storage = storage): Promise<string | undefined> {
  const record = await from.get(key);
  return record && Buffer.from(await record.bytes()).toString();
}

function valueFiles(): string[] {
  const path = join(folder, "values");
  if (!existsSync(path)) return [];
  return readdirSync(path, { recursive: true, encoding: "utf8" }).filter((name) => /^..[/\\]/.test(name));
}

function withDatabase<T>(use: (db: DatabaseSync) => T): T {
  const db = new DatabaseSync(file);
  try {
    return use(db);
  } finally {
    db.close();
  }
}

describe("The folder of sqliteStorage()", () => {
  it("is not made by reading", async () => {
    const absent = sqliteStorage(join(folder, "absent"));
    expect(await absent.get("key")).toBeUndefined();
    expect(await absent.head("key")).toBeUndefined();
    expect(await absent.delete("key")).toBe(false);
    expect(await absent.values.get("key")).toBeUndefined();
    absent.version!("key");
    for await (const _ of absent.list()) expect.fail("There is nothing to list");
    await absent.close();
    expect(existsSync(join(folder, "absent"))).toBe(false);
  });

  it("has one file and its log for small records, and a file for each large value", async () => {
    await put("small");
    await put("large", pattern(large, 1));
    await storage.values.put("large", [pattern(large, 2)]);
    expect(readdirSync(folder).sort()).toEqual(["records.db", "records.db-shm", "records.db-wal", "values"]);
    expect(valueFiles()).toHaveLength(2);
    await storage.close();
    expect(readdirSync(folder).sort()).toEqual(["records.db", "values"]);
  });

  it("loses the file of a large value with its record", async () => {
    await put("a", pattern(large, 1));
    await put("a", pattern(large, 2));
    await put("b", pattern(large, 3));
    await storage.putAll!([
      [metadataFor("b", pattern(large, 4)), [pattern(large, 4)]],
      [metadataFor("b", "small"), [Buffer.from("small")]],
    ]);
    await storage.put(metadataFor("a", pattern(large, 5)), [pattern(large, 5)], { ifAbsent: true });
    await storage.values.put("v", [pattern(large, 6)]);
    await storage.values.delete("v");
    expect(valueFiles()).toHaveLength(1);
    await storage.delete("a");
    expect(valueFiles()).toEqual([]);
    expect(withDatabase((db) => db.prepare("SELECT count(*) AS n FROM file_intents").get())).toEqual({ n: 0 });
  });

  it("is seen through at once when it was removed, and made again", async () => {
    await put("key", "one");
    rmSync(folder, { recursive: true });
    const now = performance.now();
    vi.spyOn(performance, "now").mockImplementation(() => now + 2000);
    expect(await contentOf("key")).toBeUndefined();
    await put("key", "two");
    expect(await contentOf("key", sqliteStorage(folder))).toBe("two");
  });

  it("keeps the log from growing without end", async () => {
    await put("key");
    for (let i = 0; i < 2000; i += 1) await storage.put(metadataFor("key", pattern(60_000, i)), [pattern(60_000, i)]);
    expect(statSync(`${file}-wal`).size).toBeLessThan(50 * 1024 * 1024);
  });

  it("may be used by worker threads at the same time", async () => {
    const script = `
      const { workerData, parentPort } = require("node:worker_threads");
      (async () => {
        const { sqliteStorage } = await import(${JSON.stringify(moduleUrl)});
        const { metadataFor } = await import(${JSON.stringify(kitUrl)});
        const storage = sqliteStorage(workerData.folder);
        for (let i = 0; i < 30; i += 1) await storage.put(metadataFor("worker " + workerData.id + " " + i, "x"), [Buffer.from("x")]);
        await storage.close();
      })();`;
    const workers = [1, 2].map((id) => new Worker(script, { eval: true, workerData: { folder, id } }));
    const ends = workers.map(
      (worker) => new Promise((resolve, reject) => worker.on("exit", resolve).on("error", reject)),
    );
    for (let i = 0; i < 30; i += 1) await put(`main ${i}`);
    expect(await Promise.all(ends)).toEqual([0, 0]);
    let count = 0;
    for await (const _ of storage.list()) count += 1;
    expect(count).toBe(90);
  });
});

describe("A database that sqliteStorage() cannot use", () => {
  async function expectRefusal(message: RegExp): Promise<void> {
    const before = readFileSync(file);
    await expect(put("key")).rejects.toThrow(message);
    await expect(put("key", pattern(large, 1))).rejects.toThrow(message);
    await expect(contentOf("key")).rejects.toThrow(message);
    await expect(async () => storage.head("key")).rejects.toThrow(file);
    await expect(async () => storage.delete("key")).rejects.toThrow(StorageError);
    await expect(async () => storage.values.get("key")).rejects.toThrow(StorageError);
    await expect(async () => storage.list()[Symbol.asyncIterator]().next()).rejects.toThrow(StorageError);
    expect(typeof storage.version!("key")).toBe("string");
    expect(readFileSync(file).equals(before), "The file was changed").toBe(true);
  }

  it("is no database: it is named, left alone, and said what to do with", async () => {
    writeFileSync(file, "This is a text about lakes. ".repeat(500));
    await expectRefusal(/move the file away/);
  });

  it("comes from a newer release", async () => {
    await put("key");
    await storage.close();
    withDatabase((db) => db.exec("PRAGMA user_version = 99"));
    await expectRefusal(/schema version 99.*\n.*update this one/);
  });

  it("belongs to another program", async () => {
    withDatabase((db) => db.exec("CREATE TABLE albums (title TEXT)"));
    await expectRefusal(/another program/);
    await storage.close();
    withDatabase((db) => db.exec("DROP TABLE albums; PRAGMA application_id = 7"));
    await expectRefusal(/another program/);
  });

  it("is a folder, or in the place of a file", async () => {
    mkdirSync(file);
    await expect(put("key")).rejects.toThrow(/is not a file/);
    await expect(contentOf("key")).rejects.toThrow(/is not a file/);
    writeFileSync(join(folder, "file"), "x");
    for (const place of [join(folder, "file"), join(folder, "file", "below")]) {
      const blocked = sqliteStorage(place);
      await expect(put("key", "x", blocked)).rejects.toThrow(StorageError);
      await expect(contentOf("key", blocked)).rejects.toThrow(/a file is where a folder has to be/);
    }
  });

  it("is never mistaken for another one or a crash, wherever it was cut", async () => {
    for (let i = 0; i < 40; i += 1) await put(`key ${i}`, `content ${i} ${"x".repeat(500)}`);
    await storage.close();
    const whole = readFileSync(file);
    for (let length = whole.length - 1; length > 0; length -= 1500) {
      writeFileSync(file, whole.subarray(0, length));
      await expectNoWrongContent();
    }
  });

  it("never gives a wrong value, wherever it was damaged", async () => {
    for (let i = 0; i < 40; i += 1) await put(`key ${i}`, `content ${i} ${"x".repeat(500)}`);
    await storage.close();
    const whole = readFileSync(file);
    for (let at = 0; at < whole.length; at += 997) {
      const damaged = Buffer.from(whole);
      damaged.fill(0x5a, at, at + 64);
      writeFileSync(file, damaged);
      await expectNoWrongContent();
    }
  });

  async function expectNoWrongContent(): Promise<void> {
    const damaged = sqliteStorage(folder);
    for (const i of [0, 7, 39]) {
      const outcome = await contentOf(`key ${i}`, damaged).catch((error: unknown) => error);
      if (typeof outcome === "string") expect(outcome).toBe(`content ${i} ${"x".repeat(500)}`);
      else if (outcome !== undefined) expect(outcome).toBeInstanceOf(OxbowError);
    }
    await put("new", "x", damaged).catch((error: unknown) => expect(error).toBeInstanceOf(OxbowError));
    await damaged.close();
  }
});

describe("A large value of sqliteStorage()", () => {
  it("that is missing, cut or changed is a RecordError", async () => {
    await put("key", pattern(large, 1));
    await storage.values.put("value", [pattern(large, 2)]);
    const paths = valueFiles().map((name) => join(folder, "values", name));
    for (const path of paths) writeFileSync(path, Buffer.alloc(large));
    await expect(contentOf("key")).rejects.toThrow(/SHA-256/);
    for (const path of paths) truncateSync(path, large - 1);
    await expect(contentOf("key")).rejects.toThrow(RecordError);
    await expect(async () => storage.values.get("value")).rejects.toThrow(RecordError);
    for (const path of paths) rmSync(path);
    await expect(contentOf("key")).rejects.toThrow(/has lost its file/);
    await expect(async () => storage.values.get("value")).rejects.toThrow(/has lost its file/);
    await put("key", pattern(large, 3));
    expect((await storage.get("key"))?.metadata.size).toBe(large);
    await storage.values.put("value", [Buffer.from("small")]);
    expect(valueFiles()).toHaveLength(1);
  });

  it("is looked up once more where the same content was written again meanwhile", async () => {
    await put("key", pattern(large, 1));
    const record = (await storage.get("key"))!;
    await put("key", pattern(large, 1));
    expect(Buffer.compare(await record.bytes(), pattern(large, 1))).toBe(0);
  });

  it("cannot be led out of the folder by the database", async () => {
    await put("key", pattern(large, 1));
    writeFileSync(join(folder, "secret"), Buffer.alloc(large));
    withDatabase((db) => db.exec("UPDATE records SET file = '../secret'"));
    await expect(contentOf("key")).rejects.toThrow(RecordError);
  });

  it("that a process left behind is removed by the first write of the next one", async () => {
    await put("key", pattern(large, 1));
    await storage.close();
    const deadPid = spawnSync(process.execPath, ["-e", "0"]).pid;
    const hour = 3_600_000;
    const leave = (number: number, host: string, pid: number, ageMs: number): void => {
      const name = `00/${String(number).padStart(30, "0")}`;
      mkdirSync(join(folder, "values", "00"), { recursive: true });
      if (number !== 3) writeFileSync(join(folder, "values", name), "half of");
      withDatabase((db) =>
        db.prepare("INSERT INTO file_intents VALUES (?, ?, ?, ?)").run(name, host, pid, Date.now() - ageMs),
      );
    };
    leave(1, thisWriter.host, deadPid, 0);
    leave(2, "another-host", 1, 2 * hour);
    leave(3, thisWriter.host, deadPid, 0);
    leave(4, thisWriter.host, process.ppid, 0);
    leave(5, "another-host", 1, 0);
    const next = sqliteStorage(folder);
    await next.get("key");
    expect(valueFiles()).toHaveLength(5);
    await put("other", "x", next);
    expect(valueFiles()).toHaveLength(3);
    await next.close();
    expect(withDatabase((db) => db.prepare("SELECT count(*) AS n FROM file_intents").get())).toEqual({ n: 2 });
    expect((await storage.get("key"))?.metadata.size).toBe(large);
  });

  it("leaves nothing when its row cannot be published", async () => {
    await put("key", "before");
    withDatabase((db) => db.exec("CREATE TRIGGER no BEFORE UPDATE ON records BEGIN SELECT RAISE(ABORT, 'no'); END"));
    await expect(put("key", pattern(large, 1))).rejects.toThrow(StorageError);
    await expect(storage.putAll!([[metadataFor("key", pattern(large, 1)), [pattern(large, 1)]]])).rejects.toThrow(
      StorageError,
    );
    expect(valueFiles()).toEqual([]);
    expect(await contentOf("key")).toBe("before");
  });
});

describe("A database that is locked", () => {
  it("is waited for without stopping the event loop", async () => {
    await put("key", "before");
    const other = new DatabaseSync(file);
    other.exec("BEGIN IMMEDIATE");
    const began = performance.now();
    const writes = [put("key", "after"), put("large", pattern(large, 1)), storage.delete("nothing")];
    expect(performance.now() - began).toBeLessThan(400);
    expect(await contentOf("key"), "Reading goes on").toBe("before");
    other.exec("COMMIT");
    other.close();
    expect(await Promise.all(writes)).toEqual([true, true, false]);
    expect(await contentOf("key")).toBe("after");
  });

  it("is given up after ten seconds, with what to look for", async () => {
    await put("key", "before");
    const other = new DatabaseSync(file);
    other.exec("BEGIN IMMEDIATE");
    const now = performance.now.bind(performance);
    const began = now();
    vi.spyOn(performance, "now").mockImplementation(() => began + (now() - began) * 200);
    await expect(put("key", "after")).rejects.toThrow(/locked for 10 s\n.*keeps a transaction open/);
    other.exec("ROLLBACK");
    other.close();
    expect(await contentOf("key")).toBe("before");
  });
});

describe("A folder that cannot be written", () => {
  const canDropRights = process.getuid?.() !== undefined;

  async function withoutRights<T>(body: () => Promise<T>): Promise<T> {
    if (process.getuid!() !== 0) return body();
    process.seteuid!(65_534);
    try {
      return await body();
    } finally {
      process.seteuid!(0);
    }
  }

  it.skipIf(!canDropRights)("can be read, and says why it cannot be written", async () => {
    await put("key");
    await put("large", pattern(large, 1));
    await storage.close();
    chmodSync(file, 0o444);
    chmodSync(folder, 0o555);
    await withoutRights(async () => {
      const frozen = sqliteStorage(folder);
      expect(await contentOf("key", frozen)).toBe("content");
      expect((await frozen.get("large"))?.metadata.size).toBe(large);
      const error: unknown = await put("key", "x", frozen).catch((error: unknown) => error);
      expect(error).toBeInstanceOf(StorageError);
      expect(String(error)).toMatch(/records\.db.*\n.*right to write/);
      expect(await contentOf("key", frozen)).toBe("content");
      await frozen.close();
    });
    chmodSync(folder, 0o755);
    chmodSync(file, 0o644);
  });

  it.skipIf(!canDropRights)("is read anew after its owner has written", async () => {
    await put("key", "one");
    await storage.close();
    chmodSync(folder, 0o555);
    const frozen = sqliteStorage(folder);
    await withoutRights(async () => expect(await contentOf("key", frozen)).toBe("one"));
    chmodSync(folder, 0o755);
    await put("key", "two");
    await storage.close();
    chmodSync(folder, 0o555);
    await withoutRights(async () => expect(await contentOf("key", frozen)).toBe("two"));
    chmodSync(folder, 0o755);
    await frozen.close();
  });

  it.skipIf(!canDropRights)("and cannot be read is an error too", async () => {
    await put("key");
    await storage.close();
    chmodSync(folder, 0o700);
    await withoutRights(async () => {
      const closed = sqliteStorage(folder);
      await expect(contentOf("key", closed)).rejects.toThrow(StorageError);
      await expect(put("key", "x", closed)).rejects.toThrow(StorageError);
    });
  });

  it.skipIf(process.platform === "win32")("because there is no room keeps the old record", () => {
    const script = `
      process.on("SIGXFSZ", () => {});
      const { sqliteStorage } = await import(${JSON.stringify(moduleUrl)});
      const { metadataFor } = await import(${JSON.stringify(kitUrl)});
      const storage = sqliteStorage(${JSON.stringify(folder)});
      const write = async (key, content) => storage.put(metadataFor(key, content), [Buffer.from(content)]);
      await write("key", "before");
      for (const size of [60_000, 400_000]) {
        try { for (let i = 0; i < 20; i += 1) await write("key", "x".repeat(size) + i); } catch (error) { console.log(error.name, error.code); }
        try { await write("key", "before"); } catch (error) { console.log("not even", error.code); }
      }
      console.log(Buffer.from(await (await storage.get("key")).bytes()).toString().slice(0, 10));
      await storage.close();`;
    const run = spawnSync(
      "bash",
      ["-c", `ulimit -f 300; exec "$0" --no-warnings --input-type=module -e "$1"`, process.execPath, script],
      { encoding: "utf8" },
    );
    expect(run.stdout, run.stderr).toMatch(
      /^(StorageError OXBOW_STORAGE_FAILED\n(not even OXBOW_STORAGE_FAILED\n)?){1,2}(before|x{10})\n$/,
    );
    expect(run.status).toBe(0);
  });
});

describe("node:sqlite", () => {
  it("is missed with a hint, where a Node is without it", () => {
    const script = `const { sqliteStorage } = await import(${JSON.stringify(moduleUrl)}); try { sqliteStorage("x"); } catch (error) { console.log(error.code, error.hint); }`;
    const run = spawnSync(
      process.execPath,
      ["--no-warnings", "--no-experimental-sqlite", "--input-type=module", "-e", script],
      { encoding: "utf8" },
    );
    expect(run.stdout, run.stderr).toMatch(/^OXBOW_DRIVER_MISSING use Node 22\.13/);
  });

  it("is loaded by the first use, without its warning, and others' warnings pass", () => {
    const script = `
      const { sqliteStorage } = await import(${JSON.stringify(moduleUrl)});
      const storage = sqliteStorage(${JSON.stringify(folder)});
      console.log(process.moduleLoadList.includes("NativeModule sqlite"));
      await storage.values.put("x", [Buffer.from("x")]);
      console.log(process.moduleLoadList.includes("NativeModule sqlite"));
      process.emitWarning("of my own");`;
    const run = spawnSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
    expect(run.stdout, run.stderr).toBe("false\ntrue\n");
    expect(run.stderr).not.toContain("SQLite");
    expect(run.stderr).toContain("of my own");
  });
});

describe('sqliteStorage() with durability "power"', () => {
  it("writes what comes at the same time in one transaction, and answers after it", async () => {
    const durable = sqliteStorage(folder, { durability: "power" });
    await put("first", "x", durable);
    const looker = new DatabaseSync(file);
    const version = looker.prepare("PRAGMA data_version");
    const before = Number(version.get()!["data_version"]);
    await Promise.all(Array.from({ length: 100 }, (_, i) => put(`key ${i}`, "x", durable)));
    expect(Number(version.get()!["data_version"])).toBe(before + 1);
    expect(looker.prepare("SELECT count(*) AS n FROM records").get()).toEqual({ n: 101 });
    looker.close();
    await durable.close();
  });

  it("writes everything that was begun before it closes", async () => {
    const durable = sqliteStorage(folder, { durability: "power" });
    const writes = [put("a", "x", durable), put("b", pattern(large, 1), durable)];
    await durable.close();
    expect(await Promise.all(writes)).toEqual([true, true]);
    expect(existsSync(`${file}-wal`)).toBe(false);
    expect(await contentOf("a")).toBe("x");
  });
});
