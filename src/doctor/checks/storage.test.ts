import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { complaints, findingsOf, newFolder } from "../../../tests/fixtures/doctor.ts";
import { startPostgres } from "../../../tests/services/postgres.ts";
import { startRedis } from "../../../tests/services/redis.ts";
import { pgUrl, redisUrl } from "../../../tests/services/services.ts";
import { Postgres } from "../../io/postgres.ts";
import { fileStorage } from "../../storage/file.ts";
import { memoryStorage } from "../../storage/memory.ts";
import { postgresStorage } from "../../storage/postgres.ts";
import { redisStorage } from "../../storage/redis.ts";
import { sqliteStorage } from "../../storage/sqlite.ts";
import type { RecordMetadata, Storage } from "../../storage/storage.ts";
import { storage } from "./storage.ts";

/** A storage with one method replaced. */
function broken(changes: Partial<Storage>): Storage {
  const inner = memoryStorage();
  return new Proxy(inner, {
    get: (target, name) => {
      if (name in changes) return changes[name as keyof Storage];
      const value = Reflect.get(target, name) as unknown;
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

async function keysIn(one: Storage): Promise<readonly string[]> {
  const keys: string[] = [];
  for await (const { key } of one.list()) keys.push(key);
  return keys;
}

describe("A storage", () => {
  const redis = redisUrl();
  const postgres = pgUrl();

  it("of the settings, or one that is passed, passes and keeps nothing of it", async () => {
    const home = newFolder();
    expect(complaints(await findingsOf(storage, { settings: { home } }))).toEqual([]);
    const storages = [memoryStorage(), fileStorage(newFolder()), sqliteStorage(newFolder())];
    const found = await findingsOf(storage, { storages });
    expect(complaints(found)).toEqual([]);
    expect(found).toHaveLength(9);
    for (const each of storages) expect(await keysIn(each)).toEqual([]);
    expect(found[2]!.message).toMatch(/^putIfAbsent, .*; not persistent$/);
  });

  it("on real servers passes", async (context) => {
    const urls = [await redis, await postgres];
    if (urls.some((url) => url === undefined)) return context.skip();
    const storages = [
      redisStorage(urls[0]!, { prefix: "doctor:" }),
      postgresStorage(urls[1]!, { schema: "oxbow_doctor_storage" }),
    ];
    expect(complaints(await findingsOf(storage, { storages }))).toEqual([]);
    await Promise.all(storages.map((each) => each.close()));
  });

  it("that is a block which does not exist fails, by name", async () => {
    const settings = { home: newFolder(), results: { defaultStorageBlock: "block:s3/nowhere" } };
    expect(complaints(await findingsOf(storage, { settings }))).toEqual([
      expect.stringContaining("fail block:s3/nowhere: block:s3/nowhere does not exist"),
    ]);
  });

  it("that cannot be written fails: a file is in its place", async () => {
    const place = newFolder();
    writeFileSync(join(place, "file"), "");
    const [one] = complaints(await findingsOf(storage, { storages: [fileStorage(join(place, "file", "results"))] }));
    expect(one).toMatch(/^fail file .*ENOTDIR/);
  });

  it("whose file is no database fails", async () => {
    const folder = newFolder();
    writeFileSync(join(folder, "records.db"), "not a database ".repeat(1000));
    expect(complaints(await findingsOf(storage, { storages: [sqliteStorage(folder)] }))[0]).toContain("not a database");
  });

  it("whose server is down fails, and the others are looked at", async () => {
    const storages = [redisStorage("redis://:hunter2@127.0.0.1:1", { timeout: "2s" }), memoryStorage()];
    const found = await findingsOf(storage, { storages });
    expect(complaints(found)).toEqual([expect.stringMatching(/^fail redis redis:\/\/127\.0\.0\.1:1: .*ECONNREFUSED/)]);
    expect(JSON.stringify(found)).not.toContain("hunter2");
    expect(found).toHaveLength(4);
  });

  it("whose server has been stopped fails, without its password", async (context) => {
    const server = await startPostgres().catch(() => undefined);
    if (server === undefined) return context.skip();
    const one = postgresStorage(server.url.replace("postgres@", "postgres:hunter2@"));
    expect(complaints(await findingsOf(storage, { storages: [one] }))).toEqual([]);
    await server.stop();
    const found = await findingsOf(storage, { storages: [one] });
    expect(complaints(found)[0]).toMatch(/^fail postgres postgres:\/\/127/);
    expect(JSON.stringify(found)).not.toContain("hunter2");
    await one.close();
  });

  it("fails with a wrong password, without showing it", async (context) => {
    const server = await startPostgres().catch(() => undefined);
    if (server === undefined) return context.skip();
    const admin = new Postgres(server.url);
    const say = (text: string) => admin.query({ text, action: "set up" });
    await say("ALTER USER postgres PASSWORD 'right'");
    const file = Buffer.from((await say("SHOW hba_file")).rows[0]![0] as string).toString();
    await say(`COPY (SELECT 'host all all 127.0.0.1/32 scram-sha-256') TO '${file}'`);
    await say("SELECT pg_reload_conf()");
    await admin.close();
    const one = postgresStorage(server.url.replace("postgres@", "postgres:hunter2@"));
    const found = await findingsOf(storage, { storages: [one] });
    expect(complaints(found)).toEqual([expect.stringMatching(/^fail postgres .*password authentication failed/)]);
    expect(JSON.stringify(found)).not.toContain("hunter2");
    await one.close();
    await server.stop();
  });

  it("fails where Redis refuses the password, without showing it", async (context) => {
    const server = await startRedis(undefined, ["--requirepass", "right"]).catch(() => undefined);
    if (server === undefined) return context.skip();
    const one = redisStorage(server.url.replace("//", "//:hunter2@"), { timeout: "2s" });
    const found = await findingsOf(storage, { storages: [one] });
    expect(complaints(found)).toEqual([expect.stringMatching(/^fail redis /)]);
    expect(JSON.stringify(found)).not.toContain("hunter2");
    await one.close();
    await server.stop();
  });

  it.each<[string, (inner: Storage) => Partial<Storage>]>([
    ["A record was not written, and nothing said so", () => ({ put: () => false })],
    ["A record that was written is not there", () => ({ put: () => true })],
    [
      "A record came back with other bytes",
      (inner) => ({
        put: (metadata: RecordMetadata, payload) => inner.put(metadata, payload),
        get: async (key) => {
          const found = await inner.get(key);
          return (
            found && { metadata: found.metadata, bytes: async () => (await found.bytes()).map((byte) => byte ^ 1) }
          );
        },
      }),
    ],
    ["A record that is there is not listed", () => ({ async *list() {} })],
    ["A record that was there could not be removed, and nothing said so", () => ({ delete: () => false })],
  ])("that lies fails: %s", async (message, changes) => {
    const [one] = complaints(await findingsOf(storage, { storages: [broken(changes(memoryStorage()))] }));
    expect(one).toContain(message);
  });

  it("that lets several writers win fails, and one that does not say otherwise is named", async () => {
    const inner = memoryStorage();
    const put: Storage["put"] = async (metadata, payload, options) => {
      if (options?.ifAbsent && (await inner.head(metadata.key))) return false;
      await new Promise((resolve) => setImmediate(resolve));
      return inner.put(metadata, payload);
    };
    const racy = broken({
      put,
      get: (key) => inner.get(key),
      delete: (key) => inner.delete(key),
      list: (o) => inner.list(o),
    });
    expect(complaints(await findingsOf(storage, { storages: [racy] }))).toEqual([
      expect.stringContaining("of several writers exactly one wins, and of 4 there won 4"),
    ]);
    expect(await keysIn(inner)).toEqual([]);
    const honest = broken({ capabilities: { ...inner.capabilities, putIfAbsent: false } });
    expect(complaints(await findingsOf(storage, { storages: [honest] }))).toEqual([
      expect.stringContaining("The medium does not decide between several writers"),
    ]);
  });
});
