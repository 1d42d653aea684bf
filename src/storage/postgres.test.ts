import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import fc from "fast-check";
import pg from "pg";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { startPostgres } from "../../tests/services/postgres.ts";
import { pgUrl } from "../../tests/services/services.ts";
import { LockError, RecordError, StorageError } from "../kernel/errors.ts";
import { listed, metadataFor, pattern } from "../testing/storage-checks/check.ts";
import { storageSuite } from "../testing/storage-suite.ts";
import { postgresStorage } from "./postgres.ts";
import type { RecordMetadata, Storage } from "./storage.ts";

const url = await pgUrl();
const moduleUrl = new URL("./postgres.ts", import.meta.url).href;
const kitUrl = new URL("../testing/storage-checks/check.ts", import.meta.url).href;
const flags = process.features.typescript ? [] : ["--experimental-strip-types", "--no-warnings"];

function newRecord(
  key: string,
  content: string | Uint8Array,
  more: Partial<RecordMetadata> = {},
): [RecordMetadata, Uint8Array[]] {
  return [metadataFor(key, content, more), [Buffer.from(content)]];
}

describe.skipIf(url === undefined)("With a PostgreSQL", () => {
  const pool = new pg.Pool({ connectionString: url });
  afterAll(() => pool.end());

  storageSuite({ describe, it }, "postgresStorage()", () => {
    const schema = `storage ${randomUUID()}`;
    return {
      storage: postgresStorage(url!, { schema }),
      another: () => postgresStorage(url!, { schema }),
      dispose: async () => void (await pool.query(`DROP SCHEMA IF EXISTS "${schema}" CASCADE`)),
    };
  });

  let schema: string;
  let storage: Storage;
  /** Everything that was said to the server. */
  let said: Said;

  beforeEach(() => {
    schema = `storage ${randomUUID()}`;
    said = [];
    const counted = new pg.Pool({ connectionString: url, max: 4 });
    counted.on("connect", (client) => listenTo(client as never, said));
    storage = postgresStorage(counted, { schema });
    return async () => {
      await storage.close();
      await counted.end();
    };
  });
  afterEach(async () => void (await pool.query(`DROP SCHEMA IF EXISTS "${schema}" CASCADE`)));

  async function put(key: string, content: string | Uint8Array, more?: Partial<RecordMetadata>): Promise<boolean> {
    return storage.put(...newRecord(key, content, more));
  }

  async function contentOf(key: string): Promise<string | undefined> {
    const record = await storage.get(key);
    return record && Buffer.from(await record.bytes()).toString();
  }

  describe("postgresStorage() says", () => {
    async function statementsOf(work: () => unknown): Promise<number> {
      said.length = 0;
      await work();
      return said.length;
    }

    it("one statement for each operation", async () => {
      await put("key", "content");
      const batch = Array.from({ length: 200 }, (_, i) => newRecord(`key ${i}`, `content ${i}`, { fence: 1 }));
      expect(await statementsOf(() => contentOf("key"))).toBe(1);
      expect(await statementsOf(() => contentOf("nothing"))).toBe(1);
      expect(await statementsOf(() => storage.head("key"))).toBe(1);
      expect(await statementsOf(() => put("key", "other", { fence: 1 }))).toBe(1);
      expect(await statementsOf(() => storage.put(...newRecord("key", "x"), { ifAbsent: true }))).toBe(1);
      expect(await statementsOf(() => storage.putAll!(batch))).toBe(1);
      expect(await statementsOf(() => storage.putAll!([]))).toBe(0);
      expect(await statementsOf(() => listed(storage.list()))).toBe(1);
      expect(await statementsOf(() => storage.values.put("value", [Buffer.from("x")]))).toBe(1);
      expect(await statementsOf(() => storage.values.get("value"))).toBe(1);
      expect(await statementsOf(() => storage.delete("key"))).toBe(1);
    });

    it("nothing that a session would have to remember", async () => {
      await put("key", "content");
      await storage.putAll!(Array.from({ length: 600 }, (_, i) => newRecord(`key ${i}`, "x")));
      for (const text of said) expect(text).not.toMatch(/^\s*(SET|PREPARE|DECLARE|LISTEN)|pg_advisory_lock/i);
    });

    it("nothing that makes anything before the first write", async () => {
      expect(await contentOf("key")).toBeUndefined();
      expect(await storage.head("key")).toBeUndefined();
      expect(await storage.delete("key")).toBe(false);
      expect(await storage.values.get("key")).toBeUndefined();
      expect(await storage.values.delete("key")).toBe(false);
      expect(await listed(storage.list())).toEqual([]);
      expect(said.filter((text) => !text.startsWith("SELECT version"))).toEqual([]);
    });
  });

  describe("A batch", () => {
    it("is refused as a whole where one record has a lower fencing token, whatever its size", async () => {
      await put("key 7", "later", { fence: 8 });
      for (const count of [10, 1200]) {
        const batch = Array.from({ length: count }, (_, i) => newRecord(`key ${i}`, "x", { fence: 7 }));
        const error = await Promise.resolve(storage.putAll!(batch)).catch((failure: unknown) => failure);
        expect(error).toBeInstanceOf(LockError);
        expect(error).toMatchObject({ code: "OXBOW_LOCK_LOST", key: "key 7" });
        expect(await listed(storage.list())).toEqual(["key 7"]);
      }
      expect(await contentOf("key 7")).toBe("later");
    });

    it("of many records or many bytes is published as a whole", async () => {
      const many = Array.from({ length: 1200 }, (_, i) => newRecord(`key ${i}`, `content ${i}`));
      const large = [1, 2, 3].map((i) => newRecord(`large ${i}`, pattern(30_000_000, i)));
      await storage.putAll!([...many, ...large]);
      expect(await listed(storage.list())).toHaveLength(1203);
      expect(await contentOf("key 1199")).toBe("content 1199");
      expect(Buffer.compare(await (await storage.get("large 3"))!.bytes(), pattern(30_000_000, 3))).toBe(0);
    });

    it("keeps the last record of a key that comes twice", async () => {
      await storage.putAll!([newRecord("key", "one", { fence: 1 }), newRecord("key", "two", { fence: 2 })]);
      expect(await contentOf("key")).toBe("two");
      const back = storage.putAll!([newRecord("key", "three", { fence: 4 }), newRecord("key", "four", { fence: 3 })]);
      await expect(back).rejects.toThrow(LockError);
      expect(await contentOf("key")).toBe("two");
    });

    it("meets others that write the same records without a deadlock", async () => {
      const keys = Array.from({ length: 40 }, (_, i) => `key ${i}`);
      const batches = Array.from({ length: 16 }, (_, n) =>
        (n % 2 === 0 ? keys : keys.toReversed()).map((key) => newRecord(key, `batch ${n}`)),
      );
      await Promise.all(batches.map(async (batch) => storage.putAll!(batch)));
      const contents = await Promise.all(keys.map(contentOf));
      expect(new Set(contents).size).toBe(1);
    });
  });

  describe("A long value", () => {
    const size = 20_000_000;

    it("is read piece by piece", async () => {
      await put("key", pattern(size, 1));
      await storage.values.put("value", [pattern(size, 2)]);
      said.length = 0;
      expect(Buffer.compare(await (await storage.get("key"))!.bytes(), pattern(size, 1))).toBe(0);
      expect(said).toHaveLength(4);
      expect(Buffer.compare((await storage.values.get("value"))!, pattern(size, 2))).toBe(0);
    });

    it("that was replaced or removed meanwhile is a RecordError, and a value without metadata is read again", async () => {
      await put("key", pattern(size, 1));
      const [first, second] = [(await storage.get("key"))!, (await storage.get("key"))!];
      await put("key", pattern(size, 2));
      await expect(first.bytes()).rejects.toThrow(/was replaced or removed/);
      await storage.delete("key");
      await expect(second.bytes()).rejects.toThrow(RecordError);

      const another = postgresStorage(url!, { schema });
      await another.values.put("value", [pattern(size, 1)]);
      said.onSaid = async (text) => {
        if (!text.includes("substring")) return;
        said.onSaid = undefined;
        await another.values.put("value", [pattern(size + 1, 2)]);
      };
      expect(Buffer.compare((await storage.values.get("value"))!, pattern(size + 1, 2))).toBe(0);

      said.onSaid = async (text) => {
        if (text.includes("substring")) await another.values.put("value", [pattern(size, said.length)]);
      };
      await expect(storage.values.get("value")).rejects.toThrow(/"value" was replaced 5 times while it was read/);
      await another.close();
    });

    it("that PostgreSQL has no room for is refused by name, and nothing is sent", async () => {
      const chunk = new Uint8Array(1_000_000);
      const chunks = Array.from({ length: 1001 }, () => chunk);
      const metadata = { ...metadataFor("too long", "x"), size: 1_001_000_000 };
      await expect(storage.put(metadata, chunks)).rejects.toThrow(
        /"too long" has 1001000000 bytes.*room for 1000000000/,
      );
      await expect(storage.putAll!([[metadata, chunks]])).rejects.toThrow(StorageError);
      await expect(storage.values.put("too long", chunks)).rejects.toThrow(StorageError);
      expect(said).toEqual([]);
    });
  });

  it("A record of any key is listed in the order of its bytes", async () => {
    const long = fc.tuple(fc.constantFrom("a".repeat(1999), "é".repeat(1000), "\u{10ffff}".repeat(700)), fc.string());
    const key = fc.oneof(
      fc.string({ unit: "binary", minLength: 1 }),
      long.map(([head, tail]) => head + tail),
    );
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(key, { maxLength: 30, minLength: 1 }), fc.nat(29), async (keys, at) => {
        await storage.putAll!(keys.map((one) => newRecord(one, one)));
        const sorted = keys.toSorted((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)));
        expect(await listed(storage.list())).toEqual(sorted);
        const after = sorted[at % sorted.length]!;
        expect(await listed(storage.list({ after }))).toEqual(sorted.slice((at % sorted.length) + 1));
        const prefix = Array.from(after).slice(0, -1).join("");
        expect(await listed(storage.list({ prefix }))).toEqual(sorted.filter((one) => one.startsWith(prefix)));
        for (const one of keys) expect(await storage.delete(one)).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  it("A damaged record is a RecordError, and the list passes it over", async () => {
    for (const key of ["payload", "metadata", "newer", "good"]) await put(key, "content");
    const change = (key: string, set: string): Promise<unknown> =>
      pool.query(`UPDATE "${schema}".records SET ${set} WHERE key_head = $1`, [Buffer.from(key)]);
    await change("payload", "payload = 'Content'");
    await change("metadata", "components = '{'");
    await change("newer", "format_version = 99");
    await expect(contentOf("payload")).rejects.toThrow(/SHA-256/);
    await expect(contentOf("metadata")).rejects.toThrow(RecordError);
    await expect(contentOf("newer")).rejects.toMatchObject({ code: "OXBOW_RECORD_TOO_NEW" });
    expect(await listed(storage.list())).toEqual(["good", "payload"]);
  });

  it("A value is kept as it was when put() was called", async () => {
    const bytes = Buffer.from("before");
    const writing = storage.put(metadataFor("key", bytes), [bytes]);
    bytes.fill(0);
    await writing;
    expect(await contentOf("key")).toBe("before");
  });

  it("Several processes may make the tables at the same moment", async () => {
    const script = `
      const { postgresStorage } = await import(${JSON.stringify(moduleUrl)});
      const { metadataFor } = await import(${JSON.stringify(kitUrl)});
      const storage = postgresStorage(process.argv[1], { schema: process.argv[2] });
      await storage.put(metadataFor(process.argv[3], "x"), [Buffer.from("x")]);`;
    const codes = Array.from({ length: 8 }, async (_, i) => {
      const args = [...flags, "--input-type=module", "-e", script, url!, schema, `key ${i}`];
      // It ends by itself, though nobody has closed the storage.
      return (await once(spawn(process.execPath, args, { stdio: "inherit" }), "exit"))[0] as number;
    });
    expect(await Promise.all(codes)).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
    expect(await listed(storage.list())).toHaveLength(8);
  });

  it("A server that is killed is a StorageError at once, never an absent record", async () => {
    const server = await startPostgres();
    const lost = postgresStorage(server.url);
    await lost.put(...newRecord("key", "content"));
    process.kill(server.pid, "SIGKILL");
    await server.stop();
    const began = performance.now();
    await expect(lost.get("key")).rejects.toThrow(StorageError);
    await expect(lost.head("key")).rejects.toThrow(/^Cannot read postgres:/);
    await expect(lost.put(...newRecord("key", "content"))).rejects.toThrow(/^Cannot write to postgres:/);
    await expect(lost.putAll!([newRecord("key", "content")])).rejects.toThrow(StorageError);
    await expect(lost.delete("key")).rejects.toThrow(StorageError);
    await expect(listed(lost.list())).rejects.toThrow(StorageError);
    await expect(lost.values.get("key")).rejects.toThrow(StorageError);
    expect(performance.now() - began).toBeLessThan(5000);
    await lost.close();
  });
});

interface Said extends Array<string> {
  /** Called before the server hears of it. */
  onSaid?: ((text: string) => Promise<void>) | undefined;
}

interface Speaker {
  query(this: Speaker, statement: { readonly text: string }): Promise<unknown>;
}

function listenTo(client: Speaker, said: Said): void {
  const query = client.query;
  client.query = async function say(statement) {
    said.push(statement.text);
    await said.onSaid?.(statement.text);
    return query.call(this, statement);
  };
}
