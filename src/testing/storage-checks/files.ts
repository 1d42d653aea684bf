import assert from "node:assert/strict";
import type { FileArea, Payload, Storage, StoredFile } from "../../storage/storage.ts";
import {
  bytesOf,
  check,
  checkTwo,
  expectBytes,
  expectContent,
  expectListed,
  metadataFor,
  pattern,
  put,
  read,
  type StorageCheck,
} from "./check.ts";
import { drained, expectRefused, failingSource, sourceOf } from "./sources.ts";

/** Paths that could be taken for one another, or for something that the storage has itself. */
const oddPaths: readonly string[] = [
  "report.json",
  "2026-11-21/report.json",
  "2026-11-21/deep/er/report.json",
  "a b.txt",
  "a%2Fb",
  "a/b",
  "a%b",
  ".hidden",
  "folder/.tmp/x",
  "folder/x.value",
  "records",
  "values/00/x",
  "~",
  "-rf",
  "é😀.txt",
  "0".repeat(64),
  `${"x".repeat(100)}/${"y".repeat(100)}/${"z".repeat(200)}`,
];

const badPaths: readonly string[] = [
  "",
  ".",
  "..",
  "/",
  "/etc/passwd",
  "../out",
  "a/../../out",
  "a/..",
  "a/./b",
  "a//b",
  "a/",
  "a\\b",
  "..\\out",
  "C:/x",
  "C:x",
  "a\0b",
  "a\nb",
  "x".repeat(1001),
];

/** Names that a record and a file may both want. */
const sharedNames = [
  "report.json",
  "2026-11-21/report.json",
  "a%2Fb",
  "func_task_target.txt",
  "0".repeat(64),
  ".hidden",
];

function checkFiles(title: string, body: (files: FileArea, storage: Storage) => Promise<void>): StorageCheck {
  return check(title, async (storage) => {
    if (storage.files !== undefined) await body(storage.files, storage);
  });
}

async function expectFile(files: FileArea, path: string, content: string | Uint8Array): Promise<void> {
  const found = await files.find(path);
  assert.ok(found, `There is no file ${path}`);
  assert.equal(found.size, bytesOf(content).byteLength, `The size of ${path}`);
  expectBytes(await found.bytes(), content, `The file ${path}`);
  expectBytes(await drained(found.stream()), content, `The stream of ${path}`);
}

/** Whether something was done; it may be refused by a StorageError, and by nothing else. */
async function unlessRefused(work: () => unknown): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    assert.equal((error as { code?: unknown }).code, "OXBOW_STORAGE_FAILED", String(error));
    return false;
  }
}

export const fileChecks: readonly StorageCheck[] = [
  checkFiles("A file is written, found, replaced and removed", async (files) => {
    assert.equal(await files.find("report.json"), undefined);
    assert.equal(await files.delete("report.json"), false);
    const since = Date.now();
    for (const [i, size] of [10, 300_000, 0, 65_536, 65_537, 3_000_017, 5].entries()) {
      await files.write("report.json", [pattern(size, i)]);
      await expectFile(files, "report.json", pattern(size, i));
      await files.write("report.json", sourceOf(pattern(size, i + 1)));
      await expectFile(files, "report.json", pattern(size, i + 1));
    }
    // Clocks of servers differ; seconds and milliseconds, or no time at all, are what is told apart here.
    const { modifiedAt } = (await files.find("report.json"))!;
    assert.ok(Math.abs(modifiedAt - since) < 24 * 3_600_000, `The file was modified at ${modifiedAt}`);
    await files.write("report.json", [Buffer.from("in "), new Uint8Array(0), Buffer.from("pieces")]);
    await expectFile(files, "report.json", "in pieces");
    assert.equal(await files.delete("report.json"), true);
    assert.equal(await files.delete("report.json"), false);
    assert.equal(await files.find("report.json"), undefined);
  }),

  checkFiles("Any two paths are two files, in whatever folders", async (files) => {
    const paths = oddPaths;
    for (const path of paths) await files.write(path, [Buffer.from(path)]);
    for (const path of paths) await expectFile(files, path, path);
    // Other names may look otherwise in a URL, or on a medium that does not take them as they are.
    for (const path of paths.filter((path) => /^[\w./-]+$/.test(path)))
      assert.ok(files.locate(path).includes(path.split("/").at(-1)!), files.locate(path));
    for (const path of paths.slice(0, 5)) assert.equal(await files.delete(path), true);
    for (const path of paths.slice(0, 5)) assert.equal(await files.find(path), undefined);
    for (const path of paths.slice(5)) await expectFile(files, path, path);
  }),

  checkFiles("A path that leads out, or is none, is refused by every method", async (files) => {
    for (const path of badPaths) {
      await expectRefused(() => files.find(path));
      await expectRefused(() => files.write(path, [Buffer.from("x")]));
      await expectRefused(() => files.delete(path));
      await expectRefused(() => files.locate(path));
    }
  }),

  checkFiles("Bytes of a file that were handed in and out belong to the caller", async (files) => {
    for (const size of [100, 3_000_017]) {
      const given = pattern(size, 1);
      await files.write("file", [given]);
      given.fill(0);
      (await (await files.find("file"))!.bytes()).fill(0);
      for await (const piece of (await files.find("file"))!.stream()) piece.fill(0);
      await expectFile(files, "file", pattern(size, 1));
    }
  }),

  checkFiles("A file that has gone since it was found is a StorageError", async (files) => {
    await files.write("file", [Buffer.from("content")]);
    const found = (await files.find("file"))!;
    await files.delete("file");
    await expectRefused(() => found.bytes());
    await expectRefused(() => drained(found.stream()));
  }),

  checkFiles("A stream of a file may be left early, or never be read", async (files, storage) => {
    await files.write("file", sourceOf(pattern(3_000_017, 1)));
    for (let i = 0; i < 5; i += 1) {
      (await files.find("file"))!.stream();
      for await (const piece of (await files.find("file"))!.stream()) {
        assert.ok(piece.byteLength > 0);
        break;
      }
    }
    await storage.close();
    assert.equal(await files.delete("file"), true);
  }),

  checkFiles("A file whose source throws half-way stays what it was", async (files) => {
    const own = new Error("The source's own error");
    await files.write("standing", [Buffer.from("before")]);
    for (const size of [50, 100_000, 3_000_017]) {
      for (const path of ["standing", "new", "folder/new"]) {
        await expectRefused(() => files.write(path, failingSource(pattern(size, 1), own)), own);
      }
      await expectFile(files, "standing", "before");
      assert.equal(await files.find("new"), undefined);
      assert.equal(await files.find("folder/new"), undefined);
    }
  }),

  checkFiles("Of many writers of one file at once one leaves its file, whole", async (files) => {
    for (const size of [50, 300_000]) {
      const all = Array.from({ length: 10 }, (_, i) => pattern(size + i, i));
      await Promise.all(all.map(async (bytes, i) => files.write("folder/file", i % 2 ? sourceOf(bytes) : [bytes])));
      const found = await (await files.find("folder/file"))!.bytes();
      assert.ok(
        all.some((bytes) => Buffer.compare(bytes, found) === 0),
        "What stays is none of the files",
      );
    }
  }),

  checkFiles("A file is no record and no value", async (files, storage) => {
    for (const path of oddPaths) await files.write(path, [Buffer.from(path)]);
    await expectListed(storage, []);
    for (const path of oddPaths) {
      assert.equal(await storage.get(path), undefined, `get() takes the file ${path} for a record`);
      assert.equal(await storage.head(path), undefined, `head() takes the file ${path} for a record`);
      assert.equal(await storage.delete(path), false, `delete() takes the file ${path} for a record`);
      assert.equal(await storage.values.get(path), undefined, `The file ${path} is taken for a value`);
      assert.equal(await storage.values.delete(path), false);
      await expectFile(files, path, path);
    }
  }),

  checkFiles("A record and a value are no files", async (files, storage) => {
    for (const name of sharedNames) {
      await put(storage, name, "record");
      await storage.values.put(name, [Buffer.from("value")]);
      for (const path of [name, `${name}.value`]) {
        let found: StoredFile | undefined;
        await unlessRefused(async () => (found = await files.find(path)));
        assert.equal(found, undefined, `find() takes the record or value ${path} for a file`);
        await unlessRefused(async () => assert.equal(await files.delete(path), false));
      }
      await expectContent(storage, name, "record");
      expectBytes(await storage.values.get(name), "value", "The value");
    }
  }),

  checkFiles(
    "A record does not take the place of a file of its name: both are there, or it is refused",
    async (files, storage) => {
      for (const name of sharedNames) {
        for (const size of [50, 100_000]) {
          await files.write(name, [Buffer.from("file")]);
          for (const options of [{}, { ifAbsent: true }]) {
            const content = pattern(size, 1);
            const written = await unlessRefused(async () =>
              storage.put(metadataFor(name, content), [content], options),
            );
            await expectFile(files, name, "file");
            expectSame(await read(storage, name), written ? content : undefined);
          }
          await unlessRefused(async () => storage.values.put(name, [Buffer.from("value")]));
          await storage.delete(name);
          await expectFile(files, name, "file");
          assert.equal(await files.delete(name), true);
          await put(storage, name, "after the file has gone");
          await expectContent(storage, name, "after the file has gone");
          await storage.delete(name);
        }
      }
    },
  ),

  checkFiles(
    "A file does not take the place of a record of its name: both are there, or it is refused",
    async (files, storage) => {
      for (const name of sharedNames) {
        for (const content of [pattern(50, 1), pattern(100_000, 1)]) {
          await put(storage, name, content);
          for (const payload of [[Buffer.from("file")], sourceOf(Buffer.from("file"))] as Payload[]) {
            const written = await unlessRefused(async () => files.write(name, payload));
            await expectContent(storage, name, content);
            const found = await files.find(name);
            expectSame(await found?.bytes(), written ? Buffer.from("file") : undefined);
          }
          await unlessRefused(async () => files.delete(name));
          await expectContent(storage, name, content);
          assert.equal(await storage.delete(name), true);
          await files.write(name, [Buffer.from("after the record has gone")]);
          await expectFile(files, name, "after the record has gone");
          await files.delete(name);
        }
      }
    },
  ),

  checkTwo("A file is seen by another storage of the place", async (storage, other) => {
    if (storage.files === undefined || other.files === undefined) return;
    assert.equal(storage.files.locate("a/b"), other.files.locate("a/b"));
    for (const path of ["report.json", "folder/report.json"]) {
      await storage.files.write(path, [Buffer.from("one")]);
      await expectFile(other.files, path, "one");
      await other.files.write(path, [Buffer.from("two")]);
      await expectFile(storage.files, path, "two");
      assert.equal(await other.files.delete(path), true);
      assert.equal(await storage.files.find(path), undefined);
    }
  }),
];

function expectSame(found: Uint8Array | undefined, expected: Uint8Array | undefined): void {
  if (expected === undefined) assert.equal(found, undefined, "What was refused is there");
  else expectBytes(found, expected, "What was written");
}
