import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { memoryStorage } from "../index.ts";
import { writeCommitMarker } from "../results/commit-marker.ts";
import { expectContent, pattern, put } from "../testing/storage-checks/check.ts";
import { TestClock } from "../testing/test-clock.ts";
import { memoryHistory } from "../../tests/maintenance/memory-history.ts";
import { keysIn, openPlace, storageNames, write } from "../../tests/maintenance/places.ts";
import { list, pull } from "./index.ts";

const clock = new TestClock();
const now = clock.now();
const large = 3_000_000;

describe.each(storageNames)("pull() into the storage %s", (name) => {
  it("copies what is not there, piece by piece where it is long, and leaves alone what is", async () => {
    const [source, target] = [openPlace("sqlite"), openPlace(name)];
    const from = { storage: source.storage, clock };
    const history = memoryHistory();
    const to = { storage: target.storage, history, clock };
    await put(source.storage, "long", pattern(large, 1), { fence: 7 });
    for (const key of ["short", "other"]) await write(source.storage, key, { createdAt: now - 10 });
    await write(source.storage, "older", { createdAt: now - 10, value: "theirs" });
    await write(target.storage, "older", { createdAt: now - 5, value: "mine" });
    await write(target.storage, "stale", { createdAt: now - 50, value: "old" });
    await write(source.storage, "stale", { createdAt: now - 10, value: "new" });
    await write(source.storage, "expired", { expiresAt: now });
    expect(await pull(from, to, {}, { dryRun: true })).toMatchObject({ copied: { records: 4 } });
    const progress: number[] = [];
    const report = await pull(from, to, {}, { onProgress: ({ done }) => progress.push(done) });
    expect(report).toMatchObject({
      copied: { records: 4, bytes: large + 19 },
      identical: { records: 0 },
      newer: { records: 1 },
      unusable: { records: 1 },
      damaged: [],
      problems: [],
    });
    expect(progress.at(-1)).toBe(6);
    await expectContent(target.storage, "long", pattern(large, 1));
    expect((await target.storage.head("long"))?.fence).toBeUndefined();
    await expectContent(target.storage, "older", '"mine"');
    await expectContent(target.storage, "stale", '"new"');
    expect(history.events).toHaveLength(4);
    expect(history.events[0]).toMatchObject({ kind: "pulled", detail: `copied from ${source.storage.location}` });
    expect(await pull(from, to)).toMatchObject({ copied: { records: 0 }, identical: { records: 4 } });
    await source.dispose();
    await target.dispose();
  });
});

describe("pull()", () => {
  it("takes the records that a filter chooses, and no damaged one", async () => {
    const source = openPlace("file");
    const target = memoryStorage();
    for (const key of ["a", "b"]) await write(source.storage, key, { taskName: key });
    const path = join(source.folder, "b");
    writeFileSync(path, readFileSync(path, "utf8").replace(/"b"$/, '"x"'));
    const report = await pull({ storage: source.storage, clock }, { storage: target, clock });
    expect(report.copied.records).toBe(1);
    expect(report.damaged).toEqual([{ key: "b", reason: expect.stringContaining("SHA-256") }]);
    expect(await keysIn(target)).toEqual(["a"]);
    const other = memoryStorage();
    await pull({ storage: source.storage, clock }, { storage: other, clock }, { task: "a" });
    expect(await keysIn(other)).toEqual(["a"]);
    await source.dispose();
  });

  it("makes records of committed transactions count at the target, signed ones too, and takes no others", async () => {
    const [source, target] = [memoryStorage(), memoryStorage()];
    const one = await write(source, "plain", { commit: "c1" });
    const two = await write(source, "signed", { commit: "c1", signature: "of the statement" });
    await write(source, "uncommitted", { commit: "c2" });
    await writeCommitMarker(source, "c1", [one, two]);
    const report = await pull({ storage: source, clock }, { storage: target, clock });
    expect(report).toMatchObject({ copied: { records: 2 }, unusable: { records: 1 } });
    expect((await target.head("plain"))?.commit).toBeUndefined();
    expect((await target.head("signed"))?.commit).toBe("c1");
    const rows = [];
    for await (const { key, status } of list({ storage: target, clock })) rows.push(`${key} ${status}`);
    expect(rows).toEqual(["plain valid", "signed valid"]);
  });

  it("puts values and metadata apart where they are kept so, and together where not", async () => {
    const [source, target, keys] = [memoryStorage(), memoryStorage(), memoryStorage()];
    await write(source, "key");
    await pull({ storage: source, clock }, { storage: target, keyStorage: keys, clock });
    expect(await keysIn(keys)).toEqual(["key"]);
    expect(Buffer.from((await target.values.get("key"))!).toString()).toBe('"key"');
    const back = memoryStorage();
    await pull({ storage: target, keyStorage: keys, clock }, { storage: back, clock });
    await expectContent(back, "key", '"key"');
  });
});
