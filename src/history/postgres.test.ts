import { randomUUID } from "node:crypto";
import pg from "pg";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { pgUrl } from "../../tests/services/services.ts";
import { StorageError } from "../kernel/errors.ts";
import { batch, flowRun, idsOf, taskRun } from "../testing/run-store-checks/check.ts";
import { runStoreSuite } from "../testing/run-store-suite.ts";
import { postgresRunStore } from "./postgres.ts";
import type { RunStore } from "./run-store.ts";

const url = await pgUrl();

describe.skipIf(url === undefined)("With a PostgreSQL", () => {
  const pool = new pg.Pool({ connectionString: url });
  let schema: string;
  let store: RunStore;

  beforeEach(() => {
    schema = `history "${randomUUID()}`;
    store = postgresRunStore(url!, { schema });
  });
  afterEach(async () => {
    await store.close();
    await drop(schema);
  });
  afterAll(() => pool.end());

  async function drop(name: string): Promise<void> {
    await pool.query(`DROP SCHEMA IF EXISTS "${name.replaceAll('"', '""')}" CASCADE`);
  }

  runStoreSuite({ describe, it }, "postgresRunStore()", () => {
    const name = `history ${randomUUID()}`;
    const open = (): RunStore => postgresRunStore(url!, { schema: name });
    return { store: open(), another: open, dispose: () => drop(name) };
  });

  it("makes nothing by reading, checking, or answering", async () => {
    expect(await store.taskRuns.list()).toEqual([]);
    expect(await store.questions.answer("run", "name", "1", 1)).toBe(false);
    expect(await store.prune(1)).toBe(0);
    expect(await store.check()).toEqual({ schema: 0, flowRuns: 0, taskRuns: 0 });
    const { rows } = await pool.query("SELECT 1 FROM pg_namespace WHERE nspname = $1", [schema]);
    expect(rows).toEqual([]);
  });

  it("is made once by many who begin at the same moment", async () => {
    const stores = Array.from({ length: 8 }, () => postgresRunStore({ connectionString: url!, max: 2 }, { schema }));
    await Promise.all(stores.map((each, n) => each.write(batch({ taskRuns: [taskRun(n)], flowRuns: [flowRun(1)] }))));
    await Promise.all(stores.map((each) => each.close()));
    expect((await store.taskRuns.list()).length).toBe(8);
  });

  it("takes rows of the same runs from two at once, in whatever order", async () => {
    const other = postgresRunStore(url!, { schema });
    const rows = Array.from({ length: 200 }, (_, n) => taskRun(n));
    await store.write(batch({ taskRuns: [taskRun(0)] }));
    const writes = Array.from({ length: 10 }, (_, n) =>
      (n % 2 ? store : other).write(batch({ taskRuns: n % 2 ? rows : rows.toReversed() })),
    );
    await Promise.all(writes);
    await other.close();
    expect(idsOf(await store.taskRuns.list({ limit: 1000 }))).toEqual(idsOf(rows.toReversed()));
  });

  it("leaves tables of a newer release alone", async () => {
    await store.write(batch({ taskRuns: [taskRun(1)] }));
    const quoted = `"${schema.replaceAll('"', '""')}"`;
    await pool.query(`UPDATE ${quoted}.oxbow_versions SET version = 99 WHERE part = 'history'`);
    const late = postgresRunStore(url!, { schema });
    await expect(late.taskRuns.list()).rejects.toThrow(/its history have version 99.*\n.*update this one/);
    await expect(late.write(batch({ taskRuns: [taskRun(2)] }))).rejects.toThrow(StorageError);
    await expect(late.check()).rejects.toThrow(StorageError);
    await late.close();
  });

  it("writes what was handed over before it was closed", async () => {
    const written = store.write(batch({ taskRuns: [taskRun(1)] }));
    const later = store.write(batch({ taskRuns: [taskRun(2)] }));
    await store.close();
    await Promise.all([written, later]);
    expect((await store.taskRuns.list()).length).toBe(2);
  });
});

describe("Without a server", () => {
  it("fails with a StorageError that has no credentials in it", async () => {
    const store = postgresRunStore("postgres://someone:hunter2@127.0.0.1:1/app");
    expect(store.location).toBe("postgres://127.0.0.1:1/app?schema=oxbow");
    for (const work of [
      () => store.taskRuns.list(),
      () => store.write(batch({ taskRuns: [taskRun(1)] })),
      () => store.check(),
    ]) {
      const error = await Promise.resolve(work()).catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(StorageError);
      expect(String(error)).toMatch(/ECONNREFUSED.*\n.*the server runs/);
      expect(JSON.stringify(error) + String(error)).not.toContain("hunter2");
    }
    await store.close();
  });
});
