import { spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startScript } from "../../../tests/chaos/start-writer.ts";
import { ConfigurationError, RecordError, StorageError } from "../../kernel/errors.ts";
import { listed, metadataFor } from "../../testing/storage-checks/check.ts";
import { awkwardKeys } from "../../testing/storage-checks/keys.ts";
import { sourceOf } from "../../testing/storage-checks/sources.ts";
import { fileStorage } from "../file.ts";
import type { FileArea, Storage } from "../storage.ts";
import { filesIn } from "./files.ts";
import { recordFileName } from "./key-names.ts";

let folder: string;
let storage: Storage;
let files: FileArea;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "oxbow-files-"));
  storage = fileStorage(folder);
  files = storage.files!;
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function textOf(path: string, from: FileArea = files): Promise<string | undefined> {
  const found = await from.find(path);
  return found && Buffer.from(await found.bytes()).toString();
}

const write = async (path: string, text = "file"): Promise<void> => files.write(path, [Buffer.from(text)]);
const put = async (key: string, text = "record"): Promise<boolean> =>
  storage.put(metadataFor(key, text), [Buffer.from(text)]);

describe("The plain files of a folder", () => {
  it("have their path, and hold nothing but their content", async () => {
    await write("report.json", "{}");
    await write("2026-11-21/report.json", "{ }");
    await files.write("2026-11-21/large.bin", sourceOf(Buffer.alloc(3_000_000, "x")));
    expect(readFileSync(join(folder, "report.json"), "utf8")).toBe("{}");
    expect(readFileSync(join(folder, "2026-11-21", "report.json"), "utf8")).toBe("{ }");
    expect(statSync(join(folder, "2026-11-21", "large.bin")).size).toBe(3_000_000);
    expect(files.locate("2026-11-21/report.json")).toBe(join(folder, "2026-11-21", "report.json"));
    expect(readdirSync(join(folder, ".tmp"))).toEqual([]);
  });

  it("are the same for filesIn() and for the storage there, also where a loss of power counts", async () => {
    const others = filesIn(folder, { durability: "power" });
    await others.write("deep/er/report.json", [Buffer.from("one")]);
    await others.write("report.json", sourceOf(Buffer.from("two")));
    expect(await textOf("deep/er/report.json")).toBe("one");
    expect(await textOf("report.json")).toBe("two");
    await put("record");
    expect(await others.find("record")).toBeUndefined();
    await expect(async () => others.write("record", [])).rejects.toThrow(/a record lies in its place/);
    expect(() => filesIn(folder, { durabilty: "power" } as object)).toThrow(ConfigurationError);
  });

  it("are not made by looking for them", async () => {
    const absent = filesIn(join(folder, "absent"));
    expect(await absent.find("a/b")).toBeUndefined();
    expect(await absent.delete("a/b")).toBe(false);
    absent.locate("a/b");
    expect(existsSync(join(folder, "absent"))).toBe(false);
  });

  it("may not be where a folder is, or below a file", async () => {
    await write("a/b");
    await write("c");
    await expect(write("a")).rejects.toThrow(/it is not a file/);
    await expect(write("c/d")).rejects.toThrow(/a file is where a folder has to be/);
    await expect(async () => files.find("a")).rejects.toThrow(StorageError);
    expect(await textOf("c")).toBe("file");
  });

  it("leave what belongs to the storage alone", async () => {
    await storage.values.put("name", [Buffer.from("value")]);
    for (const path of [
      ".tmp",
      ".tmp/x",
      ".TMP/x",
      ".files/x",
      ".files",
      ".locks/x",
      ".Locks/a/b",
      ".locks",
      "name.value",
      "x.VALUE",
    ]) {
      await expect(write(path), path).rejects.toThrow(StorageError);
      await expect(async () => files.find(path), path).rejects.toThrow(StorageError);
      await expect(async () => files.delete(path), path).rejects.toThrow(StorageError);
    }
    await write("below/x.value");
    expect(Buffer.from((await storage.values.get("name"))!).toString()).toBe("value");
  });

  it("leave nothing half written when their process is killed", async () => {
    const url = new URL("./files.ts", import.meta.url).href;
    const writer = startScript("endless-source.ts", { url, folder, size: 40_000_000 });
    await Promise.race([once(writer.child.stdout!, "data"), writer.ended]);
    expect(readdirSync(join(folder, ".tmp"))).toHaveLength(1);
    writer.child.kill("SIGKILL");
    const { code, errors } = await writer.ended;
    expect(code, errors).toBe(null);
    expect(await files.find("endless")).toBeUndefined();
    await write("next");
    expect(readdirSync(join(folder, ".tmp"))).toEqual([]);
    expect(await files.find("endless")).toBeUndefined();
  });
});

describe.skipIf(process.platform === "win32")("A symbolic link in the folder", () => {
  let outside: string;
  beforeEach(() => {
    outside = mkdtempSync(join(tmpdir(), "oxbow-outside-"));
    writeFileSync(join(outside, "secret"), "outside");
    symlinkSync(outside, join(folder, "out"));
    symlinkSync(join(outside, "secret"), join(folder, "secret"));
  });
  afterEach(() => rmSync(outside, { recursive: true, force: true }));

  it("that leads out is refused, whatever is done by it", async () => {
    symlinkSync("out", join(folder, "twice"));
    mkdirSync(join(folder, "deep"));
    symlinkSync("../out", join(folder, "deep", "link"));
    symlinkSync("loop", join(folder, "loop"));
    for (const path of ["out/secret", "out/new", "out/a/b", "secret", "twice/secret", "deep/link/new", "loop/x"]) {
      await expect(write(path), path).rejects.toThrow(StorageError);
      await expect(async () => files.find(path), path).rejects.toThrow(StorageError);
      await expect(async () => files.delete(path), path).rejects.toThrow(StorageError);
    }
    expect(readdirSync(outside)).toEqual(["secret"]);
    expect(readFileSync(join(outside, "secret"), "utf8")).toBe("outside");
  });

  it("that leads to nothing is refused", async () => {
    symlinkSync(join(outside, "nothing"), join(folder, "dangling"));
    for (const path of ["dangling", "dangling/x"]) await expect(write(path), path).rejects.toThrow(StorageError);
    expect(readdirSync(outside)).toEqual(["secret"]);
  });

  it("that stays inside may be used, and hides no record", async () => {
    await write("2026-11-21/report.json", "today's");
    symlinkSync("2026-11-21", join(folder, "today"));
    symlinkSync(".", join(folder, "self"));
    expect(await textOf("today/report.json")).toBe("today's");
    await write("today/other.json");
    expect(await textOf("2026-11-21/other.json")).toBe("file");
    await put("key");
    expect(await files.find("self/key")).toBeUndefined();
    await expect(write("self/key")).rejects.toThrow(/a record lies in its place/);
    await expect(write("self/.tmp/x")).rejects.toThrow(/belongs to the storage/);
    expect(Buffer.from(await (await storage.get("key"))!.bytes()).toString()).toBe("record");
  });

  it("may be the folder itself", async () => {
    const linked = filesIn(join(folder, "link"));
    mkdirSync(join(folder, "real"));
    symlinkSync("real", join(folder, "link"));
    await linked.write("a/b", [Buffer.from("file")]);
    await linked.write("a/b", [Buffer.from("file again")]);
    expect(readFileSync(join(folder, "real", "a", "b"), "utf8")).toBe("file again");
  });
});

describe("A plain file and a record that would have one name", () => {
  it("never meet, whatever the key", async () => {
    for (const key of awkwardKeys) {
      const path = recordFileName(key);
      await write(path, `file ${path}`);
      expect(await storage.get(key), path).toBeUndefined();
      expect(await storage.delete(key)).toBe(false);
      await expect(put(key), path).rejects.toThrow(/a plain file has this name/);
      await expect(async () =>
        storage.put(metadataFor(key, "x"), [Buffer.from("x")], { ifAbsent: true }),
      ).rejects.toThrow(/a plain file has this name/);
      expect(await textOf(path)).toBe(`file ${path}`);
      expect(await files.delete(path)).toBe(true);
      await put(key);
      await expect(write(path), path).rejects.toThrow(/a record lies in its place/);
      expect(await files.find(path)).toBeUndefined();
      expect(await files.delete(path)).toBe(false);
      expect(await storage.delete(key)).toBe(true);
    }
    expect(readdirSync(join(folder, ".files"))).toEqual([]);
  });

  it("cannot be mixed up by a file that begins like a record", async () => {
    await put("key", "content");
    const record = readFileSync(join(folder, "key"));
    for (const content of [record, record.subarray(0, 60), Buffer.from('{"formatVersion":99}\n')]) {
      await expect(async () => files.write("copy", [content])).rejects.toThrow(/begins like a record/);
      await expect(async () => files.write("copy", sourceOf(content))).rejects.toThrow(/begins like a record/);
      await files.write("below/copy", [content]);
    }
    expect(await files.find("copy")).toBeUndefined();
    expect(readdirSync(join(folder, ".tmp"))).toEqual([]);
    expect(await listed(storage.list())).toEqual(["key"]);
  });

  it("leave a damaged record a record", async () => {
    await put("key", "content");
    const whole = readFileSync(join(folder, "key"));
    for (const damaged of [whole.subarray(0, 100), whole.subarray(0, -1), Buffer.alloc(200), Buffer.alloc(0)]) {
      writeFileSync(join(folder, "key"), damaged);
      expect(await files.find("key")).toBeUndefined();
      expect(await files.delete("key")).toBe(false);
      await expect(async () => (await storage.get("key"))!.bytes()).rejects.toThrow(RecordError);
    }
    await put("key", "again");
    expect(Buffer.from(await (await storage.get("key"))!.bytes()).toString()).toBe("again");
  });

  it("are told apart where somebody else put the file there, and where somebody removed it", async () => {
    writeFileSync(join(folder, "by-hand.csv"), "a;b\n");
    expect(await textOf("by-hand.csv")).toBe("a;b\n");
    expect(await listed(storage.list())).toEqual([]);
    await write("by-hand.csv", "new");
    await expect(put("by-hand.csv")).rejects.toThrow(StorageError);
    rmSync(join(folder, "by-hand.csv"));
    // The mark counts for a while: its file may be about to appear.
    await expect(put("by-hand.csv")).rejects.toThrow(/a plain file has this name/);
    const anHourAgo = new Date(Date.now() - 3_700_000);
    utimesSync(join(folder, ".files", "by-hand.csv"), anHourAgo, anHourAgo);
    expect(await put("by-hand.csv")).toBe(true);
    expect(readdirSync(join(folder, ".files"))).toEqual([]);
  });

  it("do not make a list read a large file for a line that it has not", async () => {
    await files.write("large.json", [Buffer.from("{"), Buffer.alloc(40_000_000, " ")]);
    const begun = process.memoryUsage().arrayBuffers;
    expect(await listed(storage.list())).toEqual([]);
    expect(process.memoryUsage().arrayBuffers - begun).toBeLessThan(10_000_000);
  });
});

describe("A file that cannot be written", () => {
  it.skipIf(process.platform === "win32")("because there is no room stays what it was", () => {
    const script = `
      process.on("SIGXFSZ", () => {});
      const { filesIn } = await import(${JSON.stringify(new URL("./files.ts", import.meta.url).href)});
      const files = filesIn(${JSON.stringify(folder)});
      await files.write("a/b", [Buffer.from("before")]);
      for (const size of [30_000, 300_000]) await (async () => files.write("a/b", [Buffer.alloc(size)]))().catch((error) => console.log(error.code, error.cause.code));
      console.log(Buffer.from(await files.find("a/b").bytes()).toString());`;
    const flags = process.features.typescript ? [] : ["--experimental-strip-types"];
    const node = [process.execPath, ...flags, "--no-warnings", "--input-type=module", "-e", script];
    const run = spawnSync("bash", ["-c", `ulimit -f 16; exec "$@"`, "-", ...node], { encoding: "utf8" });
    expect(run.stdout, run.stderr).toBe("OXBOW_STORAGE_FAILED EFBIG\nOXBOW_STORAGE_FAILED EFBIG\nbefore\n");
    expect(readdirSync(join(folder, ".tmp"))).toEqual([]);
  });
});
