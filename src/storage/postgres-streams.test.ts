import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import pg from "pg";
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { startPostgres } from "../../tests/services/postgres.ts";
import { pgUrl } from "../../tests/services/services.ts";
import { newSource, newStreamed, peakOf, sumOf } from "../../tests/storage/sources.ts";
import { type ByteSource, collect } from "../kernel/byte-source.ts";
import { LockError, RecordError, StorageError } from "../kernel/errors.ts";
import { listed, metadataFor, pattern } from "../testing/storage-checks/check.ts";
import { postgresStorage } from "./postgres.ts";
import type { RecordMetadata, Storage } from "./storage.ts";

const url = await pgUrl();
const MiB = 1024 * 1024;
const flags = process.features.typescript ? [] : ["--experimental-strip-types", "--no-warnings"];

describe("postgresStorage()", () => {
  it("says how it could be made again, and what of that is secret", () => {
    vi.stubEnv("OXBOW_PG", "postgres://me:hidden@example.org/app");
    const storage = postgresStorage("{{ env.OXBOW_PG }}", { schema: "s" });
    vi.unstubAllEnvs();
    expect(storage.location).toBe("postgres://example.org:5432/app?schema=s");
    expect(storage.configuration).toEqual({
      type: "postgres",
      args: ["{{ env.OXBOW_PG }}", { schema: "s" }],
      secrets: [],
    });
    const secretsOf = (server: string | object): unknown => postgresStorage(server).configuration?.secrets;
    expect(secretsOf("postgres://me:secret@h/app")).toEqual(["0"]);
    expect(secretsOf("postgres://me@h/app?password=secret")).toEqual(["0"]);
    expect(secretsOf("postgres://me@h/app")).toEqual([]);
    expect(secretsOf({ host: "h", password: "secret" })).toEqual(["0.password"]);
    expect(secretsOf({ connectionString: "postgres://me:secret@h/app" })).toEqual(["0.connectionString"]);
    expect(postgresStorage({ host: "h", password: () => "secret" }).configuration).toBeUndefined();
    expect(postgresStorage(new pg.Pool({ connectionString: "postgres://h" })).configuration).toBeUndefined();
  });
});

describe.skipIf(url === undefined)("With a PostgreSQL, streams", () => {
  const pool = new pg.Pool({ connectionString: url });
  afterAll(() => pool.end());
  let schema: string;
  let storage: Storage;
  const open = (): Storage => postgresStorage(pool, { schema });

  beforeEach(() => {
    schema = `streams ${randomUUID()}`;
    storage = open();
  });
  afterEach(async () => void (await pool.query(`DROP SCHEMA IF EXISTS "${schema}" CASCADE`)));

  async function count(table: "payload_sets" | "payload_chunks"): Promise<number> {
    return Number((await pool.query(`SELECT count(*) FROM "${schema}".${table}`)).rows[0].count);
  }

  /** As if everything had been written, or had been given up, so long ago. */
  const age = (interval: string): Promise<unknown> =>
    pool.query(`UPDATE "${schema}".payload_sets SET unused_since = unused_since - interval '${interval}'`);

  /** What another process does before its first stream. */
  const sweep = async (): Promise<boolean> => open().put(...(await newStreamed("sweeps", 9 * MiB)));

  async function contentOf(key: string): Promise<{ readonly size: number; readonly sha256: string }> {
    return sumOf((await storage.get(key))!.stream!());
  }

  it("of 64 MiB go in and out, and memory holds a few pieces", async () => {
    const record = await newStreamed("key", 64 * MiB);
    const { size, sha256 } = record[0];
    expect(await peakOf(async () => storage.put(...record))).toBeLessThan(64);
    expect(await peakOf(async () => expect(await contentOf("key")).toEqual({ size, sha256 }))).toBeLessThan(96);
    expect(await count("payload_chunks")).toBe(32);
    await storage.values.put("value", record[1]);
    expect(await sumOf((await storage.values.open!("value"))!)).toEqual({ size, sha256 });
    expect((await storage.values.get("value"))?.byteLength).toBe(size);
    expect((await (await storage.get("key"))!.bytes()).byteLength).toBe(size);
  }, 60_000);

  it("that are short are part of their row, and are written and read by one statement", async () => {
    const record = await newStreamed("key", 8 * MiB);
    await storage.put(...record);
    await storage.values.put("value", record[1]);
    expect(await contentOf("key")).toEqual({ size: 8 * MiB, sha256: record[0].sha256 });
    expect(await count("payload_sets")).toBe(0);
  });

  it("replace other payloads and are replaced by them, from any size to any other", async () => {
    for (const [i, size] of [9 * MiB, 10, 12 * MiB, 10 * MiB, 0, 9 * MiB].entries()) {
      const [metadata, source] = await newStreamed("key", size, { seed: i });
      await storage.put(metadata, i % 2 === 0 ? source : [await collect(source.chunks())]);
      await storage.values.put("value", source);
      const { sha256 } = metadata;
      expect(await contentOf("key")).toEqual({ size, sha256 });
      expect(await sumOf((await storage.values.open!("value"))!)).toEqual({ size, sha256 });
      expect((await storage.values.get("value"))?.byteLength).toBe(size);
    }
  });

  it("of 20 writers at once: one is told that it has won", async () => {
    const records = await Promise.all(
      Array.from({ length: 20 }, (_, i) => newStreamed("key", 9 * MiB + i, { seed: i })),
    );
    const won = await Promise.all(records.map(async (record) => open().put(...record, { ifAbsent: true })));
    expect(won.filter(Boolean)).toHaveLength(1);
    const { size, sha256 } = records[won.indexOf(true)]![0];
    expect(await contentOf("key")).toEqual({ size, sha256 });
    expect(await count("payload_sets")).toBe(1);
  }, 30_000);

  it("are fenced, published with others or not at all, and leave nothing where they are refused", async () => {
    const plain = (key: string, more?: Partial<RecordMetadata>) =>
      [metadataFor(key, "x", more), [Buffer.from("x")]] as const;
    await storage.put(...plain("key", { fence: 8 }));
    const stale = await newStreamed("key", 9 * MiB, { fence: 7 });
    await expect(storage.put(...stale)).rejects.toThrow(LockError);
    await expect(storage.putAll!([plain("new"), stale])).rejects.toMatchObject({ code: "OXBOW_LOCK_LOST", key: "key" });
    expect(await listed(storage.list())).toEqual(["key"]);
    expect(await count("payload_sets")).toBe(0);
    await storage.putAll!([
      plain("new"),
      await newStreamed("key", 9 * MiB, { fence: 8 }),
      await newStreamed("third", 10 * MiB),
    ]);
    expect((await contentOf("key")).size).toBe(9 * MiB);
    expect((await contentOf("third")).size).toBe(10 * MiB);
  });

  it("whose source fails, or gives other bytes than it said, leave nothing and what was there", async () => {
    const before = await newStreamed("key", 9 * MiB);
    await storage.put(...before);
    const broken: ByteSource = {
      size: 9 * MiB,
      async *chunks() {
        yield new Uint8Array(5 * MiB);
        throw new Error("the disk is gone");
      },
    };
    for (const wrong of [broken, { ...newSource(8 * MiB), size: 9 * MiB }, { ...newSource(10 * MiB), size: 9 * MiB }]) {
      const metadata = { ...before[0], sha256: "0".repeat(64) };
      await expect(storage.put(metadata, wrong)).rejects.toThrow(StorageError);
      await expect(storage.putAll!([[metadata, wrong]])).rejects.toThrow(StorageError);
      await expect(storage.values.put("value", wrong)).rejects.toThrow(StorageError);
    }
    expect((await contentOf("key")).sha256).toBe(before[0].sha256);
    expect(await storage.values.get("value")).toBeUndefined();
    expect(await count("payload_sets")).toBe(1);
  });

  it("that were replaced or removed are swept an hour after that was noticed, and not before", async () => {
    await storage.put(...(await newStreamed("key", 9 * MiB)));
    await storage.values.put("value", newSource(9 * MiB));
    const reading = (await storage.get("key"))!;
    await storage.put(metadataFor("key", "x"), [Buffer.from("x")]);
    await storage.values.delete("value");
    await sweep();
    await age("59 minutes");
    await sweep();
    expect(await count("payload_sets")).toBe(4);
    expect((await sumOf(reading.stream!())).size).toBe(9 * MiB);
    await age("2 minutes");
    await sweep();
    // The last one that sweeps has replaced one, too.
    await age("2 hours");
    await sweep();
    await age("2 hours");
    await sweep();
    const left = await count("payload_sets");
    expect(left).toBeLessThanOrEqual(3);
    expect(await count("payload_chunks")).toBe(left * 5);
    await expect(sumOf(reading.stream!())).rejects.toThrow(/was replaced or removed/);
    await expect(Promise.resolve(reading.bytes())).rejects.toThrow(RecordError);
    expect((await contentOf("sweeps")).size).toBe(9 * MiB);
  });

  it("that are being written are not swept; where they were, the writer is told, and publishes nothing", async () => {
    const [metadata, source] = await newStreamed("key", 12 * MiB);
    const disturbed = (disturb: () => Promise<unknown>): ByteSource => ({
      size: source.size,
      async *chunks() {
        let given = 0;
        for await (const chunk of source.chunks()) {
          yield chunk;
          if ((given += 1) === 60) await disturb();
        }
      },
    });
    await storage.put(
      metadata,
      disturbed(async () => (await age("59 minutes"), await sweep())),
    );
    expect(await contentOf("key")).toEqual({ size: metadata.size, sha256: metadata.sha256 });
    for (const key of ["key", "other"]) {
      const late = disturbed(async () => (await age("61 minutes"), await sweep()));
      await expect(storage.put({ ...metadata, key }, late)).rejects.toThrow(/a part of a value was removed/);
    }
    const dropped = disturbed(() => pool.query(`DELETE FROM "${schema}".payload_sets WHERE unused_since IS NOT NULL`));
    await expect(storage.values.put("value", dropped)).rejects.toThrow(StorageError);
    expect(await contentOf("key")).toEqual({ size: metadata.size, sha256: metadata.sha256 });
    expect(await storage.get("other")).toBeUndefined();
  });

  it("are not published where their chunks went at the last moment", async () => {
    const [metadata, source] = await newStreamed("key", 9 * MiB);
    const client = { said: "" };
    const meddling = {
      connect: async () => {
        const connection = await pool.connect();
        return {
          query: async (statement: { readonly text: string }) => {
            if (statement.text.includes("SET unused_since = NULL")) {
              client.said = statement.text;
              await pool.query(`DELETE FROM "${schema}".payload_sets`);
            }
            return connection.query(statement as never);
          },
          release: (isBad?: boolean) => connection.release(isBad),
        };
      },
    };
    const unlucky = postgresStorage(meddling, { schema });
    for (const ifAbsent of [true, false]) {
      await expect(unlucky.put(metadata, source, { ifAbsent })).rejects.toThrow(/a part of a value was removed/);
    }
    await expect(unlucky.values.put("value", source)).rejects.toThrow(/a part of a value was removed/);
    expect(client.said).not.toBe("");
    expect(await storage.get("key")).toBeUndefined();
    expect(await storage.values.get("value")).toBeUndefined();
  });

  it("of a process that was killed are swept an hour later", async () => {
    const script = `
      const { postgresStorage } = await import(${JSON.stringify(new URL("./postgres.ts", import.meta.url).href)});
      const { newStreamed } = await import(${JSON.stringify(new URL("../../tests/storage/sources.ts", import.meta.url).href)});
      const [metadata, source] = await newStreamed("key", 40 * ${MiB});
      async function* chunks() {
        let given = 0;
        for await (const chunk of source.chunks()) {
          yield chunk;
          if ((given += chunk.byteLength) > 20 * ${MiB}) process.kill(process.pid, "SIGKILL");
        }
      }
      await postgresStorage(process.argv[1], { schema: process.argv[2] }).put(metadata, { size: source.size, chunks });`;
    const child = spawn(process.execPath, [...flags, "--input-type=module", "-e", script, url!, schema], {
      stdio: "inherit",
    });
    expect((await once(child, "exit"))[1]).toBe("SIGKILL");
    expect(await storage.get("key")).toBeUndefined();
    expect(await count("payload_sets")).toBe(1);
    await age("61 minutes");
    await sweep();
    expect(await count("payload_sets")).toBe(1);
    expect((await contentOf("sweeps")).size).toBe(9 * MiB);
  });

  it("come to tables of the version before, whose records stay", async () => {
    await makeFirstVersion(schema, pool);
    const insert = (key: string, content: string): Promise<unknown> => {
      const { sha256, size } = metadataFor(key, content);
      return pool.query(
        `INSERT INTO "${schema}".records (key_head, key_digest, key_tail, format_version, created_at, serializer, size, sha256, duration_ms, task_name, task_run_id, tags, components, payload)
         VALUES ($1, '', '', 1, 1767225600000, 'json', $2, $3, 12.5, 'fetch-page', 'id', '[]', '{}', $4)
         ON CONFLICT (key_head, key_digest) DO UPDATE SET size = excluded.size, sha256 = excluded.sha256, payload = excluded.payload`,
        [Buffer.from(key), size, sha256, Buffer.from(content)],
      );
    };
    await insert("old", "content");
    expect(Buffer.from(await (await storage.get("old"))!.bytes()).toString()).toBe("content");
    expect((await storage.head("old"))?.signature).toBeUndefined();
    await storage.put(...(await newStreamed("old", 9 * MiB, { signature: "signed\0" })));
    expect(await storage.head("old")).toMatchObject({ size: 9 * MiB, signature: "signed\0" });
    expect((await contentOf("old")).size).toBe(9 * MiB);
    const { rows } = await pool.query(`SELECT version FROM "${schema}".oxbow_versions WHERE part = 'records'`);
    expect(rows).toEqual([{ version: 2 }]);
    // A process of the release before writes on, without knowing of chunks.
    await insert("old", "by the old one");
    expect(Buffer.from(await (await storage.get("old"))!.bytes()).toString()).toBe("by the old one");
    expect(await listed(open().list())).toEqual(["old"]);
  });

  it("come to tables of the version before only once, however many begin at once", async () => {
    await makeFirstVersion(schema, pool);
    await Promise.all(
      Array.from({ length: 8 }, async (_, i) => open().put(metadataFor(`key ${i}`, "x"), [Buffer.from("x")])),
    );
    expect(await listed(storage.list())).toHaveLength(8);
  });

  it("end in a StorageError where the server is killed, and say nothing wrong", async () => {
    const server = await startPostgres();
    const lost = postgresStorage(server.url);
    const record = await newStreamed("key", 20 * MiB);
    await lost.put(...record);
    const reading = (async () => {
      let isAlive = true;
      for await (const _ of (await lost.get("key"))!.stream!()) {
        if (isAlive) process.kill(server.pid, "SIGKILL");
        isAlive = false;
        await server.stop();
      }
    })();
    await expect(reading).rejects.toThrow(StorageError);
    await expect(lost.put(...record)).rejects.toThrow(StorageError);
    await lost.close();
  });

  it("that were written as chunks in memory may be as long as a row, and are streamed all the same", async () => {
    await storage.put(metadataFor("key", pattern(20_000_000, 1)), [pattern(20_000_000, 1)]);
    const { sha256 } = metadataFor("key", pattern(20_000_000, 1));
    expect(await contentOf("key")).toEqual({ size: 20_000_000, sha256 });
    const record = (await storage.get("key"))!;
    await storage.delete("key");
    await expect(sumOf(record.stream!())).rejects.toThrow(/was replaced or removed/);
    await storage.values.put("value", [pattern(20_000_000, 1)]);
    const stream = (await storage.values.open!("value"))!;
    await storage.values.put("value", [pattern(20_000_000, 2)]);
    await expect(sumOf(stream)).rejects.toThrow(RecordError);
  });
});

/** The tables as the first release made them. */
async function makeFirstVersion(schema: string, pool: pg.Pool): Promise<void> {
  const table = (name: string, between: string): string =>
    `CREATE TABLE "${schema}".${name} (key_head bytea NOT NULL, key_digest bytea NOT NULL, key_tail bytea NOT NULL, ${between}
      payload bytea NOT NULL, PRIMARY KEY (key_head, key_digest));`;
  await pool.query(`CREATE SCHEMA "${schema}";
    CREATE TABLE "${schema}".oxbow_versions (part text PRIMARY KEY, version integer NOT NULL);
    INSERT INTO "${schema}".oxbow_versions VALUES ('records', 1);
    ${table("plain_values", "")}
    ${table(
      "records",
      `format_version integer NOT NULL, created_at double precision NOT NULL, expires_at double precision, serializer text NOT NULL,
       size bigint NOT NULL, sha256 text NOT NULL, duration_ms double precision NOT NULL, task_name text NOT NULL,
       task_run_id text NOT NULL, flow_run_id text, tags text NOT NULL, components text NOT NULL, fence bigint, commit_id text,`,
    )}`);
}
