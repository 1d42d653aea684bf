import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createStorage, type Driver, prefixStorage } from "unstorage";
import fsDriver from "unstorage/drivers/fs";
import lruCacheDriver from "unstorage/drivers/lru-cache";
import memoryDriver from "unstorage/drivers/memory";
import nullDriver from "unstorage/drivers/null";
import { describe, expect, it, onTestFinished } from "vitest";
import { ConfigurationError, RecordError, StorageError } from "../kernel/errors.ts";
import { listed, metadataFor, pattern } from "../testing/storage-checks/check.ts";
import { storageSuite } from "../testing/storage-suite.ts";
import type { Storage } from "./storage.ts";
import { fromUnstorage, type UnstorageLike } from "./unstorage.ts";

/** A driver that knows texts alone, as most do: unstorage hands it `base64:…`. */
function textDriver(): Driver {
  const texts = new Map<string, string>();
  return {
    name: "text",
    hasItem: (key: string) => texts.has(key),
    getItem: (key: string) => texts.get(key) ?? null,
    setItem: (key: string, value: string) => void texts.set(key, value),
    removeItem: (key: string) => void texts.delete(key),
    getKeys: () => [...texts.keys()],
  };
}

const inMemory: Readonly<Record<string, () => UnstorageLike>> = {
  "the driver memory": () => createStorage({ driver: memoryDriver() }),
  "the driver lru-cache": () => createStorage({ driver: lruCacheDriver({ max: 1000 }) }),
  "a driver that knows texts alone": () => createStorage({ driver: textDriver() }),
  "prefixStorage()": () => prefixStorage(createStorage({ driver: memoryDriver() }), "corner/of its own"),
};

for (const [name, make] of Object.entries(inMemory)) {
  storageSuite({ describe, it }, `fromUnstorage() with ${name}`, () => {
    const storage = make();
    return { storage: fromUnstorage(storage), another: () => fromUnstorage(storage) };
  });
}

for (const part of [undefined, "part"]) {
  storageSuite({ describe, it }, `fromUnstorage() with the driver fs${part ? " and prefixStorage()" : ""}`, () => {
    const folder = mkdtempSync(join(tmpdir(), "oxbow-unstorage-"));
    const all = createStorage({ driver: fsDriver({ base: folder }) });
    const storage = part === undefined ? all : prefixStorage(all, part);
    return {
      storage: fromUnstorage(storage),
      another: () => fromUnstorage(storage),
      dispose: () => rmSync(folder, { recursive: true }),
    };
  });
}

storageSuite(
  { describe, it },
  "fromUnstorage() with two objects of the driver fs, as two processes would have them",
  () => {
    const folder = mkdtempSync(join(tmpdir(), "oxbow-unstorage-"));
    const open = () => fromUnstorage(createStorage({ driver: fsDriver({ base: folder }) }), { location: folder });
    return { storage: open(), another: open, dispose: () => rmSync(folder, { recursive: true }) };
  },
  {
    skip: {
      "A reader beside a writer sees whole records only":
        "the driver writes in place: readers of other processes can meet half of a record, which is a RecordError",
    },
  },
);

async function put(storage: Storage, key: string, content: string | Uint8Array): Promise<boolean> {
  const bytes = Buffer.from(content);
  return storage.put(metadataFor(key, bytes), [bytes]);
}

async function contentOf(storage: Storage, key: string): Promise<string | undefined> {
  const record = await storage.get(key);
  return record && Buffer.from(await record.bytes()).toString();
}

/** A storage of unstorage with some of its methods changed. */
function changed(change: (good: UnstorageLike) => Partial<UnstorageLike>): UnstorageLike {
  const good: UnstorageLike = createStorage({ driver: memoryDriver() });
  return { ...good, ...change(good) };
}

describe("fromUnstorage()", () => {
  it("says what its drivers make likely, and what it is told", () => {
    const memory = createStorage();
    const fs = fsDriver({ base: "/nowhere" });
    expect(fromUnstorage(memory).capabilities.persistent).toBe(false);
    expect(fromUnstorage(createStorage({ driver: lruCacheDriver({}) })).capabilities.persistent).toBe(false);
    expect(fromUnstorage(createStorage({ driver: fs })).capabilities.persistent).toBe(true);
    expect(fromUnstorage(memory, { persistent: true }).capabilities.persistent).toBe(true);
    expect(fromUnstorage(createStorage().mount("cache", fs)).capabilities.persistent).toBe(true);
    const { getMounts: _, ...unknown } = memory;
    expect(fromUnstorage(unknown).capabilities.persistent).toBe(true);
    expect(fromUnstorage(memory).capabilities).toEqual({
      persistent: false,
      putIfAbsent: false,
      atomicBatch: false,
      fencing: false,
      versions: false,
      streams: false,
      list: true,
    });
  });

  it("has the same location for the same storage, and says which drivers it has", () => {
    const memory = createStorage();
    expect(fromUnstorage(memory).location).toMatch(/^unstorage #\d+ \(memory\)$/);
    expect(fromUnstorage(memory).location).toBe(fromUnstorage(memory).location);
    expect(fromUnstorage(memory).location).not.toBe(fromUnstorage(createStorage()).location);
    expect(fromUnstorage(memory, { location: "here" }).location).toBe("here");
  });

  it("refuses what is no storage of unstorage, and options that there are not", () => {
    for (const wrong of [undefined, null, {}, memoryDriver(), new Map()])
      expect(() => fromUnstorage(wrong as never)).toThrow(ConfigurationError);
    expect(() => fromUnstorage(memoryDriver() as never)).toThrow(/this is the driver memory/);
    expect(() => fromUnstorage(createStorage(), { persistant: true } as never)).toThrow(/did you mean "persistent"/);
    expect(() => fromUnstorage(createStorage(), { timeout: 5 as never })).toThrow(ConfigurationError);
  });

  it("leaves open what it was given, and alone what is not its own", async () => {
    let disposed = 0;
    const unstorage = createStorage({ driver: { ...memoryDriver(), dispose: () => void (disposed += 1) } });
    await unstorage.setItem("records:mine", "text");
    await unstorage.setItem("records", { mine: true });
    await unstorage.setItem("other", 1);
    const storage = fromUnstorage(unstorage);
    await put(storage, "key", "content");
    expect(await listed(storage.list())).toEqual(["key"]);
    await storage.close();
    expect(disposed).toBe(0);
    expect((await unstorage.getKeys()).sort()).toEqual(["other", "records", "records:key", "records:mine"]);
  });

  it("keeps records as files that begin with a line of JSON, and values with their checksum", async () => {
    const folder = mkdtempSync(join(tmpdir(), "oxbow-unstorage-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const storage = fromUnstorage(createStorage({ driver: fsDriver({ base: folder }) }));
    await put(storage, "key", "content");
    await storage.values.put("name", [Buffer.from("bytes")]);
    const [line, content] = readFileSync(join(folder, "records/key"), "utf8").split("\n");
    expect(JSON.parse(line!)).toEqual(metadataFor("key", "content"));
    expect(content).toBe("content");
    expect(readFileSync(join(folder, "values/name"), "utf8")).toMatch(
      /^\{"name":"name","size":5,"sha256":"\w+"\}\nbytes$/,
    );
  });
});

describe("What a driver gives back for bytes", () => {
  const ways: Readonly<Record<string, (bytes: Buffer) => unknown>> = {
    "a Buffer": (bytes) => bytes,
    "a Uint8Array": (bytes) => new Uint8Array(bytes),
    "a part of a larger one": (bytes) => new Uint8Array(Buffer.concat([bytes, bytes])).subarray(bytes.length),
    "an ArrayBuffer": (bytes) => new Uint8Array(bytes).buffer,
    "a DataView": (bytes) => new DataView(new Uint8Array(bytes).buffer),
    "a Blob": (bytes) => new Blob([new Uint8Array(bytes)]),
    "base64, marked": (bytes) => `base64:${bytes.toString("base64")}`,
    base64: (bytes) => bytes.toString("base64"),
    "a text of one character per byte": (bytes) => bytes.toString("latin1"),
    "what JSON makes of a Buffer": (bytes) => JSON.parse(JSON.stringify(bytes)) as unknown,
  };
  const binary = pattern(1000, 1);

  it.each(Object.entries(ways))("may be %s", async (_, way) => {
    const storage = fromUnstorage(
      changed((good) => ({
        getItemRaw: async (key) => {
          const item = (await good.getItemRaw(key)) as Buffer | null;
          return item === null ? null : way(item);
        },
      })),
    );
    expect(await storage.get("key")).toBeUndefined();
    for (const content of [Buffer.from("text, é😀"), Buffer.from(binary), Buffer.alloc(0)]) {
      await put(storage, "key", content);
      expect(Buffer.compare(await (await storage.get("key"))!.bytes(), content)).toBe(0);
      await storage.values.put("ключ", [content]);
      expect(Buffer.compare((await storage.values.get("ключ"))!, content)).toBe(0);
    }
    expect(await listed(storage.list())).toEqual(["key"]);
  });

  it("may be a text in UTF-8, as long as that is what it was", async () => {
    const storage = fromUnstorage(
      changed((good) => ({
        getItemRaw: async (key) => ((await good.getItemRaw(key)) as Buffer | null)?.toString() ?? null,
      })),
    );
    await put(storage, "key", "text, é😀");
    expect(await contentOf(storage, "key")).toBe("text, é😀");
    await put(storage, "key", binary);
    await expect(contentOf(storage, "key")).rejects.toThrow(RecordError);
    await storage.values.put("name", [binary]);
    await expect(async () => storage.values.get("name")).rejects.toThrow(RecordError);
  });

  it("that cannot be understood is a RecordError", async () => {
    const unstorage = createStorage();
    const storage = fromUnstorage(unstorage);
    await put(storage, "key", "content");
    await storage.values.put("key", [Buffer.from("content")]);
    for (const nonsense of [
      5,
      true,
      {},
      [],
      new Date(),
      { type: "Buffer", data: ["x"] },
      "",
      "{",
      "text",
      Buffer.of(),
    ]) {
      await unstorage.setItemRaw("records:key", nonsense);
      await unstorage.setItemRaw("values:key", nonsense);
      await expect(contentOf(storage, "key")).rejects.toThrow(RecordError);
      await expect(async () => storage.head("key")).rejects.toThrow(RecordError);
      await expect(async () => storage.values.get("key")).rejects.toThrow(RecordError);
      expect(await listed(storage.list())).toEqual([]);
    }
    await put(storage, "key", "new");
    expect(await contentOf(storage, "key")).toBe("new");
  });

  it("never makes a wrong value, whichever byte is damaged, and wherever it is cut", async () => {
    const unstorage = createStorage();
    const storage = fromUnstorage(unstorage);
    await put(storage, "key", "content");
    await storage.values.put("key", [Buffer.from("content")]);
    for (const [name, read] of [
      ["records:key", () => contentOf(storage, "key")],
      ["values:key", async () => Buffer.from((await storage.values.get("key"))!).toString()],
    ] as const) {
      const whole = (await unstorage.getItemRaw<Buffer>(name)) as Buffer;
      for (let at = 0; at < whole.length; at += 1) {
        const damaged = Buffer.from(whole);
        damaged[at]! ^= 0xff;
        for (const bytes of [damaged, whole.subarray(0, at)]) {
          await unstorage.setItemRaw(name, bytes);
          const outcome = await read().catch((error: unknown) => error);
          if (outcome !== "content") expect(outcome, `${name}, byte ${at}`).toBeInstanceOf(RecordError);
        }
      }
    }
  });

  it("may be an error that it has met, which is a StorageError", async () => {
    const folder = mkdtempSync(join(tmpdir(), "oxbow-unstorage-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const storage = fromUnstorage(createStorage({ driver: fsDriver({ base: folder }) }));
    writeFileSync(join(folder, "records"), "a file in place of the folder");
    await expect(storage.get("key")).rejects.toThrow(/ENOTDIR/);
    await expect(put(storage, "key", "x")).rejects.toThrow(StorageError);
  });

  it("may be a stumble over what is not there", async () => {
    const broken = changed(() => ({ getItemRaw: () => Promise.reject(new TypeError("null has no _data")) }));
    expect(await fromUnstorage(broken).get("key")).toBeUndefined();
    await broken.setItemRaw("records:key", Buffer.from("x"));
    await expect(fromUnstorage(broken).get("key")).rejects.toThrow(StorageError);
  });

  it("may come back torn from a file that another process is writing", async () => {
    const folder = mkdtempSync(join(tmpdir(), "oxbow-unstorage-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const storage = fromUnstorage(createStorage({ driver: fsDriver({ base: folder }) }));
    await put(storage, "key", pattern(100_000, 1));
    truncateSync(join(folder, "records/key"), 50_000);
    await expect(contentOf(storage, "key")).rejects.toThrow(RecordError);
    mkdirSync(join(folder, "records/folder"));
    expect(await storage.get("folder")).toBeUndefined();
  });
});

describe("A write that a driver loses", () => {
  it("is a StorageError where nothing is there afterwards", async () => {
    const folder = mkdtempSync(join(tmpdir(), "oxbow-unstorage-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    for (const driver of [
      nullDriver(undefined),
      fsDriver({ base: folder, readOnly: true }),
      lruCacheDriver({ maxSize: 100, max: 10 }),
    ]) {
      const storage = fromUnstorage(createStorage({ driver }));
      await expect(put(storage, "key", "x".repeat(200))).rejects.toThrow(/is not there after it was written/);
      await expect(async () => storage.values.put("key", [Buffer.alloc(200)])).rejects.toThrow(StorageError);
    }
  });

  it("is one, too, where earlier ones were kept", async () => {
    const storage = fromUnstorage(createStorage({ driver: lruCacheDriver({ maxSize: 10_000, max: 10 }) }));
    await put(storage, "key", "x");
    await put(storage, "key", "y");
    await expect(put(storage, "key", "x".repeat(20_000))).rejects.toThrow(StorageError);
    await put(storage, "key", "y");
  });

  it("is one where the first write comes back as something else", async () => {
    const storage = fromUnstorage(
      changed((good) => ({ setItemRaw: (key, value) => good.setItemRaw(key, Buffer.from(value.subarray(0, -1))) })),
    );
    await expect(put(storage, "key", "x")).rejects.toThrow(/did not come back as it was written/);
    await expect(async () => storage.values.put("key", [Buffer.from("x")])).rejects.toThrow(StorageError);
  });

  it("is none where another process has written since", async () => {
    const unstorage = changed((good) => ({
      setItemRaw: async (key, value) => {
        await good.setItemRaw(key, value);
        const other = metadataFor("key", "other");
        await good.setItemRaw(key, Buffer.from(`${JSON.stringify(other)}\nother`));
      },
    }));
    const storage = fromUnstorage(unstorage);
    expect(await put(storage, "key", "mine")).toBe(true);
    expect(await contentOf(storage, "key")).toBe("other");
  });

  it("is not looked for where that is not wanted", async () => {
    const storage = fromUnstorage(createStorage({ driver: nullDriver(undefined) }), { verifyWrites: false });
    expect(await put(storage, "key", "x")).toBe(true);
  });

  it("costs one request more, the first time the record once more", async () => {
    const calls: string[] = [];
    const unstorage = changed((good) => {
      const counted =
        <A extends unknown[], R>(name: string, work: (...args: A) => R) =>
        (...args: A): R => {
          calls.push(name);
          return work(...args);
        };
      return {
        getItemRaw: counted("get", good.getItemRaw),
        setItemRaw: counted("set", good.setItemRaw),
        hasItem: counted("has", good.hasItem),
      };
    });
    const storage = fromUnstorage(unstorage);
    await put(storage, "one", "x");
    await put(storage, "two", "x");
    await storage.get("two");
    expect(calls).toEqual(["set", "get", "set", "has", "get"]);
  });
});

describe("A driver that fails", () => {
  const message = 'FetchError: [GET] "https://user:secret@example.com/a?token=secret": 500 Server Error';
  const failing = changed(() => {
    const fail = () => Promise.reject(Object.assign(new Error(message), { request: "Bearer secret" }));
    return { getItemRaw: fail, setItemRaw: fail, hasItem: fail, removeItem: fail, getKeys: fail };
  });

  it("is a StorageError for every operation, without credentials", async () => {
    const storage = fromUnstorage(failing);
    for (const work of [
      () => storage.get("key"),
      () => storage.head("key"),
      () => put(storage, "key", "x"),
      () => storage.put(metadataFor("key", "x"), [Buffer.from("x")], { ifAbsent: true }),
      () => storage.delete("key"),
      () => listed(storage.list()),
      () => storage.values.get("key"),
      () => storage.values.put("key", []),
      () => storage.values.delete("key"),
    ]) {
      const error: unknown = await (async () => work())().catch((error: unknown) => error);
      expect(error).toBeInstanceOf(StorageError);
      expect(error).toMatchObject({
        message: expect.stringContaining('[GET] "https://example.com/a": 500 Server Error'),
      });
      expect(JSON.stringify([String(error), (error as Error).cause, error])).not.toContain("secret");
    }
  });

  it("is one, too, where it never answers", async () => {
    const storage = fromUnstorage(
      changed(() => ({ getItemRaw: () => new Promise(() => undefined) })),
      { timeout: "20ms" },
    );
    await expect(storage.get("key")).rejects.toThrow(/has not answered within 20 ?ms/);
    await expect(put(storage, "key", "x")).rejects.toThrow(StorageError);
  });

  it("may throw at once", async () => {
    const storage = fromUnstorage(
      changed(() => ({
        getItemRaw: () => {
          throw new Error("at once");
        },
      })),
    );
    await expect(storage.get("key")).rejects.toThrow(StorageError);
  });
});
