import { readdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { memoryStorage } from "../index.ts";
import { writeCommitMarker } from "../results/commit-marker.ts";
import { TestClock } from "../testing/test-clock.ts";
import { flowRun, memoryHistory, taskRun } from "../../tests/maintenance/memory-history.ts";
import { keysIn, openPlace, storageNames, type TestPlace, write } from "../../tests/maintenance/places.ts";
import { collect } from "./index.ts";

const hour = 3_600_000;
const day = 24 * hour;
const clock = new TestClock();
const now = clock.now();
const kilobyte = "x".repeat(998);

describe.each(storageNames)("collect() in the storage %s", (name) => {
  let place: TestPlace;
  beforeEach(() => {
    place = openPlace(name);
  });
  afterEach(() => place.dispose());

  it("finds nothing in an empty place, and makes none", async () => {
    const report = await collect({ storage: place.storage, clock }, { maxAge: "1h", maxSize: 10 });
    expect(report.kept).toEqual({ records: 0, bytes: 0 });
    expect(readdirSync(place.folder)).toEqual([]);
  });

  it("removes what has expired, and says so", async () => {
    const history = memoryHistory();
    await write(place.storage, "expired", { createdAt: now - day, expiresAt: now - 3 * hour });
    await write(place.storage, "valid", { createdAt: now - day, expiresAt: now + 1 });
    await write(place.storage, "forever", { createdAt: now - day });
    const dry = await collect({ storage: place.storage, history, clock }, { dryRun: true });
    expect([dry.removed.expired.records, dry.kept.records]).toEqual([1, 2]);
    expect(history.events).toEqual([]);
    const report = await collect({ storage: place.storage, history, clock });
    expect(report.removed.expired).toEqual({ records: 1, bytes: 9 });
    expect(await keysIn(place.storage)).toEqual(["forever", "valid"]);
    expect(history.events).toMatchObject([{ kind: "removed", key: "expired", detail: "expired 3 h ago" }]);
  });

  it("removes what was not used for longer than maxAge, by its last use or its writing", async () => {
    const history = memoryHistory();
    for (const [key, age] of [
      ["old", 40],
      ["used", 40],
      ["young", 1],
    ] as const)
      await write(place.storage, key, { createdAt: now - age * day });
    history.lastUseOf.set("used", now - 2 * day);
    const report = await collect({ storage: place.storage, history, clock }, { maxAge: "30 days" });
    expect(report.removed.maxAge.records).toBe(1);
    expect(await keysIn(place.storage)).toEqual(["used", "young"]);
    expect(history.events).toMatchObject([{ kind: "evicted", key: "old", detail: "cache.maxAge: not used for 40 d" }]);
  });

  it("removes the least recently used beyond maxSize, and no more than needed", async () => {
    const history = memoryHistory();
    for (let i = 0; i < 10; i++) await write(place.storage, `${i}`, { createdAt: now - day + i, value: kilobyte });
    history.lastUseOf.set("0", now - 1);
    const maxSize = 5 * 1512;
    const dry = await collect({ storage: place.storage, history, clock }, { maxSize, dryRun: true });
    expect(dry.removed.maxSize).toEqual({ records: 5, bytes: 5000 });
    const report = await collect({ storage: place.storage, history, clock }, { maxSize });
    expect(report).toMatchObject({
      removed: { maxSize: { records: 5 } },
      kept: { records: 5, bytes: 5000 },
      problems: [],
    });
    expect(await keysIn(place.storage)).toEqual(["0", "6", "7", "8", "9"]);
    expect(history.events.map(({ kind, key }) => `${kind} ${key}`).toSorted()).toEqual(
      ["1", "2", "3", "4", "5"].map((key) => `evicted ${key}`),
    );
    expect(await collect({ storage: place.storage, clock }, { maxSize, lowWater: 0.5 })).toMatchObject({
      kept: { records: 5 },
    });
    expect(await collect({ storage: place.storage, clock }, { maxSize: maxSize - 1, lowWater: 0.5 })).toMatchObject({
      kept: { records: 2 },
    });
  });

  it("leaves alone what an unfinished flow run wrote, used or will need, and what is newer than it", async () => {
    const history = memoryHistory({
      flowRuns: [
        flowRun("running", { parametersKey: "parameters" }),
        flowRun("paused", { states: [{ type: "PAUSED", name: "Suspended", timestamp: 0 }] }),
        flowRun("done", { states: [{ type: "COMPLETED", name: "Completed", timestamp: 0 }] }),
      ],
      taskRuns: [taskRun("t1", { flowRunId: "running", key: "used", inputsKey: "inputs" })],
    });
    const old = { createdAt: now - 9 * day, expiresAt: now - day };
    for (const [key, flowRunId] of [
      ["own", "running"],
      ["of paused", "paused"],
      ["of done", "done"],
    ] as const)
      await write(place.storage, key, { ...old, flowRunId });
    for (const key of ["used", "inputs", "parameters", "other"]) await write(place.storage, key, old);
    await write(place.storage, "new", { createdAt: now + 1 });
    const report = await collect({ storage: place.storage, history, clock }, { maxAge: "1ms", maxSize: 1 });
    expect(await keysIn(place.storage)).toEqual(["inputs", "new", "of paused", "own", "parameters", "used"]);
    expect(report).toMatchObject({ inUse: 5, kept: { records: 6 } });
    expect(report.problems).toEqual([expect.stringMatching(/still .* too large/)]);
  });

  it("removes records that a transaction never committed, and markers whose records are gone", async () => {
    const { storage } = place;
    const old = now - 2 * day;
    await write(storage, "lost", { createdAt: old, commit: "died" });
    await write(storage, "under way", { createdAt: now - hour, commit: "young" });
    const committed = await write(storage, "committed", { createdAt: old, commit: "whole" });
    await writeCommitMarker(storage, "whole", [committed]);
    await writeCommitMarker(storage, "replaced", [{ ...committed, key: "lost" }]);
    await storage.values.put("commit-strange", [Buffer.from("not of ours")]);
    const report = await collect({ storage, clock });
    expect(report.removed).toMatchObject({ uncommitted: { records: 1 }, markers: { records: 1 } });
    expect(await keysIn(storage)).toEqual(["committed", "under way"]);
    expect(await storage.values.get("commit-whole")).toBeDefined();
    expect(await storage.values.get("commit-strange")).toBeDefined();
    expect(await storage.values.get("commit-replaced")).toBeUndefined();
  });

  it("removes values without metadata a day after it could see them, where it is told who has the metadata", async () => {
    const { storage } = place;
    const keyStorage = memoryStorage();
    await storage.values.put("orphan", [Buffer.from("1234")]);
    await storage.values.put("known", [Buffer.from('"x"')]);
    await write(keyStorage, "known", { value: "x" });
    expect((await collect({ storage, clock })).removed.values.records).toBe(0);
    const later = new TestClock(Math.max(Date.now(), now));
    expect((await collect({ storage, keyStorage, clock: later })).removed.values.records).toBe(0);
    await later.advance(2 * day);
    expect((await collect({ storage, keyStorage, clock: later })).removed.values).toEqual({ records: 1, bytes: 4 });
    expect(await storage.values.get("orphan")).toBeUndefined();
    expect(await storage.values.get("known")).toBeDefined();
    expect((await collect({ storage, keyStorage, clock: later })).removed.values.records).toBe(0);
  });

  it("removes values with their metadata where these are kept apart", async () => {
    const { storage } = place;
    const keyStorage = memoryStorage();
    await storage.values.put("key", [Buffer.from('"x"')]);
    await write(keyStorage, "key", { value: "x", createdAt: now - day, expiresAt: now });
    await collect({ storage, keyStorage, clock });
    expect(await keysIn(keyStorage)).toEqual([]);
    expect(await storage.values.get("key")).toBeUndefined();
  });

  it("goes beside a writer: what that has replaced stays", async () => {
    for (let i = 0; i < 500; i++) await write(place.storage, `${i}`, { createdAt: now - day, expiresAt: now - 1 });
    const other = name === "memory" ? place.storage : place.another();
    let isDone = false;
    const written = new Set<string>();
    const writing = (async () => {
      for (let i = 0; !isDone; i = (i + 7) % 500) {
        await write(other, `${i}`, { createdAt: now, taskRunId: `second ${i}` });
        written.add(`${i}`);
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    const report = await collect({ storage: place.storage, clock });
    isDone = true;
    await writing;
    expect(report.removed.expired.records).toBeGreaterThan(100);
    const keys = new Set(await keysIn(place.storage));
    expect([...written].filter((key) => !keys.has(key))).toEqual([]);
    expect([...keys].filter((key) => !written.has(key))).toEqual([]);
    if (other !== place.storage) await other.close();
  });

  it("may run twice at once: together they remove what one would", async () => {
    for (let i = 0; i < 200; i++) await write(place.storage, `${i}`, { createdAt: now - day + i, value: kilobyte });
    const other = name === "memory" ? place.storage : place.another();
    const reports = await Promise.all(
      [place.storage, other].map((storage) => collect({ storage, clock }, { maxSize: 100 * 1512 })),
    );
    expect(reports.reduce((sum, { removed }) => sum + removed.maxSize.records, 0)).toBe(100);
    expect(await keysIn(place.storage)).toHaveLength(100);
    if (other !== place.storage) await other.close();
  });
});

describe("collect() and damage", () => {
  it("removes records whose metadata cannot be read, in SQLite", async () => {
    const place = openPlace("sqlite");
    const history = memoryHistory();
    for (const key of ["good", "bad", "from the future"]) await write(place.storage, key, { createdAt: now });
    await place.storage.close();
    const db = new DatabaseSync(join(place.folder, "records.db"));
    db.exec("UPDATE records SET sha256 = 'none' WHERE CAST(key AS TEXT) = 'bad'");
    db.exec("UPDATE records SET format_version = 99 WHERE CAST(key AS TEXT) LIKE 'from%'");
    db.close();
    const report = await collect({ storage: place.storage, history, clock });
    expect(report.removed.damaged.records).toBe(1);
    expect(history.events).toMatchObject([{ kind: "damaged", key: "bad" }]);
    const left = new DatabaseSync(join(place.folder, "records.db"));
    expect(left.prepare("SELECT count(*) AS n FROM records").get()).toEqual({ n: 2 });
    left.close();
    await place.dispose();
  });

  it("removes torn record files, and no file of somebody else", async () => {
    const place = openPlace("file");
    const hash = "ab".repeat(32);
    await write(place.storage, "good", { createdAt: now });
    writeFileSync(join(place.folder, "torn"), '{"formatVersion":1,"key":"torn"');
    writeFileSync(join(place.folder, hash), "");
    writeFileSync(join(place.folder, "README.md"), "# Mine");
    writeFileSync(join(place.folder, "data.json"), "{}");
    utimesSync(join(place.folder, hash), 0, 0);
    const report = await collect({ storage: place.storage, clock });
    expect(report.removed.damaged.records).toBe(2);
    expect(
      readdirSync(place.folder)
        .filter((file) => !file.startsWith("."))
        .toSorted(),
    ).toEqual(["README.md", "data.json", "good"]);
    await place.dispose();
  });

  it("refuses limits that are none", async () => {
    const { storage } = openPlace("memory");
    await expect(collect({ storage }, { maxSize: -1 })).rejects.toMatchObject({ code: "OXBOW_OPTION_INVALID" });
    await expect(collect({ storage }, { maxSize: 5, lowWater: 0 })).rejects.toMatchObject({
      code: "OXBOW_OPTION_INVALID",
    });
    await expect(collect({ storage }, { maxAge: "x" as "1h" })).rejects.toMatchObject({
      code: "OXBOW_DURATION_INVALID",
    });
  });

  it("goes on where the history fails, and says so", async () => {
    const { storage } = openPlace("memory");
    const history = memoryHistory();
    await write(storage, "expired", { createdAt: now - day, expiresAt: now - 1 });
    const failing = { ...history, write: () => Promise.reject(new Error("disk full")) };
    const report = await collect({ storage, history: failing, clock });
    expect(report.removed.expired.records).toBe(1);
    expect(report.problems).toEqual([expect.stringContaining("disk full")]);
  });
});
