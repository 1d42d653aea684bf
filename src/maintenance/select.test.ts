import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { TestClock } from "../testing/test-clock.ts";
import { flowRun, memoryHistory, taskRun } from "../../tests/maintenance/memory-history.ts";
import { all, keysIn, openPlace, storageNames, type TestPlace, write } from "../../tests/maintenance/places.ts";
import { list, remove, type RecordFilter, type RecordPlace, select, stats } from "./index.ts";

const hour = 3_600_000;
const clock = new TestClock();
const now = clock.now();

describe.each(storageNames)("records in the storage %s", (name) => {
  let place: TestPlace;
  beforeEach(async () => {
    place = openPlace(name);
    await write(place.storage, "a/1", { taskName: "load", createdAt: now - 5 * hour, tags: ["x"], flowRunId: "f1" });
    await write(place.storage, "a/2", {
      taskName: "load",
      createdAt: now - hour,
      expiresAt: now - 1,
      value: "long".repeat(99),
    });
    await write(place.storage, "b/1", { taskName: "save", createdAt: now, flowRunId: "f2", expiresAt: now + 1 });
  });
  afterEach(() => place.dispose());

  const history = memoryHistory({ flowRuns: [flowRun("f1"), flowRun("f2", { flowName: "weekly" })] });
  history.lastUseOf.set("a/1", now - 1000);
  history.hitsOf.set("a/1", 7);

  const cases: ReadonlyArray<readonly [RecordFilter, string]> = [
    [{}, "a/1 a/2 b/1"],
    [{ task: "load" }, "a/1 a/2"],
    [{ flowRun: "f1" }, "a/1"],
    [{ flowRun: "f2-name" }, "b/1"],
    [{ flow: "weekly" }, "b/1"],
    [{ olderThan: "2h" }, "a/1"],
    [{ newerThan: "2h" }, "a/2 b/1"],
    [{ olderThan: "30 minutes", newerThan: "2h" }, "a/2"],
    [{ expired: true }, "a/2"],
    [{ expired: false }, "a/1 b/1"],
    [{ tag: "x" }, "a/1"],
    [{ prefix: "a/" }, "a/1 a/2"],
    [{ unusedFor: "30 minutes" }, "a/2"],
    [{ largerThan: 100 }, "a/2"],
    [{ task: "load", expired: false }, "a/1"],
  ];
  it.each(["task", "flow", "flowRun", "tag", "key", "prefix"])("are not chosen by an empty %s", async (filter) => {
    await expect(remove({ storage: place.storage, history, clock }, { [filter]: "" })).rejects.toThrow(
      `A record filter: ${filter} is an empty text`,
    );
    expect(await keysIn(place.storage)).toHaveLength(3);
  });

  it.each(cases)("are chosen by %j: %s", async (filter, expected) => {
    const found = await all(select({ storage: place.storage, history, clock }, filter));
    expect(found.map(({ key }) => key).join(" ")).toBe(expected);
  });

  it("are rows of a table, with their age, their hits and their last use", async () => {
    const rows = await all(list({ storage: place.storage, history, clock }));
    expect(rows.map(({ key, status, hits, lastUsedAt, ageMs }) => [key, status, hits, lastUsedAt, ageMs])).toEqual([
      ["a/1", "valid", 7, now - 1000, 5 * hour],
      ["a/2", "expired", 0, undefined, hour],
      ["b/1", "valid", 0, undefined, 0],
    ]);
    const [row] = await all(list({ storage: place.storage, clock }, { prefix: "a/1" }));
    expect(row).toMatchObject({ hits: undefined, lastUsedAt: undefined, size: 5 });
  });

  it("are removed by a filter, and each removal is written down", async () => {
    const events = memoryHistory();
    const target: RecordPlace = { storage: place.storage, history: events, clock };
    expect(await remove(target, { task: "load" }, { dryRun: true })).toEqual({ records: 2, bytes: 403, problems: [] });
    expect(await keysIn(place.storage)).toHaveLength(3);
    const removed: string[] = [];
    const report = await remove(target, { task: "load" }, { onRemoved: (key) => removed.push(key) });
    expect(report).toEqual({ records: 2, bytes: 403, problems: [] });
    expect(removed).toEqual(["a/1", "a/2"]);
    expect(await keysIn(place.storage)).toEqual(["b/1"]);
    expect(events.events.map(({ kind, key, detail }) => [kind, key, detail])).toEqual([
      ["removed", "a/1", "removed by hand"],
      ["removed", "a/2", "removed by hand"],
    ]);
    expect(await remove(target, {})).toMatchObject({ records: 1 });
    expect(await remove(target, {})).toMatchObject({ records: 0 });
  });

  it("are counted by task, with what runs say of them", async () => {
    const runs = memoryHistory({
      taskRuns: [
        taskRun("1", { taskName: "load", outcome: "hit", savedMs: 500 }),
        taskRun("2", { taskName: "load", durationMs: 100 }),
        taskRun("3", { taskName: "gone" }),
      ],
    });
    const found = await stats({ storage: place.storage, history: runs, clock });
    expect(found).toMatchObject({ records: 3, bytes: 408, expired: { records: 1, bytes: 398 }, hits: 1, misses: 2 });
    expect(found.hitRate).toBeCloseTo(1 / 3);
    expect([found.savedMs, found.computedMs]).toEqual([500, 100]);
    expect(found.tasks.map(({ taskName, records, hitRate }) => [taskName, records, hitRate])).toEqual([
      ["load", 2, 0.5],
      ["save", 1, undefined],
      ["gone", 0, 0],
    ]);
    expect(await stats({ storage: place.storage, clock })).toMatchObject({ hitRate: undefined, savedMs: undefined });
  });
});

describe("a filter", () => {
  it("that needs the history says so where there is none", async () => {
    const { storage } = openPlace("memory");
    for (const filter of [{ flow: "nightly" }, { unusedFor: "1h" }] as const)
      await expect(all(select({ storage }, filter))).rejects.toThrow(/needs the run history/);
  });

  it("with a name that there is not is refused with the one that was meant", async () => {
    const { storage } = openPlace("memory");
    await expect(remove({ storage }, { tsak: "load" } as RecordFilter)).rejects.toThrow(/no option "tsak"[^]*"task"/);
    await expect(remove({ storage }, { olderThan: "soon" as "1h" })).rejects.toMatchObject({
      code: "OXBOW_DURATION_INVALID",
    });
  });

  it("of a storage that has no list is a clear error", async () => {
    const { storage } = openPlace("memory");
    const blind = Object.assign(Object.create(storage) as typeof storage, {
      capabilities: { ...storage.capabilities, list: false },
    });
    await expect(all(select({ storage: blind }))).rejects.toThrow(/cannot list its records/);
  });

  it("gives way to a signal, and tells how far it is", async () => {
    const { storage } = openPlace("memory");
    for (let i = 0; i < 300; i++) await write(storage, `${i}`);
    const progress: number[] = [];
    await all(select({ storage }, {}, { onProgress: ({ done }) => progress.push(done) }));
    expect(progress.at(-1)).toBe(300);
    const controller = new AbortController();
    const removing = remove(
      { storage },
      {},
      { signal: controller.signal, onRemoved: () => controller.abort(new Error("enough")) },
    );
    await expect(removing).rejects.toThrow("enough");
    expect((await keysIn(storage)).length).toBeGreaterThan(200);
  });
});
