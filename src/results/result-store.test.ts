import { describe, expect, it } from "vitest";
import { MissingResultError, memoryStorage, ResultStore, type Storage } from "../index.ts";
import { json } from "../serializers/index.ts";
import { TestClock } from "../testing/index.ts";

function make(more: { keyStorage?: Storage } = {}) {
  const clock = new TestClock();
  const storage = memoryStorage();
  return { clock, storage, store: new ResultStore({ storage, serializer: json(), clock, ...more }) };
}

describe("a result store", () => {
  it("writes, reads, tells, lists and deletes by key", async () => {
    const { store } = make();
    await store.write("b", { n: 1 });
    await store.write("a", [1, new Date(0)]);
    expect(await store.read("b")).toEqual({ n: 1 });
    expect(await store.exists("a")).toBe(true);
    expect((await store.stat("a"))?.serializer).toBe("json");
    const keys: string[] = [];
    for await (const { key } of store.list()) keys.push(key);
    expect(keys).toEqual(["a", "b"]);
    expect(await store.delete("a")).toBe(true);
    expect(await store.delete("a")).toBe(false);
    await expect(store.read("a")).rejects.toThrow(MissingResultError);
  });

  it("does not use a record from its expiry on, and still knows of it", async () => {
    const { store, clock } = make();
    await store.write("k", 1, { expiration: "1h" });
    await clock.advance(3_599_999);
    expect(await store.exists("k")).toBe(true);
    await clock.advance(1);
    expect(await store.exists("k")).toBe(false);
    await expect(store.read("k")).rejects.toThrow("the record expired 0 ms ago");
    expect((await store.stat("k"))?.key).toBe("k");
  });

  it("reads a value whose key is gone, where keys are kept apart", async () => {
    const keyStorage = memoryStorage();
    const { store } = make({ keyStorage });
    await store.write("k", { n: 1 });
    await keyStorage.delete("k");
    expect(await store.exists("k")).toBe(false);
    expect(await store.read("k")).toEqual({ n: 1 });
  });

  it("hands out values that share nothing", async () => {
    const { store } = make();
    const value = { list: [1], bytes: new Uint8Array([1, 2]) };
    await store.write("k", value);
    value.list.push(2);
    for (let n = 0; n < 3; n++) {
      const read = (await store.read("k")) as typeof value;
      expect(read).toEqual({ list: [1], bytes: new Uint8Array([1, 2]) });
      read.list.push(9);
      read.bytes[0] = 9;
    }
  });

  it.each([[""], ["x".repeat(10_001)], ["\ud800"], [5 as never]])("has no key %o", async (key) => {
    const { store } = make();
    for (const attempt of [store.write(key, 1), store.read(key), store.stat(key), store.delete(key)]) {
      await expect(attempt).rejects.toThrow("A result store has no key that is");
    }
  });

  it("needs a storage and a serializer", () => {
    expect(() => new ResultStore({} as never)).toThrow("A ResultStore needs a storage");
    expect(() => new ResultStore({ storage: memoryStorage() } as never)).toThrow("A ResultStore needs a serializer");
  });
});
