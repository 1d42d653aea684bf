import { mkdtempSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { json } from "../serializers/index.ts";
import {
  cacheKey,
  deleteBlock,
  fileLocks,
  fileStorage,
  INPUTS,
  inspectBlock,
  listBlocks,
  loadBlock,
  memoryStorage,
  ResultStore,
  saveBlock,
  sqliteLocks,
  task,
  transaction,
  withSettings,
} from "../index.ts";

const newFolder = (): string => mkdtempSync(join(tmpdir(), "oxbow-blocks-"));

describe("a block", () => {
  it("stands for its storage wherever one is asked for, and all share it", async () => {
    const folder = newFolder();
    const reference = await saveBlock("shared", fileStorage(folder));
    expect(reference).toBe("block:file/shared");
    const options = { resultStorage: reference, cachePolicy: INPUTS };
    expect(await task("one", options, (x: number) => x + 1)(1)).toBe(2);
    expect((await task("two", options, (x: number) => x + 2).run(1)).result()).toBe(2);
    const apart = INPUTS.configure({ keyStorage: reference });
    await task("three", { cachePolicy: apart, resultStorage: memoryStorage() }, (x: number) => x)(7);
    expect(readdirSync(folder).filter((name) => !name.startsWith("."))).toHaveLength(2);
    expect(await inspectBlock(reference)).toMatchObject({ type: "file", name: "shared", args: [folder, {}] });
    expect((await listBlocks()).map((block) => block.reference)).toContain(reference);
  });

  it("fails the task, by name, where there is none", async () => {
    const lost = await task("lost", { resultStorage: "block:file/nowhere" }, () => 1).run();
    expect(lost.message).toContain("block:file/nowhere does not exist");
  });

  it("may be that of the settings, which turns persistence on", async () => {
    const folder = newFolder();
    await saveBlock("default", fileStorage(folder));
    const plain = task("plain", { resultStorageKey: "plain-{x}" }, (x: number) => x);
    await withSettings({ results: { defaultStorageBlock: "block:file/default" } }, async () => {
      expect((await plain.run(1)).persisted).toBe(true);
      expect((await task("bare", (x: number) => x).run(1)).persisted).toBe(true);
      await task("targeted", { target: "{taskName}.json" }, () => 1)();
    });
    expect(readdirSync(folder)).toEqual(expect.arrayContaining(["plain-1", "targeted.json"]));
  });

  it("of locks stands for its lock manager in policies and transactions, and all share it", async () => {
    const place = newFolder();
    const lockManager = await saveBlock("shared", fileLocks(place));
    expect(lockManager).toBe("block:file-locks/shared");
    const holder = fileLocks(place);
    const lease = (await holder.acquire("k", "somebody else"))!;
    const resultStorage = memoryStorage();
    const cachePolicy = cacheKey("k").configure({ isolationLevel: "SERIALIZABLE", lockManager });
    const waiting = task("waiting", { cachePolicy, resultStorage }, () => 1);
    const store = new ResultStore({ storage: resultStorage, serializer: json() });
    await withSettings({ locks: { acquireTimeout: "0.05s" } }, async () => {
      expect((await waiting.run()).message).toContain("lock");
      const options = { key: "k", store, isolationLevel: "SERIALIZABLE", lockManager } as const;
      await expect(transaction(options, async () => 1)).rejects.toMatchObject({ code: "OXBOW_LOCK_TIMED_OUT" });
      // Tasks inside take it over: their policy names none.
      const inside = task("inside", { cachePolicy: cacheKey("k"), resultStorage }, () => 1);
      const around = { isolationLevel: "SERIALIZABLE", lockManager } as const;
      await expect(transaction(around, async () => inside())).rejects.toMatchObject({ code: "OXBOW_LOCK_TIMED_OUT" });
    });
    await lease.release();
    expect(await waiting()).toBe(1);
  });

  it("of a storage is no lock manager, and what is no reference is refused where it is written", async () => {
    const lockManager = await saveBlock("no-locks", fileStorage(newFolder()));
    const serializable = (lockManager: string) =>
      cacheKey("k").configure({ isolationLevel: "SERIALIZABLE", lockManager });
    const run = (reference: string) =>
      task("wrong", { cachePolicy: serializable(reference), resultStorage: memoryStorage() }, () => 1).run();
    expect((await run(lockManager)).message).toContain(`${lockManager} is a storage, and not a lock manager`);
    expect((await run("block:file-locks/nowhere")).message).toContain("block:file-locks/nowhere does not exist");
    expect(() => serializable("redis://localhost")).toThrow(/it must be a lock manager.*or a block/);
  });

  it("of locks is a lock manager, and no storage", async () => {
    const reference = await saveBlock("main", sqliteLocks(newFolder()));
    const locks = await loadBlock(reference);
    expect("acquire" in locks).toBe(true);
    const state = await task("wrong", { resultStorage: reference }, () => 1).run();
    expect(state.message).toContain("is a lock manager");
    expect(await deleteBlock(reference)).toBe(true);
    expect(await deleteBlock(reference)).toBe(false);
  });

  it("that is saved anew is used from then on", async () => {
    const [before, after] = [newFolder(), newFolder()];
    const reference = await saveBlock("moved", fileStorage(before));
    const made = task("made", { resultStorage: reference, resultStorageKey: "k{x}" }, (x: number) => x);
    await made(1);
    await expect(saveBlock("moved", fileStorage(after))).rejects.toThrow("exists already");
    await saveBlock("moved", fileStorage(after), { overwrite: true });
    await made(2);
    expect([before, after].map((folder) => readdirSync(folder).filter((name) => name.startsWith("k")))).toEqual([
      ["k1"],
      ["k2"],
    ]);
  });

  it("cannot be made of something alive", async () => {
    await expect(saveBlock("memory", memoryStorage())).rejects.toThrow("cannot be saved");
  });
});
