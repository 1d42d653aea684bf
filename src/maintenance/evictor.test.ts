import { existsSync, rmSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { memoryStorage } from "../index.ts";
import type { RecordMetadata, Storage } from "../storage/storage.ts";
import { TestClock } from "../testing/test-clock.ts";
import { memoryHistory } from "../../tests/maintenance/memory-history.ts";
import { keysIn, openPlace, write } from "../../tests/maintenance/places.ts";
import { Evictor, type EvictorOptions, why } from "./index.ts";

const minute = 60_000;
const value = "x".repeat(998);
const each = 1512;

interface Scene {
  readonly clock: TestClock;
  readonly evictor: Evictor;
  /** Writes a record as a task does. */
  store(key: string, more?: Partial<RecordMetadata>): Promise<void>;
}

function scene(storage: Storage, options: Partial<EvictorOptions> = {}): Scene {
  const clock = new TestClock();
  const evictor = new Evictor({ storage, clock, ...options });
  const store = async (key: string, more: Partial<RecordMetadata> = {}): Promise<void> => {
    const { size } = await write(storage, key, { createdAt: clock.now(), value, ...more });
    evictor.noteWrite(size);
  };
  return { clock, evictor, store };
}

/** Time, and as many turns of the event loop as the work takes. */
async function pass(clock: TestClock, ms: number): Promise<void> {
  await clock.advance(ms);
  for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
}

describe("Evictor", () => {
  it("looks two seconds after the first write, and goes down to 90 % of what may stay", async () => {
    const storage = memoryStorage();
    const history = memoryHistory();
    const evicted: string[] = [];
    const { clock, store } = scene(storage, {
      maxSize: 10 * each,
      history,
      onEvicted: (key, reason) => evicted.push(`${key} ${reason}`),
    });
    for (let i = 0; i < 12; i++) {
      await store(`key ${i}`);
      await clock.advance(1);
    }
    await pass(clock, 1900);
    expect(await keysIn(storage)).toHaveLength(12);
    await pass(clock, 200);
    expect(await keysIn(storage)).toHaveLength(9);
    expect(evicted).toEqual(["key 0 maxSize", "key 1 maxSize", "key 2 maxSize"]);
    expect(history.events).toMatchObject([{ kind: "evicted" }, {}, {}]);
    await clock.advance(3 * 60 * minute);
    const lines = (await why({ storage, history, clock }, "key 0"))?.lines;
    expect(lines?.[0]).toMatch(/^A record of this key was evicted 3 h ago \(cache\.maxSize/);
  });

  it("looks again once a twentieth was written, and else every ten minutes if anything was", async () => {
    const storage = memoryStorage();
    const { clock, store } = scene(storage, { maxSize: 40 * each, maxAge: "5 minutes" });
    const looks: number[] = [];
    const { list } = storage;
    storage.list = (options) => {
      looks.push(clock.now() - begun);
      return list.call(storage, options);
    };
    const begun = clock.now();
    await store("first");
    await pass(clock, 2000);
    expect(looks).toEqual([2000]);
    await store("second");
    await pass(clock, 1000);
    expect(looks).toHaveLength(1);
    await store("third");
    await pass(clock, 0);
    expect(looks).toEqual([2000, 3000]);
    await store("fourth");
    await pass(clock, 9 * minute);
    expect(looks).toHaveLength(2);
    await pass(clock, 2 * minute);
    expect(looks).toHaveLength(3);
    await pass(clock, 24 * 60 * minute);
    expect(looks).toHaveLength(3);
    expect(await keysIn(storage)).toEqual([]);
  });

  it("leaves the looking to another process that has just done it", async () => {
    const place = openPlace("sqlite");
    const one = scene(place.storage, { maxAge: "1 minute" });
    await one.store("old", { createdAt: one.clock.now() - 2 * minute });
    await one.store("new");
    await pass(one.clock, 2000);
    expect(await keysIn(place.storage)).toEqual(["new"]);
    const two = scene(place.another(), { maxAge: "1 minute" });
    await two.clock.advance(3000);
    await two.store("old", { createdAt: one.clock.now() - 2 * minute });
    await pass(two.clock, 5 * minute);
    expect(await keysIn(place.storage)).toEqual(["new", "old"]);
    await pass(two.clock, 6 * minute);
    expect(await keysIn(place.storage)).toEqual([]);
    await two.evictor.stop();
    await place.dispose();
  });

  it("tells what fails, and tries again later; nothing is planned once it is stopped", async () => {
    const storage = memoryStorage();
    const errors: unknown[] = [];
    const { clock, store, evictor } = scene(storage, { maxAge: "1ms", onError: (error) => errors.push(error) });
    const { list } = storage;
    storage.list = () => {
      throw new Error("out of reach");
    };
    await store("key");
    await pass(clock, 2000);
    expect(errors).toEqual([expect.objectContaining({ message: "out of reach" })]);
    storage.list = list;
    await store("other");
    await pass(clock, 9 * minute);
    expect(await keysIn(storage)).toHaveLength(2);
    await pass(clock, 2 * minute);
    expect(await keysIn(storage)).toEqual([]);
    await store("last");
    await evictor.stop();
    expect(clock.pending).toBe(0);
    await store("after");
    expect(clock.pending).toBe(0);
  });

  it("does not make a place anew that has gone", async () => {
    const place = openPlace("sqlite");
    const { clock, store, evictor } = scene(place.storage, { maxAge: "1 minute" });
    await store("key");
    await place.storage.close();
    rmSync(place.folder, { recursive: true });
    await pass(clock, 2000);
    expect(existsSync(place.folder)).toBe(false);
    await evictor.stop();
  });

  it("is off where records cannot be listed", async () => {
    const storage = memoryStorage();
    Object.assign(storage, { capabilities: { ...storage.capabilities, list: false } });
    const { clock, store } = scene(storage, { maxSize: 1 });
    await store("key");
    expect(clock.pending).toBe(0);
  });
});
