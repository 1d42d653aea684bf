/* The locks that come with a storage, where nobody chooses any. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { task, type Task } from "../../src/authoring/task.ts";
import { transaction } from "../../src/authoring/transaction.ts";
import { cacheKey } from "../../src/defaults.ts";
import { fileStorage } from "../../src/storage/file.ts";
import { sqliteStorage } from "../../src/storage/sqlite.ts";
import type { Storage } from "../../src/storage/storage.ts";

process.env["OXBOW_LOGGING_LEVEL"] = "off";

let folder: string;
let opened: Storage[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "oxbow-default-locks-"));
  opened = [];
});
afterEach(async () => {
  for (const storage of opened) await storage.close();
  rmSync(folder, { recursive: true, force: true });
});

describe.each([
  ["sqlite", sqliteStorage],
  ["file", fileStorage],
])("Two %s storages of one folder", (_, open) => {
  /** A task with a storage of its own. */
  function made(key: string, body: () => unknown): Task<[], unknown> {
    const storage = open(folder);
    opened.push(storage);
    const cachePolicy = cacheKey(key).configure({ isolationLevel: "SERIALIZABLE" });
    return task(key, { cachePolicy, resultStorage: storage, refreshCache: true }, body);
  }

  it("have the same locks: a call inside the holder of its key goes through", async () => {
    const inner = made("k", () => "inner");
    expect(await made("k", () => inner())()).toBe("inner");
  });

  it("have the same locks: who would wait for ever is told", async () => {
    const [hasA, hasB] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const first = transaction(async () => {
      await made("a", () => 1)();
      hasA.resolve();
      await hasB.promise;
      await made("b", () => 1)();
    });
    const second = transaction(async () => {
      await hasA.promise;
      await made("b", () => 1)();
      hasB.resolve();
      await made("a", () => 1)();
    });
    const ends = await Promise.allSettled([first, second]);
    expect(ends.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    const refused = ends.find((end) => end.status === "rejected");
    expect(refused!.reason).toMatchObject({ code: "OXBOW_LOCK_DEADLOCK" });
  });
});
