import { beforeEach, describe, expect, it } from "vitest";
import { Bucket, MemoryObjects } from "../../../tests/fixtures/memory-objects.ts";
import type { ByteSource } from "../../kernel/byte-source.ts";
import { collect } from "../../kernel/byte-source.ts";
import { ConfigurationError, LockError, RecordError, StorageError } from "../../kernel/errors.ts";
import { memoryLocks } from "../../locks/memory.ts";
import { listed, metadataFor, pattern } from "../../testing/storage-checks/check.ts";
import { storageSuite } from "../../testing/storage-suite.ts";
import type { RecordMetadata, Storage } from "../storage.ts";
import { objectStorage } from "./object-storage.ts";

storageSuite({ describe, it }, "objectStorage() with conditions", () => {
  const bucket = new Bucket();
  const open = () => objectStorage(new MemoryObjects(bucket));
  return { storage: open(), another: open };
});

storageSuite({ describe, it }, "objectStorage() with locks in place of conditions", () => {
  const bucket = new Bucket();
  const locks = memoryLocks();
  const open = () => objectStorage(withoutConditions(new MemoryObjects(bucket)), { locks });
  return { storage: open(), another: open, dispose: () => locks.close() };
});

const mib = 1024 * 1024;
const large = 3 * mib;
let medium: MemoryObjects;
let storage: Storage;

beforeEach(() => {
  medium = new MemoryObjects();
  storage = objectStorage(medium);
});

function withoutConditions(medium: MemoryObjects): MemoryObjects {
  return Object.assign(medium, { hasConditions: false, likelyConditions: false });
}

async function put(key: string, bytes: Uint8Array, more?: Partial<RecordMetadata>): Promise<boolean> {
  return storage.put(metadataFor(key, bytes, more), [bytes]);
}

async function bytesOf(key: string): Promise<Uint8Array | undefined> {
  return (await storage.get(key))?.bytes();
}

async function streamOf(key: string): Promise<Uint8Array | undefined> {
  const record = await storage.get(key);
  return record && collect(record.stream!());
}

/** The requests of some work. */
async function requestsOf(work: () => unknown): Promise<string[]> {
  medium.requests.length = 0;
  await work();
  return medium.requests.map((request) => request.split(" ")[0]!);
}

/** Bytes as a source, in chunks of 100,000. */
function sourceOf(bytes: Uint8Array, size: number = bytes.byteLength): ByteSource {
  return {
    size,
    async *chunks() {
      for (let at = 0; at < bytes.byteLength; at += 100_000) yield bytes.slice(at, at + 100_000);
    },
  };
}

describe("The requests of objectStorage()", () => {
  it("are one for a small record, whatever is done with it", async () => {
    for (const size of [0, 100, mib - 2000]) {
      expect(await requestsOf(() => storage.get("key"))).toEqual(["begin"]);
      expect(await requestsOf(() => put("key", pattern(size, 1)))).toEqual(["write"]);
      expect(await requestsOf(() => bytesOf("key"))).toEqual(["begin"]);
      expect(await requestsOf(() => streamOf("key"))).toEqual(["begin"]);
      expect(await requestsOf(() => storage.head("key"))).toEqual(["begin"]);
      expect(await requestsOf(() => storage.delete("key"))).toEqual(["begin", "remove"]);
      expect(await requestsOf(() => storage.delete("key"))).toEqual(["begin"]);
    }
  });

  it("are two for the payload of a large record, and one for its metadata", async () => {
    expect(await requestsOf(() => put("key", pattern(large, 1)))).toEqual(["write"]);
    expect(await requestsOf(() => storage.get("key"))).toEqual(["begin"]);
    expect(await requestsOf(() => bytesOf("key"))).toEqual(["begin", "rest"]);
    expect(await requestsOf(() => streamOf("key"))).toEqual(["begin", "rest"]);
    expect(await requestsOf(() => storage.head("key"))).toEqual(["begin"]);
  });

  it("are more where the metadata are longer than anybody's", async () => {
    const components = Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`inputs.${i}`, "0123456789abcdef"]));
    await put("key", pattern(10, 1), { components });
    expect(await requestsOf(() => storage.head("key"))).toEqual(["begin", "begin"]);
    expect(await storage.head("key")).toEqual(metadataFor("key", pattern(10, 1), { components }));
  });

  it("are one with ifAbsent, and two with a fencing token", async () => {
    const write = (fence?: number, ifAbsent = false) => {
      const metadata = metadataFor("key", "x", fence === undefined ? {} : { fence });
      return storage.put(metadata, [Buffer.from("x")], { ifAbsent });
    };
    expect(await requestsOf(() => write(undefined, true))).toEqual(["write"]);
    expect(await requestsOf(() => write(1, true))).toEqual(["write"]);
    expect(await requestsOf(() => write(1))).toEqual(["begin", "write"]);
  });

  it("of a list are one for each record, eight at once, and a few in advance", async () => {
    for (let i = 100; i < 350; i += 1) await put(`${i}`, pattern(10, i));
    medium.mostRunning = 0;
    const all = await requestsOf(() => listed(storage.list()));
    expect(all.filter((request) => request === "begin")).toHaveLength(250);
    expect(all.filter((request) => request === "list")).toHaveLength(4);
    expect(medium.mostRunning).toBe(8);
    const first = await requestsOf(async () => {
      for await (const { key } of storage.list()) {
        expect(key).toBe("100");
        break;
      }
    });
    expect(first.length).toBeLessThanOrEqual(10);
    const page = await requestsOf(async () =>
      expect(await listed(storage.list({ after: "340", prefix: "3" }))).toHaveLength(9),
    );
    expect(page.filter((request) => request === "begin")).toHaveLength(9);
  });
});

describe("The objects of objectStorage()", () => {
  it("are named by their keys where these are good names, and begin with a line of JSON", async () => {
    await put("task/ab12", Buffer.from("payload\nin two lines"));
    await put("../etc", Buffer.from("x"));
    await storage.values.put("task/ab12", [Buffer.from("value")]);
    await storage.values.put("ключ", [Buffer.from("value")]);
    await storage.files!.write("reports/a b.csv", [Buffer.from("a,b\n")]);
    expect([...medium.bucket.objects.keys()].sort()).toEqual([
      "files/reports/a!20b.csv",
      expect.stringMatching(/^hashed\/[0-9a-f]{64}$/),
      "records/task/ab12",
      expect.stringMatching(/^values\/h\/[0-9a-f]{64}$/),
      "values/v/task/ab12",
    ]);
    const [line, ...rest] = Buffer.from(medium.bucket.objects.get("records/task/ab12")!.bytes).toString().split("\n");
    expect(JSON.parse(line!)).toEqual(metadataFor("task/ab12", "payload\nin two lines"));
    expect(rest.join("\n")).toBe("payload\nin two lines");
  });

  it("that are no records are passed over by a list", async () => {
    await put("key", Buffer.from("x"));
    await put("odd key", Buffer.from("x"));
    const { objects } = medium.bucket;
    medium.bucket.set("records/README", Buffer.from("not a record\n"));
    medium.bucket.set("records/folder/", Buffer.from(""));
    medium.bucket.set("records/other", objects.get("records/key")!.bytes);
    medium.bucket.set(`hashed/${"0".repeat(64)}`, [...objects].find(([name]) => name.startsWith("hashed/"))![1].bytes);
    expect(await listed(storage.list())).toEqual(["key", "odd key"]);
  });

  it("that vanish while a list runs are passed over", async () => {
    for (let i = 10; i < 40; i += 1) await put(`${i}`, pattern(10, i));
    const seen: string[] = [];
    for await (const { key } of storage.list()) {
      seen.push(key);
      medium.bucket.objects.delete("records/30");
    }
    expect(seen).toHaveLength(29);
  });
});

describe("A stream of objectStorage()", () => {
  it("goes in and out without being in memory as a whole", async () => {
    const bytes = pattern(large, 1);
    for (const payload of [sourceOf(bytes), [bytes]]) {
      expect(await storage.put(metadataFor("key", bytes), payload)).toBe(true);
      expect(Buffer.compare((await streamOf("key"))!, bytes)).toBe(0);
      expect(Buffer.compare((await bytesOf("key"))!, bytes)).toBe(0);
    }
  });

  it("of no bytes is one, too", async () => {
    await storage.put(metadataFor("key", ""), sourceOf(new Uint8Array(0)));
    expect(await streamOf("key")).toEqual(new Uint8Array(0));
  });

  it("asks for the rest only when it is reached, and is closed by whoever stops early", async () => {
    await put("key", pattern(large, 1));
    const record = (await storage.get("key"))!;
    for await (const chunk of record.stream!()) {
      expect(chunk.byteLength).toBeGreaterThan(mib - 2000);
      break;
    }
    expect(medium.streamed).toBe(0);
    let pieces = 0;
    for await (const _ of record.stream!()) if ((pieces += 1) === 3) break;
    expect(medium.streamed).toBe(2 * 64 * 1024);
    expect(medium.openStreams).toBe(0);
  });

  it("from a source that is shorter or longer than it says is refused, and changes nothing", async () => {
    const bytes = pattern(500_000, 1);
    for (const size of [499_999, 500_001]) {
      const metadata = { ...metadataFor("key", bytes), size };
      await expect(storage.put(metadata, sourceOf(bytes, size))).rejects.toThrow(StorageError);
    }
    await expect(storage.put(metadataFor("key", bytes), sourceOf(bytes, 7))).rejects.toThrow(StorageError);
    expect(medium.bucket.objects.size).toBe(0);
  });

  it("of a value and of a file is there, too", async () => {
    const bytes = pattern(large, 1);
    await storage.values.put("name", sourceOf(bytes));
    await storage.files!.write("name", sourceOf(bytes));
    expect(Buffer.compare(await collect((await storage.values.open!("name"))!), bytes)).toBe(0);
    expect(Buffer.compare((await storage.values.get("name"))!, bytes)).toBe(0);
    const file = (await storage.files!.find("name"))!;
    expect(Buffer.compare(await collect(file.stream()), bytes)).toBe(0);
    expect(await storage.values.open!("nothing")).toBeUndefined();
  });
});

describe("A large record of objectStorage()", () => {
  const first = pattern(large, 1);
  const readers = [bytesOf, streamOf] as const;

  beforeEach(() => put("key", first));

  it("that is replaced or removed between its two requests is a RecordError", async () => {
    const another = await objectOf(pattern(large, 2));
    for (const read of readers) {
      for (const change of [() => medium.bucket.set("records/key", another), () => medium.bucket.objects.clear()]) {
        await put("key", first);
        medium.beforeRest = change;
        await expect(read("key")).rejects.toThrow(/was replaced or removed while it was read/);
        medium.beforeRest = () => undefined;
      }
    }
  });

  it("whose connection breaks is a StorageError", async () => {
    for (const read of readers) {
      for (const after of [0, 1, 65_536, 1_000_000, 2 * mib]) {
        medium.cut = { after, how: "error" };
        await expect(read("key"), `after ${after} bytes`).rejects.toThrow(StorageError);
      }
    }
  });

  it("that ends too early, without anybody saying so, is a RecordError in place of the end", async () => {
    for (const read of readers) {
      for (const after of [0, 1, 65_536, 1_000_000, 2 * mib]) {
        medium.cut = { after, how: "silently" };
        await expect(read("key"), `after ${after} bytes`).rejects.toThrow(RecordError);
      }
    }
  });

  it("whose store fails at any request is a StorageError, and is there afterwards", async () => {
    for (const read of readers) {
      medium.failures = 1;
      await expect(read("key")).rejects.toThrow(StorageError);
      medium.beforeRest = () => (medium.failures = 1);
      await expect(read("key")).rejects.toThrow(StorageError);
      medium.beforeRest = () => undefined;
      expect(Buffer.compare((await read("key"))!, first)).toBe(0);
    }
  });

  it("never gives more bytes than it has, and an error for any byte that is not its own", async () => {
    const whole = medium.bucket.objects.get("records/key")!.bytes;
    const header = Buffer.from(whole).indexOf(0x0a) + 1;
    for (const damaged of [
      Buffer.concat([whole, Buffer.from("x")]),
      whole.subarray(0, -1),
      whole.subarray(0, header + 10),
      changed(whole, header),
      changed(whole, header + 2 * mib),
      changed(whole, whole.length - 1),
    ]) {
      medium.bucket.set("records/key", damaged);
      let given = 0;
      const stream = (async () => {
        for await (const chunk of (await storage.get("key"))!.stream!()) given += chunk.byteLength;
      })();
      await expect(stream).rejects.toThrow(RecordError);
      expect(given).toBeLessThanOrEqual(large);
      await expect(bytesOf("key")).rejects.toThrow(RecordError);
    }
  });

  async function objectOf(bytes: Uint8Array): Promise<Uint8Array> {
    await put("key", bytes);
    return medium.bucket.objects.get("records/key")!.bytes;
  }
});

function changed(bytes: Uint8Array, at: number): Uint8Array {
  const copy = new Uint8Array(bytes);
  copy[at]! ^= 0xff;
  return copy;
}

describe("A damaged object of objectStorage()", () => {
  it("never gives a wrong value, whichever byte is damaged, and wherever it is cut", async () => {
    await put("key", Buffer.from("content"));
    const { bytes } = medium.bucket.objects.get("records/key")!;
    for (let at = 0; at < bytes.length; at += 1) {
      for (const damaged of [changed(bytes, at), bytes.subarray(0, at)]) {
        medium.bucket.set("records/key", damaged);
        for (const read of [bytesOf, streamOf]) {
          const outcome = await read("key").then(
            (found) => Buffer.from(found!).toString(),
            (error: unknown) => error,
          );
          // A letter of a task's name may change unnoticed; the value may not.
          if (outcome !== "content") expect(outcome, `byte ${at}`).toBeInstanceOf(RecordError);
        }
      }
    }
  });

  it("without any line of metadata is given up, also where it is large", async () => {
    medium.bucket.set("records/key", new Uint8Array(20 * mib));
    await expect(storage.get("key")).rejects.toThrow(/does not begin with a line of metadata/);
    await expect(storage.head("key")).rejects.toThrow(RecordError);
    expect(await listed(storage.list())).toEqual([]);
  });

  it("is replaced by any writer, whatever its fencing token was", async () => {
    for (const damage of ["", "{no\n", '{"formatVersion":1,"key":"key","fence":99}\nrest', "no line"]) {
      medium.bucket.set("records/key", Buffer.from(damage));
      await put("key", Buffer.from("x"), { fence: 1 });
      expect(await bytesOf("key")).toEqual(new Uint8Array(Buffer.from("x")));
    }
  });
});

describe("A store that fails", () => {
  it("is a StorageError for every operation, and changes nothing", async () => {
    await put("key", Buffer.from("x"));
    for (const work of [
      () => storage.get("key"),
      () => storage.head("key"),
      () => put("key", Buffer.from("y")),
      () => put("key", Buffer.from("y"), { fence: 1 }),
      () => storage.put(metadataFor("new", "y"), [Buffer.from("y")], { ifAbsent: true }),
      () => storage.delete("key"),
      () => listed(storage.list()),
      () => storage.values.get("key"),
      () => storage.values.put("key", [Buffer.from("y")]),
      () => storage.values.delete("key"),
      () => storage.files!.find("key"),
      () => storage.files!.write("key", [Buffer.from("y")]),
    ]) {
      medium.failures = 1;
      await expect(async () => work()).rejects.toThrow(/out of order/);
      expect(medium.failures).toBe(0);
    }
    expect([...medium.bucket.objects.keys()]).toEqual(["records/key"]);
    expect(await bytesOf("key")).toEqual(new Uint8Array(Buffer.from("x")));
  });

  it("in the middle of a list is a StorageError, not an end", async () => {
    for (let i = 100; i < 250; i += 1) await put(`${i}`, pattern(10, i));
    const seen: string[] = [];
    const reading = (async () => {
      for await (const { key } of storage.list()) if (seen.push(key) === 50) medium.failures = 1;
    })();
    await expect(reading).rejects.toThrow(StorageError);
    expect(seen.length).toBeGreaterThanOrEqual(50);
    expect(seen.length).toBeLessThan(150);
  });
});

describe("A fencing token of objectStorage()", () => {
  it("is held against what came in between", async () => {
    await put("key", Buffer.from("one"), { fence: 1 });
    medium.beforeWrite = () => {
      medium.beforeWrite = () => undefined;
      const later = `${JSON.stringify(metadataFor("key", "later", { fence: 3 }))}\nlater`;
      medium.bucket.set("records/key", Buffer.from(later));
    };
    await expect(put("key", Buffer.from("two"), { fence: 2 })).rejects.toThrow(LockError);
    expect(Buffer.from((await bytesOf("key"))!).toString()).toBe("later");
  });

  it("writes where the record was removed in between", async () => {
    await put("key", Buffer.from("one"), { fence: 1 });
    medium.beforeWrite = () => void medium.bucket.objects.delete("records/key");
    const writing = put("key", Buffer.from("two"), { fence: 2 });
    await expect(writing).resolves.toBe(true);
  });

  it("gives up, with an error, where others never stop", async () => {
    medium.beforeWrite = () => medium.bucket.set("records/key", Buffer.from("again and again"));
    await expect(put("key", Buffer.from("two"), { fence: 2 })).rejects.toThrow(/was replaced 40 times/);
  });

  it("is a field like any other where the store turns out to keep no conditions", async () => {
    medium.hasConditions = false;
    expect(storage.capabilities.fencing).toBe(true);
    await put("key", Buffer.from("one"), { fence: 2 });
    await put("key", Buffer.from("two"), { fence: 1 });
    expect((await storage.head("key"))?.fence).toBe(1);
    expect(storage.capabilities).toMatchObject({ fencing: false, putIfAbsent: false });
  });
});

describe("ifAbsent on a store without conditions", () => {
  const write = async (into: Storage) => into.put(metadataFor("key", "x"), [Buffer.from("x")], { ifAbsent: true });

  it("is refused without locks, and says what to pass", async () => {
    withoutConditions(medium);
    expect(storage.capabilities.putIfAbsent).toBe(false);
    await expect(write(storage)).rejects.toThrow(ConfigurationError);
    await expect(write(storage)).rejects.toMatchObject({
      code: "OXBOW_LOCKS_MISSING",
      hint: expect.stringContaining("`locks`"),
    });
  });

  it("lets its lock go, whatever happens", async () => {
    const locks = memoryLocks();
    const guarded = objectStorage(withoutConditions(medium), { locks });
    expect(guarded.capabilities).toMatchObject({ putIfAbsent: true, fencing: false });
    for (const failing of [1, 2]) {
      const [begin, write_] = [medium.begin.bind(medium), medium.write.bind(medium)];
      if (failing === 1) medium.begin = () => Promise.reject(new StorageError("broken"));
      else medium.write = () => Promise.reject(new StorageError("broken"));
      await expect(write(guarded)).rejects.toThrow("broken");
      Object.assign(medium, { begin, write: write_ });
      expect(await locks.isLocked("object records/key")).toBe(false);
    }
    expect(await write(guarded)).toBe(true);
    expect(await write(guarded)).toBe(false);
    expect(await locks.isLocked("object records/key")).toBe(false);
  });

  it("writes nothing where its lock is lost", async () => {
    const locks = memoryLocks();
    const guarded = objectStorage(withoutConditions(medium), { locks });
    const begin = medium.begin.bind(medium);
    medium.begin = async (...args) => {
      await locks.close();
      return begin(...args);
    };
    await expect(write(guarded)).rejects.toThrow(StorageError);
    expect(medium.bucket.objects.size).toBe(0);
  });
});

describe("The values of objectStorage()", () => {
  it("are read anew where they are replaced meanwhile, and not for ever", async () => {
    await storage.values.put("name", [pattern(large, 1)]);
    medium.beforeRest = () => {
      medium.bucket.set("values/v/name", pattern(large + 1, 2));
      medium.beforeRest = () => undefined;
    };
    expect(Buffer.compare((await storage.values.get("name"))!, pattern(large + 1, 2))).toBe(0);
    medium.beforeRest = () => medium.bucket.set("values/v/name", pattern(large, 3));
    await expect(storage.values.get("name")).rejects.toThrow(/was replaced 5 times/);
    medium.beforeRest = () => medium.bucket.objects.clear();
    expect(await storage.values.get("name")).toBeUndefined();
  });

  it("are an error where they end too early", async () => {
    await storage.values.put("name", [pattern(large, 1)]);
    medium.cut = { after: 10, how: "silently" };
    await expect(storage.values.get("name")).rejects.toThrow(RecordError);
    await expect(collect((await storage.values.open!("name"))!)).rejects.toThrow(RecordError);
  });
});

describe("The files of objectStorage()", () => {
  it("are written, found, replaced and removed", async () => {
    const files = storage.files!;
    expect(await files.find("a/b.json")).toBeUndefined();
    expect(await files.delete("a/b.json")).toBe(false);
    for (const size of [0, 10, large]) {
      await files.write("a/b.json", [pattern(size, 1)]);
      const file = (await files.find("a/b.json"))!;
      expect(file.size).toBe(size);
      expect(Buffer.compare(await file.bytes(), pattern(size, 1))).toBe(0);
    }
    expect(await files.delete("a/b.json")).toBe(true);
    expect(await files.find("a/b.json")).toBeUndefined();
  });

  it("say where they are, also where the location says more than a place", () => {
    expect(storage.files!.locate("a/b c.json")).toBe(`${medium.location}/files/a/b!20c.json`);
    const elsewhere = Object.assign(new MemoryObjects(), { location: "s3://bucket/prefix (http://localhost:9000)" });
    expect(objectStorage(elsewhere).files!.locate("a")).toBe("s3://bucket/prefix/files/a (http://localhost:9000)");
  });

  it("meet no record, and lead nowhere else", async () => {
    await put("key", Buffer.from("x"));
    for (const path of ["../records/key", "/records/key", "a/../../records/key", "", "..", "a//b"])
      await expect(async () => storage.files!.find(path), path).rejects.toThrow(StorageError);
    expect(await storage.files!.find("records/key")).toBeUndefined();
  });

  it("that have gone or were cut are a StorageError", async () => {
    await storage.files!.write("a", [pattern(large, 1)]);
    const file = (await storage.files!.find("a"))!;
    medium.cut = { after: 10, how: "silently" };
    await expect(collect(file.stream())).rejects.toThrow(StorageError);
    medium.cut = undefined;
    medium.bucket.objects.clear();
    await expect(async () => file.bytes()).rejects.toThrow(/was replaced or removed/);
    medium.bucket.set("files/a", pattern(large, 2));
    await expect(async () => file.bytes()).rejects.toThrow(StorageError);
  });
});
