import { describe, expect, it } from "vitest";
import { MissingResultError, StorageError } from "../kernel/errors.ts";
import { json } from "../serializers/json.ts";
import { memoryStorage } from "../storage/memory.ts";
import type { RecordMetadata, Storage } from "../storage/storage.ts";
import { metadataFor } from "../testing/storage-checks/check.ts";
import { commitMarkerName, counts, isKnownToCount, removeCommitMarker, writeCommitMarker } from "./commit-marker.ts";
import { ResultStore } from "./result-store.ts";

const id = "5f0c1d2e-0000-4000-8000-000000000000";
const marker = commitMarkerName(id);
const key = { text: "key", value: "key" };

/** A storage that counts how often its values are read, and fails when it is told to. */
function counting(good: Storage): { storage: Storage; reads: () => number; fail: (error?: Error) => void } {
  let reads = 0;
  let failure: Error | undefined;
  const values = {
    get: (name: string) => {
      reads += 1;
      if (failure) throw failure;
      return good.values.get(name);
    },
    put: good.values.put.bind(good.values),
    delete: good.values.delete.bind(good.values),
  };
  const storage = new Proxy(good, {
    get(target, name) {
      if (name === "values") return values;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  return { storage, reads: () => reads, fail: (error) => void (failure = error) };
}

async function put(storage: Storage, ...keys: string[]): Promise<void> {
  const content = Buffer.from("1");
  for (const key of keys) await storage.put(metadataFor(key, content, { commit: id }), [content]);
}

const commit = async (storage: Storage): Promise<void> => storage.values.put(marker, [Buffer.from("{}")]);
const storeOf = (storage: Storage, keyStorage?: Storage): ResultStore =>
  new ResultStore({ storage, keyStorage, serializer: json() });

describe("A record whose transaction has no marker", () => {
  it("is absent for every kind of reader, with the reason in words", async () => {
    const storage = memoryStorage();
    const store = storeOf(storage);
    await put(storage, "key");
    const lookup = await store.lookUp(key, 0);
    expect(lookup).toMatchObject({ kind: "absent", expired: false, uncommitted: true });
    expect(lookup.kind === "absent" && lookup.reason()).toBe(
      "the record belongs to a transaction that has not been committed",
    );
    expect(await store.exists("key")).toBe(false);
    expect(await store.stat("key")).toBeUndefined();
    expect(await keysOf(store)).toEqual([]);
    await expect(store.read("key")).rejects.toThrow(MissingResultError);
  });

  it("counts from the moment on when the marker is there", async () => {
    const storage = memoryStorage();
    const store = storeOf(storage);
    await put(storage, "key", "other");
    await storage.put(metadataFor("plain", "1"), [Buffer.from("1")]);
    expect(await keysOf(store)).toEqual(["plain"]);
    await commit(storage);
    expect(await store.lookUp(key, 0)).toMatchObject({ kind: "found", value: 1 });
    expect(await store.exists("key")).toBe(true);
    expect((await store.stat("key"))?.commit).toBe(id);
    expect(await keysOf(store)).toEqual(["key", "other", "plain"]);
    expect(await store.read("other")).toBe(1);
  });

  it("is replaced like any other", async () => {
    const storage = memoryStorage();
    const store = storeOf(storage);
    await put(storage, "key");
    await store.write("key", 2);
    expect(await store.read("key")).toBe(2);
  });

  it("does not stand for a value that is kept apart and whose metadata are gone", async () => {
    const [storage, index] = [memoryStorage(), memoryStorage()];
    const store = storeOf(storage, index);
    await storage.values.put("key", [Buffer.from("1")]);
    expect(await store.read("key")).toBe(1);
    await index.put(metadataFor("key", "1", { commit: id }), []);
    await expect(store.read("key")).rejects.toThrow("has not been committed");
    await commit(index);
    expect(await store.read("key")).toBe(1);
  });
});

describe("A marker", () => {
  it("is read once per transaction and storage, and not at all by who wrote it", async () => {
    const { storage, reads } = counting(memoryStorage());
    const store = storeOf(storage);
    await put(storage, "key", "other");
    for (const expected of [1, 2]) {
      await store.lookUp(key, 0);
      expect(reads(), "One that is not there is asked for again").toBe(expected);
    }
    await commit(storage);
    for (let i = 0; i < 3; i += 1) {
      expect(await store.exists("key")).toBe(true);
      expect(await storeOf(storage).read("other")).toBe(1);
      expect(await keysOf(store)).toEqual(["key", "other"]);
    }
    expect(reads()).toBe(3);
    await writeCommitMarker(storage, "mine", [metadataFor("mine", "1")]);
    await storage.put(metadataFor("mine", "1", { commit: "mine" }), [Buffer.from("1")]);
    expect(await store.read("mine")).toBe(1);
    expect(reads()).toBe(3);
  });

  it("that cannot be read is a lookup that failed, not a record that is absent", async () => {
    const { storage, fail } = counting(memoryStorage());
    const store = storeOf(storage);
    await put(storage, "key");
    await commit(storage);
    const error = new StorageError("no");
    fail(error);
    expect(await store.lookUp(key, 0)).toEqual({ kind: "failed", error });
    await expect(store.read("key")).rejects.toBe(error);
    await expect(store.exists("key")).rejects.toBe(error);
    await expect(store.stat("key")).rejects.toBe(error);
    await expect(keysOf(store)).rejects.toBe(error);
    fail();
    expect(await store.read("key")).toBe(1);
  });

  it("that is removed takes its records out of memory too", async () => {
    const storage = memoryStorage();
    const store = storeOf(storage);
    await put(storage, "key");
    await commit(storage);
    expect(await store.read("key")).toBe(1);
    await removeCommitMarker(storage, id);
    expect(await store.lookUp(key, 0)).toMatchObject({ kind: "absent", uncommitted: true });
    await commit(storage);
    expect(await store.read("key")).toBe(1);
  });

  it("lists the keys, for people", async () => {
    const storage = memoryStorage();
    await writeCommitMarker(storage, id, [metadataFor("a", "1"), metadataFor("b", "1", { createdAt: 5 })]);
    expect(Buffer.from((await storage.values.get(marker))!).toString()).toBe(
      '{"keys":["a","b"],"createdAt":1767225600000}\n',
    );
  });

  it("is asked of the storage where the record is", async () => {
    const [one, other] = [memoryStorage(), memoryStorage()];
    const metadata = metadataFor("key", "1", { commit: id });
    await commit(one);
    expect([await counts(one, metadata), await counts(other, metadata)]).toEqual([true, false]);
    expect([isKnownToCount(one, metadata), isKnownToCount(other, metadata)]).toEqual([true, false]);
  });

  it("is forgotten for others at last, so that memory does not grow", async () => {
    const storage = memoryStorage();
    const of = (i: number): RecordMetadata => metadataFor("key", "1", { commit: `id ${i}` });
    for (let i = 0; i <= 10_000; i += 1) await writeCommitMarker(storage, `id ${i}`, [of(i)]);
    expect([0, 1, 10_000].map((i) => isKnownToCount(storage, of(i)))).toEqual([false, true, true]);
    expect(await counts(storage, of(0))).toBe(true);
  });
});

async function keysOf(store: ResultStore): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list()) keys.push(key);
  return keys;
}
