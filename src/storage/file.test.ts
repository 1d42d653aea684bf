import { execFileSync, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LockError, RecordError, StorageError } from "../kernel/errors.ts";
import { metadataFor } from "../testing/storage-checks/check.ts";
import { storageSuite } from "../testing/storage-suite.ts";
import { fileStorage } from "./file.ts";
import { thisWriter } from "../io/leftovers.ts";
import type { Storage } from "./storage.ts";

for (const durability of ["process", "power"] as const) {
  storageSuite({ describe, it }, `fileStorage() with durability "${durability}"`, () => {
    const folder = mkdtempSync(join(tmpdir(), "oxbow-file-"));
    const open = (): Storage => fileStorage(folder, { durability });
    return { storage: open(), another: open, dispose: () => rmSync(folder, { recursive: true }) };
  });
}

let folder: string;
let storage: Storage;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "oxbow-file-"));
  storage = fileStorage(folder);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function put(key: string, content = "content", into: Storage = storage): Promise<boolean> {
  return into.put(metadataFor(key, content), [Buffer.from(content)]);
}

async function contentOf(key: string): Promise<string | undefined> {
  const record = await storage.get(key);
  return record && Buffer.from(await record.bytes()).toString();
}

describe("The files of fileStorage()", () => {
  it("are named by their keys, and begin with a line of JSON", async () => {
    await put("report 2026-01.pdf", "the payload\nin two lines");
    const [line, ...rest] = readFileSync(join(folder, "report 2026-01.pdf"), "utf8").split("\n");
    expect(JSON.parse(line!)).toEqual(metadataFor("report 2026-01.pdf", "the payload\nin two lines"));
    expect(rest.join("\n")).toBe("the payload\nin two lines");
  });

  it("hold exactly the bytes of a plain value", async () => {
    await storage.values.put("a/b", [Buffer.from("bytes")]);
    expect(readdirSync(folder).sort()).toEqual([".tmp", "a%2Fb.value"]);
    expect(readFileSync(join(folder, "a%2Fb.value"), "utf8")).toBe("bytes");
  });

  it("stay in the folder, whatever the key", async () => {
    const inside = fileStorage(join(folder, "inside"));
    for (const key of ["..", "../out", "/out", "a/../../out", "..\\out", "\0", ".", ".tmp"])
      await put(key, "x", inside);
    expect(readdirSync(folder)).toEqual(["inside"]);
    expect(readdirSync(join(folder, "inside"), { recursive: true })).toHaveLength(9);
  });

  it("are not made by reading", async () => {
    const absent = fileStorage(join(folder, "absent"));
    await absent.get("key");
    await absent.head("key");
    await absent.delete("key");
    absent.version!("key");
    await absent.values.get("key");
    for await (const _ of absent.list()) expect.fail("There is nothing to list");
    await absent.close();
    expect(existsSync(join(folder, "absent"))).toBe(false);
  });

  it("that are no records are passed over by a list", async () => {
    await put("key");
    writeFileSync(join(folder, "README"), "not a record\n");
    writeFileSync(join(folder, "a%2fb"), "escaped by somebody else");
    mkdirSync(join(folder, "a folder"));
    const keys: string[] = [];
    for await (const metadata of storage.list()) keys.push(metadata.key);
    expect(keys).toEqual(["key"]);
  });
});

describe("A damaged file of fileStorage()", () => {
  it("is a RecordError wherever it is cut", async () => {
    await put("key");
    const path = join(folder, "key");
    for (let length = statSync(path).size - 1; length >= 0; length -= 1) {
      truncateSync(path, length);
      await expect(contentOf("key"), `cut to ${length} bytes`).rejects.toThrow(RecordError);
    }
  });

  it("never gives a wrong value, whichever byte is damaged", async () => {
    await put("key");
    const path = join(folder, "key");
    const whole = readFileSync(path);
    for (let i = 0; i < whole.length; i += 1) {
      const damaged = Buffer.from(whole);
      damaged[i]! ^= 0xff;
      writeFileSync(path, damaged);
      const outcome = await contentOf("key").catch((error: unknown) => error);
      // A letter of a task's name may change unnoticed; the value may not.
      if (outcome !== "content") expect(outcome, `byte ${i}`).toBeInstanceOf(RecordError);
    }
  });

  it("is a RecordError when its tail is missing, longer or other bytes, also where it is large", async () => {
    const content = "x".repeat(200_000);
    await put("key", content);
    const path = join(folder, "key");
    const whole = readFileSync(path);
    for (const damaged of [
      whole.subarray(0, 100_000),
      Buffer.concat([whole, whole]),
      Buffer.concat([whole.subarray(0, -9), Buffer.alloc(9)]),
    ]) {
      writeFileSync(path, damaged);
      await expect(contentOf("key")).rejects.toThrow(RecordError);
    }
    await put("key", "new");
    expect(await contentOf("key")).toBe("new");
  });

  it("says that it belongs to another key, where a file system ignores case", async () => {
    await put("KEY");
    renameSync(join(folder, "KEY"), join(folder, "key"));
    await expect(contentOf("key")).rejects.toThrow(/belongs to another key, "KEY"/);
  });

  it("says that a newer release wrote it", async () => {
    await storage.put(metadataFor("key", "x", { formatVersion: 99 }), [Buffer.from("x")]);
    await expect(contentOf("key")).rejects.toMatchObject({ code: "OXBOW_RECORD_TOO_NEW" });
  });

  it("is replaced by any writer, whatever its fencing token was", async () => {
    for (const damage of ["{no\n", '{"formatVersion":1,"key":"key","fence":99}\nrest', ""]) {
      writeFileSync(join(folder, "key"), damage);
      await storage.put(metadataFor("key", "x", { fence: 1 }), [Buffer.from("x")]);
      expect(await contentOf("key")).toBe("x");
    }
  });

  it("may be no file at all", async () => {
    mkdirSync(join(folder, "folder"));
    execFileSync("mkfifo", [join(folder, "pipe")]);
    for (const key of ["folder", "pipe"]) {
      await expect(contentOf(key)).rejects.toThrow(RecordError);
      await expect(async () => storage.head(key)).rejects.toThrow(RecordError);
      await expect(async () => storage.delete(key)).rejects.toThrow(RecordError);
    }
    await expect(put("folder")).rejects.toThrow(StorageError);
    await expect(async () =>
      storage.put(metadataFor("folder", "x"), [Buffer.from("x")], { ifAbsent: true }),
    ).rejects.toThrow(StorageError);
    expect(readdirSync(join(folder, ".tmp"))).toEqual([]);
  });
});

describe("A writer that fileStorage() refuses", () => {
  it.each(["process", "power"] as const)("leaves nothing behind, also with durability %s", async (durability) => {
    const fenced = fileStorage(folder, { durability });
    for (const content of ["x", "x".repeat(200_000)]) {
      await fenced.put(metadataFor("key", "standing", { fence: 2 }), [Buffer.from("standing")]);
      const stale = metadataFor("key", content, { fence: 1 });
      await expect(async () => fenced.put(stale, [Buffer.from(content)])).rejects.toThrow(LockError);
      expect(readdirSync(join(folder, ".tmp"))).toEqual([]);
      expect(await contentOf("key")).toBe("standing");
    }
  });

  it("is compared after its bytes are written, not before", async () => {
    await storage.put(metadataFor("key", "one", { fence: 1 }), [Buffer.from("one")]);
    const bytes = Buffer.alloc(20_000_000);
    const slow = storage.put(metadataFor("key", bytes, { fence: 1 }), [bytes]);
    await storage.put(metadataFor("key", "two", { fence: 2 }), [Buffer.from("two")]);
    await expect(slow).rejects.toThrow(LockError);
    expect(await contentOf("key")).toBe("two");
  });
});

describe("A folder that fileStorage() cannot use", () => {
  it("is an error that names it, when a file is in its place", async () => {
    const path = join(folder, "file");
    writeFileSync(path, "something else");
    for (const place of [path, join(path, "below")]) {
      const blocked = fileStorage(place);
      await expect(put("key", "x", blocked)).rejects.toThrow(/a file is where a folder has to be/);
      await expect(async () => blocked.get("key")).rejects.toThrow(StorageError);
      await expect(async () => blocked.head("key")).rejects.toThrow(path);
      await expect(async () => blocked.delete("key")).rejects.toThrow(StorageError);
      await expect(async () => blocked.values.get("key")).rejects.toThrow(StorageError);
      await expect(async () => blocked.list()[Symbol.asyncIterator]().next()).rejects.toThrow(StorageError);
      expect(typeof blocked.version!("key")).toBe("string");
    }
    expect(readFileSync(path, "utf8")).toBe("something else");
  });

  it.skipIf(process.platform !== "linux")("is an error that says what to do, when nobody can write there", async () => {
    const error = await put("key", "x", fileStorage("/proc/oxbow")).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(StorageError);
    expect(error).toMatchObject({ message: expect.stringContaining("/proc/oxbow"), cause: expect.any(Error) });
  });

  it.skipIf(process.platform === "win32")("keeps the old record when there is no room for the new one", () => {
    // The limit of a process stands in for a full disk: both make a write end half-way.
    const script = `
      process.on("SIGXFSZ", () => {});
      const { fileStorage } = await import(${JSON.stringify(new URL("./file.ts", import.meta.url).href)});
      const { metadataFor } = await import(${JSON.stringify(new URL("../testing/storage-checks/check.ts", import.meta.url).href)});
      const storage = fileStorage(${JSON.stringify(folder)});
      const write = async (content) => storage.put(metadataFor("key", content), [Buffer.from(content)]);
      await write("before");
      for (const size of [30_000, 300_000]) await write("x".repeat(size)).catch((error) => console.log(error.code, error.cause.code, error.hint));
      console.log(Buffer.from(await (await storage.get("key")).bytes()).toString());`;
    const run = spawnSync(
      "bash",
      ["-c", `ulimit -f 16; exec "$0" --no-warnings --input-type=module -e "$1"`, process.execPath, script],
      { encoding: "utf8" },
    );
    expect(run.stdout.split("\n"), run.stderr).toEqual([
      expect.stringMatching(/^OXBOW_STORAGE_FAILED EFBIG .*ulimit/),
      expect.stringMatching(/^OXBOW_STORAGE_FAILED EFBIG /),
      "before",
      "",
    ]);
    expect(readdirSync(join(folder, ".tmp"))).toEqual([]);
  });

  it("is made again when somebody removes it", async () => {
    await put("key", "one");
    rmSync(folder, { recursive: true });
    expect(await contentOf("key")).toBeUndefined();
    await put("key", "two");
    rmSync(folder, { recursive: true });
    await put("key", "x".repeat(100_000));
    expect(await contentOf("key")).toHaveLength(100_000);
  });
});

describe("What writers have left in the folder of fileStorage()", () => {
  const leave = (name: string, ageMs = 0): string => {
    mkdirSync(join(folder, ".tmp"), { recursive: true });
    const path = join(folder, ".tmp", name);
    writeFileSync(path, "half of a rec");
    utimesSync(path, new Date(Date.now() - ageMs), new Date(Date.now() - ageMs));
    return name;
  };
  const hour = 3_600_000;

  it("is removed by the first write, where the writer is gone", async () => {
    const deadPid = spawnSync(process.execPath, ["-e", "0"]).pid;
    leave(`${thisWriter.host}.${deadPid}.0123456789ab.1`);
    leave("another-host.1.0123456789ab.1", 2 * hour);
    leave(`${thisWriter.host}.${process.pid}.0123456789ab.1`, 2 * hour);
    leave("not one of ours", 2 * hour);
    const kept = [
      leave(`${thisWriter.host}.${process.ppid}.0123456789ab.1`),
      leave("another-host.1.0123456789ab.2"),
      leave("young and unknown"),
    ];
    await storage.get("key");
    expect(readdirSync(join(folder, ".tmp"))).toHaveLength(7);
    await put("key");
    expect(readdirSync(join(folder, ".tmp")).sort()).toEqual(kept.sort());
  });
});
