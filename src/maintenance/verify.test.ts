import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { memoryStorage } from "../index.ts";
import { pattern, put } from "../testing/storage-checks/check.ts";
import { TestClock } from "../testing/test-clock.ts";
import { memoryHistory } from "../../tests/maintenance/memory-history.ts";
import { keysIn, openPlace, type TestPlace, write } from "../../tests/maintenance/places.ts";
import { verify } from "./index.ts";

const clock = new TestClock();
const large = 2_000_000;

let place: TestPlace;
beforeEach(() => {
  place = openPlace("file");
});
afterEach(() => place.dispose());

function damage(file: string): void {
  const path = join(place.folder, file);
  const bytes = readFileSync(path);
  bytes[bytes.length - 3]! ^= 1;
  writeFileSync(path, bytes);
}

describe("verify()", () => {
  it("finds nothing wrong with what is whole, short or long", async () => {
    await write(place.storage, "short");
    await put(place.storage, "long", pattern(large, 1));
    const progress: unknown[] = [];
    const report = await verify({ storage: place.storage, clock }, { onProgress: (each) => progress.push(each) });
    expect(report).toMatchObject({ checked: 2, bytes: large + 7, faults: [], damaged: 0, unknown: 0, removed: 0 });
    expect(progress.at(-1)).toEqual({ done: 2, total: 2, bytes: large + 7 });
  });

  it("tells damaged records from those that only cannot be read here, and removes the damaged ones where it is asked to", async () => {
    const history = memoryHistory();
    for (const key of ["good", "changed", "torn"]) await write(place.storage, key);
    await put(place.storage, "changed-long", pattern(large, 1));
    await put(place.storage, "encrypted", "x", { serializer: "encrypted:0123456789abcdef(json)" });
    await put(place.storage, "strange", "x", { serializer: "of-a-plugin" });
    for (const file of ["changed", "changed-long"]) damage(file);
    writeFileSync(join(place.folder, "torn"), '{"formatVersion":1,');
    writeFileSync(join(place.folder, "newer"), '{"formatVersion":99}\n');
    const target = { storage: place.storage, history, clock };
    const report = await verify(target);
    expect(report).toMatchObject({ checked: 7, damaged: 3, unknown: 3, removed: 0 });
    expect(report.faults.map(({ key, kind }) => `${key} ${kind}`).toSorted()).toEqual([
      "changed damaged",
      "changed-long damaged",
      "encrypted unknown",
      "newer unknown",
      "strange unknown",
      "torn damaged",
    ]);
    expect(history.events).toEqual([]);
    const told: string[] = [];
    expect(await verify(target, { repair: true, onFault: ({ key }) => told.push(key) })).toMatchObject({ removed: 3 });
    expect(told).toHaveLength(6);
    expect(history.events.map(({ kind, key }) => `${kind} ${key}`).toSorted()).toEqual([
      "damaged changed",
      "damaged changed-long",
      "damaged torn",
    ]);
    expect(await keysIn(place.storage)).toEqual(["encrypted", "good", "strange"]);
    expect(existsSync(join(place.folder, "newer"))).toBe(true);
    expect(await verify(target)).toMatchObject({ damaged: 0, unknown: 3 });
  });

  it("reads values that are kept apart from their metadata", async () => {
    const keyStorage = memoryStorage();
    for (const key of ["good", "gone", "changed"]) {
      await write(keyStorage, key);
      await place.storage.values.put(key, [Buffer.from(`"${key}"`)]);
    }
    await place.storage.values.delete("gone");
    await place.storage.values.put("changed", [Buffer.from('"another"')]);
    const report = await verify({ storage: place.storage, keyStorage, clock }, { repair: true });
    expect(report.faults.map(({ key }) => key).toSorted()).toEqual(["changed", "gone"]);
    expect(await keysIn(keyStorage)).toEqual(["good"]);
    expect(readdirSync(place.folder).filter((file) => !file.startsWith("."))).toEqual(["good.value"]);
  });
});
