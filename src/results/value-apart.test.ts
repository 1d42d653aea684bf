import { describe, expect, it } from "vitest";
import {
  all,
  failure,
  keys,
  nothing,
  records,
  seen,
  sizes,
  storeOf,
  watched,
} from "../../tests/fixtures/publications.ts";
import { memoryStorage } from "../storage/memory.ts";
import { publish } from "./publish.ts";

describe.each([true, false])("publish() where metadata are kept apart; with batches: %s", (atomicBatch) => {
  it("uses none before all metadata are there", async () => {
    const [storage, index] = [memoryStorage(), memoryStorage()];
    const looks: Array<Array<number | string>> = [];
    const watch = { after: async () => void looks.push(await seen(storage, index)) };
    const store = storeOf(watched(storage, watch), watched(index, watch, { atomicBatch }));
    const publication = await publish(await records(store, 1));
    expect(looks.at(-1)).toEqual(all(1));
    for (const look of looks.slice(0, -1)) expect(look).toEqual(nothing);
    looks.length = 0;
    await publish(await records(store, 2));
    expect(looks.at(-1)).toEqual(all(2));
    for (const look of looks.slice(0, -1)) expect(look).not.toContain(2);
    expect(await publication.withdraw(), "All of it has been replaced").toEqual([]);
    expect(await seen(storage, index)).toEqual(all(2));
  });

  it("puts values back where anything fails", async () => {
    for (let failing = 0; failing < (atomicBatch ? 7 : 12); failing += 1) {
      const [storage, index] = [memoryStorage(), memoryStorage()];
      await publish((await records(storeOf(storage, index), 1)).slice(0, 2));
      let count = 0;
      const fail = (): void => {
        if (count++ === failing) throw new Error("no");
      };
      const watch = { after: fail };
      const store = storeOf(watched(storage, watch), watched(index, watch, { atomicBatch }));
      const publication = publish(await records(store, 2), { beforePublishing: fail });
      expect((await failure(publication)).errors).toEqual([new Error("no")]);
      const before = [1, 1, "absent", "absent", "absent"];
      expect(await seen(storage, index)).toEqual(failing < 6 ? before : expect.not.arrayContaining([2]));
      for (const [i, key] of keys.entries())
        expect((await storage.values.get(key)) === undefined, `value ${i}`).toBe(i > 1);
    }
  });

  it("takes values back with their metadata, and leaves those of others", async () => {
    const [storage, index] = [memoryStorage(), memoryStorage()];
    const store = storeOf(storage, watched(index, {}, { atomicBatch }));
    const publication = await publish(await records(store, 1));
    const origin = { taskName: "t", taskRunId: "other", durationMs: 1, tags: [], components: {} };
    await store.save({ text: keys[1]!, value: keys[1]! }, { round: 9 }, origin, 5);
    const same = { round: 1, filling: "x".repeat(sizes[2]!) };
    await store.save({ text: keys[2]!, value: keys[2]! }, same, origin, 5);
    expect(await publication.withdraw()).toEqual([]);
    expect(await seen(storage, index)).toEqual(["absent", 9, 1, "absent", "absent"]);
    expect(await storage.values.get(keys[0]!)).toBeUndefined();
  });
});
