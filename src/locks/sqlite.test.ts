import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { mediumChecks } from "../../tests/locks/medium-checks.ts";
import { mediumPlaceChecks } from "../../tests/locks/medium-place-checks.ts";
import type { OpenMedium } from "../../tests/locks/two-media.ts";
import { isPromise } from "../kernel/awaitable.ts";
import { LockError, StorageError } from "../kernel/errors.ts";
import { sqliteStorage } from "../storage/sqlite.ts";
import { lockSuite } from "../testing/lock-suite.ts";
import { metadataFor } from "../testing/storage-checks/check.ts";
import { sqliteLocks } from "./sqlite.ts";
import { SqliteMedium } from "./sqlite/medium.ts";

lockSuite({ describe, it }, "sqliteLocks()", (options) => {
  const folder = mkdtempSync(join(tmpdir(), "oxbow-locks-"));
  return {
    locks: sqliteLocks(folder, options),
    another: () => sqliteLocks(folder, { lease: options.lease }),
    dispose: () => rmSync(folder, { recursive: true }),
  };
});

const openMedium: OpenMedium = (folder, clock) => new SqliteMedium(folder, clock);
mediumChecks("SqliteMedium", openMedium);
mediumPlaceChecks(
  "SqliteMedium",
  { url: new URL("./sqlite/medium.ts", import.meta.url), name: "SqliteMedium" },
  openMedium,
);

const leaseMs = 60_000;
let folder: string;
let file: string;
let medium: SqliteMedium;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "oxbow-locks-"));
  file = join(folder, "locks.db");
  medium = new SqliteMedium(folder);
});
afterEach(() => {
  medium.close();
  rmSync(folder, { recursive: true, force: true });
});

function countOf(table: string): unknown {
  const db = new DatabaseSync(file);
  try {
    return db.prepare(`SELECT count(*) AS n FROM ${table}`).get()!["n"];
  } finally {
    db.close();
  }
}

describe("The file of sqliteLocks()", () => {
  it("is one of its own, beside that of records", async () => {
    const storage = sqliteStorage(folder);
    await storage.put(metadataFor("key", "content"), [Buffer.from("content")]);
    const locks = sqliteLocks(folder);
    const lease = await locks.acquire("key", "holder");
    expect(readdirSync(folder).filter((name) => name.endsWith(".db"))).toEqual(["locks.db", "records.db"]);
    expect(await lease!.release()).toBe(true);
    await locks.close();
    await storage.close();
    expect(readdirSync(folder).sort()).toEqual(["locks.db", "records.db"]);
  });

  it("does not grow with what was locked", async () => {
    for (let i = 0; i < 3000; i += 1) {
      const grant = await medium.tryAcquire({
        key: `key ${i}`,
        holder: "holder",
        leaseMs,
        waiter: "waiter",
        reserveMs: 200,
      });
      await medium.release(`key ${i}`, grant!.token);
    }
    expect(countOf("locks"), "The row of the tokens").toBe(1);
    expect(countOf("reservations")).toBe(0);
  });

  it("loses what has expired when the next process locks something", async () => {
    const away = new SqliteMedium(folder, { now: () => Date.now() - 2 * leaseMs, schedule: () => () => undefined });
    for (const key of ["a", "b", "c"]) await away.tryAcquire({ key, holder: "away", leaseMs });
    await away.tryAcquire({ key: "a", holder: "away", leaseMs, waiter: "away", reserveMs: 200 });
    away.close();
    expect([countOf("locks"), countOf("reservations")]).toEqual([4, 1]);
    await medium.tryAcquire({ key: "key", holder: "holder", leaseMs });
    expect([countOf("locks"), countOf("reservations")]).toEqual([2, 0]);
  });

  it.each([
    [
      "a database of another program",
      () => withFile((db) => db.exec("PRAGMA application_id = 42; CREATE TABLE t (x)")),
    ],
    ["a database without a name", () => withFile((db) => db.exec("CREATE TABLE t (x)"))],
    [
      "a database of records",
      () => withFile((db) => db.exec("PRAGMA application_id = 1333289591; CREATE TABLE t (x)")),
    ],
    ["a folder", () => mkdirSync(file)],
    ["no database", () => writeFileSync(file, "something else ".repeat(100))],
  ])("is left alone where it is %s, and the error names it", async (_, make) => {
    make();
    for (const use of [() => medium.tryAcquire({ key: "key", holder: "holder", leaseMs }), () => medium.look("key")])
      await expect(async () => use()).rejects.toThrow(StorageError);
    const locks = sqliteLocks(folder);
    const failure = await Promise.resolve()
      .then(() => locks.acquire("key", "holder"))
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(LockError);
    expect(failure).toMatchObject({
      code: "OXBOW_LOCK_FAILED",
      message: expect.stringContaining("locks.db") as string,
    });
    await locks.close();
  });

  it("is refused where a newer release made it", async () => {
    await medium.tryAcquire({ key: "key", holder: "holder", leaseMs });
    medium.close();
    withFile((db) => db.exec("PRAGMA user_version = 99"));
    await expect(async () => medium.look("key")).rejects.toThrow(/schema version 99/);
  });
});

describe("Another process that keeps the file of sqliteLocks() busy", () => {
  it("is waited for without stopping this one", async () => {
    const first = await medium.tryAcquire({ key: "key", holder: "holder", leaseMs });
    const busy = new DatabaseSync(file);
    busy.exec("BEGIN IMMEDIATE");
    const started = performance.now();
    const second = medium.tryAcquire({ key: "another", holder: "holder", leaseMs });
    const renewed = medium.renew("key", first!.token, leaseMs);
    expect(performance.now() - started, "Two short waits").toBeLessThan(1000);
    expect(isPromise(second) && isPromise(renewed)).toBe(true);
    expect(await medium.look("key"), "Reading waits for nobody").toEqual(first);
    await sleep(20);
    busy.exec("COMMIT");
    busy.close();
    expect(await second).toBeDefined();
    expect(await renewed).toBe(true);
  });
});

function withFile(use: (db: DatabaseSync) => void): void {
  const db = new DatabaseSync(file);
  use(db);
  db.close();
}
