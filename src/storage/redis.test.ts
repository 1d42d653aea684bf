import { randomUUID } from "node:crypto";
import { inspect } from "node:util";
import { Cluster, Redis } from "ioredis";
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { freePort } from "../../tests/services/free-port.ts";
import { startRedis } from "../../tests/services/redis.ts";
import type { Server } from "../../tests/services/server-process.ts";
import { redisUrl } from "../../tests/services/services.ts";
import { newSource, newStreamed, peakOf, sumOf } from "../../tests/storage/sources.ts";
import type { RedisClient } from "../io/redis.ts";
import { type ByteSource, collect } from "../kernel/byte-source.ts";
import { LockError, RecordError, StorageError } from "../kernel/errors.ts";
import { listed, metadataFor, pattern } from "../testing/storage-checks/check.ts";
import { storageSuite } from "../testing/storage-suite.ts";
import { redisStorage, type RedisStorageOptions } from "./redis.ts";
import type { RecordMetadata, Storage } from "./storage.ts";

const url = await redisUrl();
const MiB = 1024 * 1024;

function newRecord(
  key: string,
  content: string | Uint8Array,
  more: Partial<RecordMetadata> = {},
): [RecordMetadata, Uint8Array[]] {
  return [metadataFor(key, content, more), [Buffer.from(content)]];
}

async function contentIn(storage: Storage, key: string): Promise<string | undefined> {
  const record = await storage.get(key);
  return record && Buffer.from(await record.bytes()).toString();
}

/** What a promise is rejected with. */
async function failureOf(work: unknown): Promise<StorageError> {
  const error = await Promise.resolve(work).then(
    () => undefined,
    (failure: unknown) => failure,
  );
  expect(error).toBeInstanceOf(StorageError);
  return error as StorageError;
}

describe("redisStorage()", () => {
  it("says how it could be made again, and what of that is secret", () => {
    vi.stubEnv("OXBOW_REDIS", "redis://:hidden@example.org:7000/1");
    const options: RedisStorageOptions = { prefix: "app:", timeout: "3s" };
    const storage = redisStorage("{{ env.OXBOW_REDIS }}", options);
    vi.unstubAllEnvs();
    expect(storage.location).toBe("redis://example.org:7000/1 (prefix app:)");
    expect(storage.configuration).toEqual({ type: "redis", args: ["{{ env.OXBOW_REDIS }}", options], secrets: [] });
    expect(redisStorage("redis://:secret@h:1").configuration).toMatchObject({ secrets: ["0"] });
    expect(redisStorage("redis://h:1").configuration).toMatchObject({ secrets: [] });
    expect(redisStorage({ host: "h", password: "secret", tls: { key: "k" } }).configuration).toMatchObject({
      secrets: ["0.password", "0.tls.key"],
    });
    expect(redisStorage(new Redis({ lazyConnect: true })).configuration).toBeUndefined();
    expect(() => redisStorage("{{ env.OXBOW_NO_SUCH }}")).toThrow(/OXBOW_NO_SUCH is not set/);
  });

  it("refuses what it cannot use, when it is made", () => {
    const code = (wanted: string): unknown => expect.objectContaining({ code: wanted });
    expect(() => redisStorage("redis://h", { prefx: "x" } as object)).toThrow(code("OXBOW_OPTION_UNKNOWN"));
    expect(() => redisStorage("http://h")).toThrow(code("OXBOW_OPTION_INVALID"));
    expect(() => redisStorage({ call: async () => "text" })).toThrow(/knows only text/);
    const cluster = new Cluster([{ host: "example.org" }], { lazyConnect: true });
    expect(() => redisStorage(cluster)).toThrow(/Redis Cluster is not supported/);
  });

  it.each([
    ["CROSSSLOT Keys in request don't hash to the same slot", "Redis Cluster is not supported"],
    ["MOVED 3999 127.0.0.1:6381", "Redis Cluster is not supported"],
    ["LOADING Redis is loading the dataset in memory", "try again in a moment"],
    ["READONLY You can't write against a read only replica.", "connect to the primary one"],
    [
      "ERR Error running script (call to f_1): @user_script:1: -OOM command not allowed",
      "memory of the server is full",
    ],
    ["NOPERM this user has no permissions", "its rights"],
  ])("turns %j into an error with a hint", async (said, hint) => {
    const storage = redisStorage({
      callBuffer: async () => Promise.reject(new Error(said)),
      call: async () => 1,
    } as RedisClient);
    const error = await failureOf(storage.putAll!([newRecord("key", "x")]));
    expect(error.message).toContain(`Cannot write to redis (client`);
    expect(error.hint).toContain(hint);
  });

  it("tells a server before 6.2 how long a record lives, since that knows no moments", async () => {
    const sent: string[][] = [];
    const old = {
      call: async () => 1,
      callBuffer: async (_: string, args: Array<string | Buffer>) => {
        sent.push(args.map(String).filter((_arg, i) => i !== 1));
        if (args.includes("PXAT")) throw new Error("ERR syntax error");
        return Buffer.from("OK");
      },
    };
    const storage = redisStorage(old, { prefix: "" });
    for (const inMs of [60_000, -60_000]) await storage.put(...newRecord("k", "x", { expiresAt: Date.now() + inMs }));
    expect(sent.map((args) => args.slice(0, 2))).toEqual([
      ["r:k", "PXAT"],
      ["r:k", "PX"],
      ["r:k", "PX"],
    ]);
    expect(Number(sent[1]![2])).toBeGreaterThan(50_000);
    expect(sent[2]![2]).toBe("1");
  });
});

describe.skipIf(url === undefined)("With a Redis", () => {
  const client = new Redis(url!, { lazyConnect: true });
  afterAll(() => client.disconnect());

  storageSuite({ describe, it }, "redisStorage()", () => {
    const prefix = `storage [${randomUUID()}*]:`;
    return {
      storage: redisStorage(url!, { prefix }),
      another: () => redisStorage(url!, { prefix }),
    };
  });

  let prefix: string;
  let storage: Storage;
  /** The commands that were sent. */
  let sent: string[];

  beforeEach(() => {
    prefix = `storage ${randomUUID()}:`;
    sent = [];
    const counted = {
      call: (command: string, ...args: string[]) => client.call(command, ...args),
      callBuffer: (command: string, args: string[]) => {
        sent.push(command);
        return client.callBuffer(command, args);
      },
    };
    storage = redisStorage(counted, { prefix });
  });
  afterEach(async () => {
    const keys = await client.keys(`${prefix}*`);
    if (keys.length > 0) await client.del(...keys);
  });

  const put = async (key: string, content: string | Uint8Array, more?: Partial<RecordMetadata>): Promise<boolean> =>
    storage.put(...newRecord(key, content, more));
  const temporaryKeys = (): Promise<string[]> => client.keys(`${prefix}t:*`);

  async function commandsOf(work: () => unknown): Promise<string[]> {
    sent.length = 0;
    await work();
    return [...sent];
  }

  it("Each operation is one command", async () => {
    await put("key", "content");
    const batch = Array.from({ length: 200 }, (_, i) => newRecord(`key ${i}`, `content ${i}`, { fence: 1 }));
    await storage.putAll!(batch);
    expect(await commandsOf(() => contentIn(storage, "key"))).toEqual(["GETRANGE"]);
    expect(await commandsOf(() => contentIn(storage, "nothing"))).toEqual(["GETRANGE"]);
    expect(await commandsOf(() => storage.head("key"))).toEqual(["GETRANGE"]);
    expect(await commandsOf(() => put("key", "other"))).toEqual(["SET"]);
    expect(await commandsOf(() => put("key", "other", { expiresAt: Date.now() + 9999 }))).toEqual(["SET"]);
    expect(await commandsOf(() => storage.put(...newRecord("key", "x"), { ifAbsent: true }))).toEqual(["SET"]);
    expect(await commandsOf(() => put("key", "other", { fence: 2 }))).toEqual(["EVALSHA"]);
    expect(await commandsOf(() => storage.putAll!(batch))).toEqual(["EVALSHA"]);
    expect(await commandsOf(() => storage.putAll!([]))).toEqual([]);
    expect(await commandsOf(() => storage.values.put("value", [Buffer.from("x")]))).toEqual(["SET"]);
    expect(await commandsOf(() => storage.values.get("value"))).toEqual(["GETRANGE"]);
    expect(await commandsOf(() => storage.delete("key"))).toEqual(["DEL"]);
    expect(await commandsOf(() => put("large", pattern(20 * MiB, 1)))).toEqual(["SET"]);
    expect(await commandsOf(() => contentIn(storage, "large"))).toHaveLength(6);
  });

  it("The server has counted no more", async () => {
    const server = await startRedis();
    const own = redisStorage(server.url);
    await own.put(...newRecord("key", "content"));
    const counter = new Redis(server.url);
    await counter.config("RESETSTAT");
    for (let i = 0; i < 10; i += 1) expect(await contentIn(own, "key")).toBe("content");
    const calls = [...(await counter.info("commandstats")).matchAll(/cmdstat_(\S+?):calls=(\d+)/g)];
    expect(
      calls.filter(([, name]) => !["info", "config|resetstat"].includes(name!)).map(([, name, n]) => [name, n]),
    ).toEqual([["getrange", "10"]]);
    counter.disconnect();
    await own.close();
    await server.stop();
  });

  it("A record is gone when its time is over by the clock of the server", async () => {
    const [seconds] = await client.time();
    const now = Number(seconds) * 1000;
    await put("past", "x", { expiresAt: now - 1000 });
    await storage.putAll!([newRecord("past too", "x", { expiresAt: now - 1000 }), newRecord("stays", "x")]);
    await put("soon", "x", { expiresAt: now + 60_000 });
    await put("fenced", "x", { expiresAt: now + 60_000.5, fence: 1 });
    expect(await listed(storage.list())).toEqual(["fenced", "soon", "stays"]);
    expect(await storage.get("past")).toBeUndefined();
    expect(await client.pexpiretime(`${prefix}r:soon`)).toBe(now + 60_000);
    expect(await client.pexpiretime(`${prefix}r:fenced`)).toBe(now + 60_001);
    expect((await storage.head("fenced"))?.expiresAt).toBe(now + 60_000.5);
    await client.pexpireat(`${prefix}r:soon`, 1);
    expect(await storage.get("soon")).toBeUndefined();
  });

  it.each([0, -1, 1.5, -8e15, 9e15, 1e300, Number.MAX_SAFE_INTEGER])(
    "An expiry of %d is no error",
    async (expiresAt) => {
      for (const fence of [undefined, 1]) {
        await put("key", "content", { expiresAt, fence });
        expect(await contentIn(storage, "key")).toBe(expiresAt > 2 ? "content" : undefined);
        expect(await storage.put(...newRecord("other", "x", { expiresAt, fence }), { ifAbsent: true })).toBe(true);
        await storage.delete("other");
      }
    },
  );

  it("A record without an expiry, in place of one with it, stays", async () => {
    const expiresAt = Date.now() + 60_000;
    for (const fence of [undefined, 1]) {
      await put("key", "x", { expiresAt, fence });
      await put("key", "x", { fence });
      expect(await client.pttl(`${prefix}r:key`)).toBe(-1);
    }
    await put("key", "x", { expiresAt });
    await storage.put(...(await newStreamed("key", 5 * MiB)));
    expect(await client.pttl(`${prefix}r:key`)).toBe(-1);
  });

  it("Of 20 writers with streams at once one is told that it has won", async () => {
    const records = await Promise.all(
      Array.from({ length: 20 }, (_, i) => newStreamed("key", 5 * MiB + i, { seed: i })),
    );
    const others = Array.from({ length: 20 }, () => redisStorage(url!, { prefix }));
    const won = await Promise.all(records.map(async (record, i) => others[i]!.put(...record, { ifAbsent: true })));
    expect(won.filter(Boolean)).toHaveLength(1);
    const winner = records[won.indexOf(true)]![0];
    expect(await sumOf((await storage.get("key"))!.stream!())).toEqual({ size: winner.size, sha256: winner.sha256 });
    expect(await temporaryKeys()).toEqual([]);
    for (const other of others) await other.close();
  });

  it("A stream is fenced, and what was refused leaves nothing", async () => {
    await put("key", "later", { fence: 8 });
    const stale = await newStreamed("key", 5 * MiB, { fence: 7 });
    await expect(storage.put(...stale)).rejects.toThrow(LockError);
    await expect(storage.putAll!([newRecord("new", "x"), stale])).rejects.toMatchObject({
      code: "OXBOW_LOCK_LOST",
      key: "key",
    });
    expect(await listed(storage.list())).toEqual(["key"]);
    expect(await contentIn(storage, "key")).toBe("later");
    await storage.putAll!([newRecord("new", "x"), await newStreamed("key", 5 * MiB, { fence: 8 })]);
    expect((await storage.head("key"))?.size).toBe(5 * MiB);
    expect(await temporaryKeys()).toEqual([]);
  });

  it("A fencing token is found behind metadata of any length, and a damaged record guards nothing", async () => {
    for (const length of [10, 4096, 100_000]) {
      await put("key", "later", { fence: 8, tags: ["x".repeat(length)] });
      await expect(put("key", "x", { fence: 7 })).rejects.toThrow(LockError);
      expect(await storage.head("key")).toMatchObject({ fence: 8 });
      expect(await listed(storage.list())).toEqual(["key"]);
    }
    for (const damage of ["", "no line", '{"fence":9\n', '["x"]\n', "7\n"]) {
      await client.set(`${prefix}r:key`, damage);
      expect(await put("key", "x", { fence: 1 })).toBe(true);
    }
  });

  it("64 MiB go in and out as a stream, and memory holds a few pieces", async () => {
    const size = 64 * MiB;
    const record = await newStreamed("key", size);
    const { sha256 } = record[0];
    expect(await peakOf(async () => storage.put(...record))).toBeLessThan(48);
    expect(
      await peakOf(async () => expect(await sumOf((await storage.get("key"))!.stream!())).toEqual({ size, sha256 })),
    ).toBeLessThan(64);
    await storage.values.put("value", record[1]);
    expect(await sumOf((await storage.values.open!("value"))!)).toEqual({ size, sha256 });
    expect((await storage.values.get("value"))?.byteLength).toBe(size);
    expect((await (await storage.get("key"))!.bytes()).byteLength).toBe(size);
    expect(await temporaryKeys()).toEqual([]);
  }, 30_000);

  it("Streams and bytes of any length come out alike", async () => {
    for (const size of [0, 1, MiB - 100, MiB, 4 * MiB, 4 * MiB + 1, 9 * MiB]) {
      const [metadata, source] = await newStreamed(`key ${size}`, size);
      const { sha256 } = metadata;
      await storage.put(metadata, source);
      await storage.values.put("value", source);
      expect(await sumOf((await storage.get(metadata.key))!.stream!())).toEqual({ size, sha256 });
      expect(Buffer.compare(await (await storage.get(metadata.key))!.bytes(), await collect(source.chunks()))).toBe(0);
      expect(await sumOf((await storage.values.open!("value"))!)).toEqual({ size, sha256 });
      await put("inline", await collect(source.chunks()));
      expect(await sumOf((await storage.get("inline"))!.stream!())).toEqual({ size, sha256 });
    }
    expect(await storage.values.open!("nothing")).toBeUndefined();
  });

  it("A stream that is left early, and one whose record goes, end as they should", async () => {
    await storage.put(...(await newStreamed("key", 16 * MiB)));
    for await (const _ of (await storage.get("key"))!.stream!()) break;
    const [first, second, third] = [
      (await storage.get("key"))!,
      (await storage.get("key"))!,
      (await storage.get("key"))!,
    ];
    await storage.put(...(await newStreamed("key", 16 * MiB, { seed: 2 })));
    await expect(sumOf(first.stream!())).rejects.toThrow(/was replaced or removed/);
    await storage.delete("key");
    await expect(sumOf(second.stream!())).rejects.toThrow(RecordError);
    await expect(Promise.resolve(third.bytes())).rejects.toThrow(/was replaced or removed/);
  });

  it("A value that is replaced while it is read is read again, and a stream of it is an error", async () => {
    await storage.values.put("value", [pattern(12 * MiB, 1)]);
    const stream = await storage.values.open!("value");
    await storage.values.put("value", [pattern(12 * MiB, 2)]);
    await expect(sumOf(stream!)).rejects.toThrow(RecordError);

    let replacements = 1;
    const other = redisStorage(url!, { prefix });
    const nosy = {
      call: async () => 1,
      callBuffer: async (command: string, args: string[]) => {
        const reply = await client.callBuffer(command, args);
        if (args[1] === "0" && args[2] !== "15" && replacements-- > 0)
          await other.values.put("value", [pattern(12 * MiB, 3)]);
        return reply;
      },
    };
    const reader = redisStorage(nosy, { prefix });
    expect(Buffer.compare((await reader.values.get("value"))!, pattern(12 * MiB, 3))).toBe(0);
    replacements = 99;
    await expect(reader.values.get("value")).rejects.toThrow(/"value" was replaced 5 times while it was read/);
    await other.close();
  });

  it("A source that fails, or gives other bytes than it said, leaves nothing and what was there", async () => {
    await put("key", "before");
    const [metadata, source] = await newStreamed("key", 9 * MiB);
    const broken: ByteSource = {
      size: 9 * MiB,
      async *chunks() {
        yield new Uint8Array(5 * MiB);
        throw new Error("the disk is gone");
      },
    };
    for (const wrong of [
      broken,
      { size: 9 * MiB, chunks: () => newSource(8 * MiB).chunks() },
      { size: 9 * MiB, chunks: () => newSource(10 * MiB).chunks() },
    ]) {
      expect((await failureOf(storage.put(metadata, wrong))).message).toContain("the source of the payload");
      await expect(storage.putAll!([newRecord("new", "x"), [metadata, wrong]])).rejects.toThrow(StorageError);
      await expect(storage.values.put("value", wrong)).rejects.toThrow(StorageError);
    }
    await expect(storage.put({ ...metadata, size: 7 }, source)).rejects.toThrow(StorageError);
    expect(await contentIn(storage, "key")).toBe("before");
    expect(await listed(storage.list())).toEqual(["key"]);
    expect(await storage.values.get("value")).toBeUndefined();
    expect(await temporaryKeys()).toEqual([]);
  });

  it("What is being sent expires where its process dies, and where a part was lost nothing is published", async () => {
    const [metadata, source] = await newStreamed("key", 12 * MiB);
    let ttl = 0;
    const watched = (atEachChunk: (key: string) => Promise<unknown>): ByteSource => ({
      size: source.size,
      async *chunks() {
        for await (const chunk of source.chunks()) {
          yield chunk;
          const [key] = await temporaryKeys();
          if (key !== undefined) await atEachChunk(key);
        }
      },
    });
    await storage.put(
      metadata,
      watched(async (key) => (ttl = await client.pttl(key))),
    );
    expect(ttl).toBeGreaterThan(3_500_000);
    expect(ttl).toBeLessThanOrEqual(3_600_000);
    let isEvicted = false;
    const evicting = watched(async (key) => {
      if (!isEvicted) await client.del(key);
      isEvicted = true;
    });
    expect((await failureOf(storage.put({ ...metadata, key: "other" }, evicting))).message).toContain(
      "has lost a part of a value",
    );
    expect(await storage.get("other")).toBeUndefined();
    expect(await temporaryKeys()).toEqual([]);
  });

  it("A value that Redis has no room for is refused by name, and nothing is sent", async () => {
    const source = newSource(512 * MiB);
    const metadata = { ...metadataFor("too long", ""), size: source.size };
    const refusal = /"too long" has 5368\d+ bytes with its metadata, Redis has room for 536870912/;
    await expect(storage.put(metadata, source)).rejects.toThrow(refusal);
    await expect(storage.putAll!([newRecord("key", "x"), [metadata, source]])).rejects.toThrow(refusal);
    await expect(storage.values.put("too long", source)).rejects.toThrow(refusal);
    expect(sent).toEqual([]);
  });

  it("A large batch is published as a whole, and the last record of a key that comes twice stays", async () => {
    const many = Array.from({ length: 1200 }, (_, i) => newRecord(`key ${i}`, `content ${i}`));
    const large = [1, 2, 3].map((i) => newRecord(`large ${i}`, pattern(30_000_000, i)));
    await storage.putAll!([...many, ...large]);
    expect(await listed(storage.list())).toHaveLength(1203);
    expect(Buffer.compare(await (await storage.get("large 3"))!.bytes(), pattern(30_000_000, 3))).toBe(0);
    await storage.putAll!([newRecord("key", "one", { fence: 1 }), newRecord("key", "two", { fence: 2 })]);
    await expect(
      storage.putAll!([newRecord("key", "three", { fence: 4 }), newRecord("key", "four", { fence: 3 })]),
    ).rejects.toThrow(LockError);
    expect(await contentIn(storage, "key")).toBe("two");
    expect(await temporaryKeys()).toEqual([]);
  });

  it("A damaged record is a RecordError, and the list passes it over", async () => {
    for (const key of ["payload", "shorter", "metadata", "endless", "good"]) await put(key, "content");
    await client.setrange(`${prefix}r:payload`, (await client.strlen(`${prefix}r:payload`)) - 1, "T");
    const whole = await client.get(`${prefix}r:shorter`);
    await client.set(`${prefix}r:shorter`, whole!.slice(0, -1));
    await client.set(`${prefix}r:metadata`, "{no}\n");
    await client.set(`${prefix}r:endless`, "x".repeat(3 * MiB));
    for (const key of ["payload", "shorter", "metadata", "endless"])
      await expect(contentIn(storage, key)).rejects.toThrow(RecordError);
    expect(await listed(storage.list())).toEqual(["good", "payload", "shorter"]);
    await client.set(`${prefix}v:value`, "x");
    await client.lpush(`${prefix}r:list`, "x");
    await expect(storage.values.get("value")).rejects.toThrow(/none of Oxbow's/);
    expect((await failureOf(storage.get("list"))).hint).toContain("name another `prefix`");
  });

  it("A client that puts a prefix before all keys lists them all the same", async () => {
    const own = new Redis(url!, { keyPrefix: `${prefix}[app]*:` });
    const prefixed = redisStorage(own, { prefix: "p:" });
    await prefixed.putAll!([newRecord("b", "x"), newRecord("a", "x")]);
    expect(await listed(prefixed.list())).toEqual(["a", "b"]);
    expect(await client.exists(`${prefix}[app]*:p:r:a`)).toBe(1);
    expect(prefixed.location).toContain(`(prefix ${prefix}[app]*:p:)`);
    await prefixed.close();
    expect(own.status).toBe("ready");
    own.disconnect();
  });

  it("node-redis is asked for bytes in the words of both of its versions", async () => {
    const asked: unknown[] = [];
    const node = {
      sendCommand: (
        args: string[],
        options: { readonly typeMapping: Record<number, unknown>; readonly returnBuffers: boolean },
      ) => {
        asked.push([options.returnBuffers, options.typeMapping[36]]);
        return client.callBuffer(args[0]!, args.slice(1));
      },
    };
    const other = redisStorage(node as RedisClient, { prefix });
    await other.put(...newRecord("key", "é"));
    expect(await contentIn(other, "key")).toBe("é");
    expect(asked).toEqual([
      [true, Buffer],
      [true, Buffer],
    ]);
    const textual = redisStorage({ sendCommand: async () => "text" }, { prefix });
    await expect(textual.get("key")).rejects.toThrow(/gives text where it was asked for bytes/);
  });
});

describe.skipIf(url === undefined)("A Redis of its own", () => {
  const servers: Server[] = [];
  const storages: Storage[] = [];

  async function start(settings?: readonly string[], port?: number): Promise<Server> {
    const server = await startRedis(port, settings);
    servers.push(server);
    return server;
  }

  function open(to: string, options?: RedisStorageOptions): Storage {
    const storage = redisStorage(to, options);
    storages.push(storage);
    return storage;
  }

  afterEach(async () => {
    for (const storage of storages.splice(0)) await storage.close();
    for (const server of servers.splice(0)) await server.stop();
  });

  async function failuresOf(storage: Storage): Promise<StorageError[]> {
    const record = newRecord("key", "content");
    return Promise.all(
      [
        storage.get("key"),
        storage.head("key"),
        storage.put(...record),
        storage.putAll!([record]),
        storage.delete("key"),
        listed(storage.list()),
        storage.values.get("key"),
        (async () => storage.put(...(await newStreamed("key", 5 * MiB))))(),
      ].map(failureOf),
    );
  }

  it("that is not there yet is waited for, and one that does not come is an error", async () => {
    const port = await freePort();
    const storage = open(`redis://127.0.0.1:${port}`, { timeout: "500 ms" });
    for (const error of await failuresOf(storage)) {
      expect(error.message).toMatch(
        /^Cannot (read|write to|list) redis:\/\/127.0.0.1:\d+: .*cannot be reached: connect ECONNREFUSED/,
      );
      expect(error.hint).toContain("see that the server runs");
    }
    const patient = open(`redis://127.0.0.1:${port}`);
    const writing = patient.put(...newRecord("key", "content"));
    await start([], port);
    expect(await writing).toBe(true);
    expect(await contentIn(storage, "key")).toBe("content");
  });

  it("that is killed in the middle of a stream is an error, and works again when it is back", async () => {
    const port = await freePort();
    const server = await start([], port);
    const storage = open(server.url, { timeout: "500 ms" });
    await storage.put(...(await newStreamed("key", 16 * MiB)));
    const found = (await storage.get("key"))!;
    const reading = (async () => {
      let isAlive = true;
      for await (const _ of found.stream!()) {
        if (isAlive) process.kill(server.pid, "SIGKILL");
        isAlive = false;
        await server.stop();
      }
    })();
    const error = await reading.catch((failure: unknown) => failure);
    expect(error).toBeInstanceOf(StorageError);
    for (const each of await failuresOf(storage)) expect(each).toBeInstanceOf(StorageError);
    await start([], port);
    expect(await storage.get("key")).toBeUndefined();
    await storage.put(...newRecord("key", "content"));
    expect(await contentIn(storage, "key")).toBe("content");
  });

  it("that is frozen is an error after the time limit", async () => {
    const server = await start();
    const storage = open(server.url, { timeout: "300 ms" });
    await storage.put(...newRecord("key", "content"));
    process.kill(server.pid, "SIGSTOP");
    const began = performance.now();
    for (const error of await failuresOf(storage)) {
      expect(error.message).toContain("has not answered within 300 ms");
      expect(error.hint).toContain("`timeout`");
    }
    // A stream that was given up is removed as well as can be: two limits.
    expect(performance.now() - began).toBeLessThan(3000);
    process.kill(server.pid, "SIGCONT");
    // What was sent meanwhile is carried out now, and that in an order of its own.
    await expect
      .poll(async () => Promise.resolve(storage.put(...newRecord("key", "content"))).catch(() => false))
      .toBe(true);
    expect(await contentIn(storage, "key")).toBe("content");
  });

  it("that wants a password says so, and nobody gets to see one", async () => {
    const server = await start(["--requirepass", "s3cret"]);
    const wrong = server.url.replace("//", "//:wr0ng@");
    for (const to of [server.url, wrong]) {
      for (const error of await failuresOf(open(to))) {
        expect(error.hint).toContain("see that user and password are right");
        expect(inspect(error, { depth: 9 })).not.toMatch(/wr0ng|s3cret/);
      }
    }
    const right = open(server.url.replace("//", "//:s3cret@"));
    expect(await right.put(...newRecord("key", "content"))).toBe(true);
    expect(inspect(right, { depth: 9, showHidden: true })).not.toContain("location: 'redis://:s3cret");
  });

  it("whose memory is full refuses records with a hint, keeps those that it has, and shows no payload", async () => {
    const server = await start(["--maxmemory", "20mb", "--maxmemory-policy", "noeviction"]);
    const storage = open(server.url);
    await storage.put(...newRecord("key", "content"));
    const large = newRecord("large", pattern(30 * MiB, 1));
    const attempts = [
      async () => storage.put(...large),
      async () => storage.put(...newRecord("small", "x")),
      async () => storage.put(...newRecord("fenced", "x", { fence: 1 })),
      async () => storage.putAll!([newRecord("key", "other"), newRecord("new", "x")]),
      async () => storage.put(...(await newStreamed("key", 25 * MiB))),
      async () => storage.values.put("value", [pattern(MiB, 1)]),
    ];
    const fill = async (): Promise<void> => {
      for (let i = 0; ; i += 1) await storage.put(...newRecord(`fills ${i}`, pattern(MiB, i)));
    };
    await failureOf(fill());
    const kept = await listed(storage.list());
    for (const attempt of attempts) {
      const error = await failureOf(attempt());
      expect(error.hint).toContain("the memory of the server is full");
      expect(inspect(error, { depth: 9 }).length).toBeLessThan(5000);
    }
    expect(await contentIn(storage, "key")).toBe("content");
    expect(await listed(storage.list())).toEqual(kept);
    const client = new Redis(server.url);
    expect(await client.keys("*t:*")).toEqual([]);
    client.disconnect();
  });

  it("that evicts keys takes records away, which is a miss and no error", async () => {
    const server = await start(["--maxmemory", "20mb", "--maxmemory-policy", "allkeys-lru"]);
    const storage = open(server.url);
    for (let i = 0; i < 40; i += 1) await storage.put(...newRecord(`key ${i}`, pattern(MiB, i)));
    expect(await storage.get("key 0")).toBeUndefined();
    expect((await storage.get("key 39"))?.metadata.size).toBe(MiB);
    const keys = await listed(storage.list());
    expect(keys.length).toBeGreaterThan(5);
    expect(keys.length).toBeLessThan(25);
  });

  it("that is a read-only replica says so", async () => {
    const primary = await start();
    const replica = await start(["--replicaof", "127.0.0.1", new URL(primary.url).port]);
    const error = await failureOf(open(replica.url).put(...newRecord("key", "x")));
    expect(error.hint).toContain("connect to the primary one");
    const batch = await failureOf(open(replica.url).putAll!([newRecord("key", "x")]));
    expect(batch.hint).toContain("connect to the primary one");
  });

  it("that is part of a Cluster says so", async () => {
    const server = await start(["--cluster-enabled", "yes"]);
    const error = await failureOf(open(server.url).putAll!([newRecord("a", "x"), newRecord("b", "x")]));
    expect(error.hint).toContain("Redis Cluster is not supported");
  });
});
