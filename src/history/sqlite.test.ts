import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { isPromise } from "../kernel/awaitable.ts";
import { StorageError } from "../kernel/errors.ts";
import { batch, flowRun, idOf, idsOf, start, taskRun } from "../testing/run-store-checks/check.ts";
import { runStoreSuite } from "../testing/run-store-suite.ts";
import type { RunStore } from "./run-store.ts";
import { sqliteRunStore } from "./sqlite.ts";

runStoreSuite({ describe, it }, "sqliteRunStore()", () => {
  const place = mkdtempSync(join(tmpdir(), "oxbow-history-"));
  const open = (): RunStore => sqliteRunStore(join(place, "below", "history.db"));
  return { store: open(), another: open, dispose: () => rmSync(place, { recursive: true, force: true }) };
});

const moduleUrl = new URL("./sqlite.ts", import.meta.url).href;
const kitUrl = new URL("../testing/run-store-checks/check.ts", import.meta.url).href;

let folder: string;
let file: string;
let store: RunStore;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "oxbow-history-"));
  file = join(folder, "history.db");
  store = sqliteRunStore(file);
});
afterEach(async () => {
  vi.restoreAllMocks();
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const write = (n: number, into: RunStore = store): unknown => into.write(batch({ taskRuns: [taskRun(n)] }));

function withDatabase<T>(use: (db: DatabaseSync) => T): T {
  const db = new DatabaseSync(file);
  try {
    return use(db);
  } finally {
    db.close();
  }
}

describe("The file of sqliteRunStore()", () => {
  it("is not made by questions, and belongs to this user alone", async () => {
    const below = join(folder, "a", "b");
    const absent = sqliteRunStore(join(below, "history.db"));
    await absent.taskRuns.list();
    await absent.flowRuns.delete(["x"]);
    await absent.prune(start);
    await absent.questions.answer("x", "y", "1", 1);
    expect(await absent.check()).toEqual({ schema: 0, flowRuns: 0, taskRuns: 0 });
    expect(existsSync(join(folder, "a"))).toBe(false);
    await write(1, absent);
    if (process.platform !== "win32") {
      expect(statSync(below).mode & 0o777).toBe(0o700);
      for (const name of readdirSync(below)) expect(statSync(join(below, name)).mode & 0o777, name).toBe(0o600);
    }
    await absent.close();
    expect(readdirSync(below)).toEqual(["history.db"]);
  });

  it("is written before write() returns", () => {
    expect(isPromise(store.write(batch({ taskRuns: [taskRun(1)], flowRuns: [flowRun(1)] })))).toBe(false);
    expect(withDatabase((db) => db.prepare("SELECT count(*) AS n FROM task_runs").get())).toEqual({ n: 1 });
  });

  it("is seen through when it was removed or replaced, and made again", async () => {
    await write(1);
    rmSync(folder, { recursive: true });
    const now = performance.now();
    vi.spyOn(performance, "now").mockImplementation(() => now + 2000);
    expect(await store.taskRuns.list()).toEqual([]);
    await write(2);
    expect(idsOf(await sqliteRunStore(file).taskRuns.list())).toEqual([idOf("a", 2)]);
  });

  it("finds keys in every part of the table", async () => {
    await write(1);
    // As if sixteen thousand rows and more had been written in between, twice.
    for (const n of [20_000, 40_000]) {
      withDatabase((db) => db.exec(`UPDATE task_runs SET n = ${n} WHERE n = (SELECT max(n) FROM task_runs)`));
      await store.write(batch({ taskRuns: [taskRun(n, { key: "key" }), taskRun(n + 1, { key: "key" })] }));
    }
    await store.write(batch({ taskRuns: [taskRun(20_000, { key: "key", attempt: 2 })] }));
    expect(withDatabase((db) => db.prepare("SELECT count(*) AS n FROM task_run_parts").get())).toEqual({ n: 3 });
    const found = await store.taskRuns.list({ key: "key" });
    expect(found.map(({ id }) => id)).toEqual([40_001, 40_000, 20_001, 20_000].map((n) => idOf("a", n)));
    expect(found.at(-1)!.attempt).toBe(2);
    expect(idsOf(await store.taskRuns.list({ key: "key", limit: 1 }))).toEqual([idOf("a", 40_001)]);
    expect(await store.taskRuns.lastUses(["key"])).toEqual(new Map([["key", start + 40_001_010]]));
    expect((await store.taskRuns.stats({ key: "key" }))[0]!.runs).toBe(4);
    await store.prune(start + 30_000_000);
    expect(withDatabase((db) => db.prepare("SELECT count(*) AS n FROM task_run_parts").get())).toEqual({ n: 1 });
    expect(idsOf(await store.taskRuns.list({ key: "key" }))).toEqual([idOf("a", 40_001), idOf("a", 40_000)]);
  });

  it("answers from indexes alone what would take too long row by row", async () => {
    await write(1);
    const prepare = vi.spyOn(DatabaseSync.prototype, "prepare");
    await store.taskRuns.list({ state: "FAILED" });
    await store.taskRuns.list({ outcome: "hit", since: start });
    await store.taskRuns.list();
    await store.taskRuns.find("a000");
    await store.taskRuns.stats({ since: start });
    await store.flowRuns.unfinished();
    const plans = prepare.mock.calls.map(([sql]) => planOf(sql));
    expect(plans).toHaveLength(6);
    for (const plan of plans) expect(plan.join("\n")).not.toMatch(/SCAN \w+$/m);
  });

  function planOf(sql: string): string[] {
    return withDatabase((db) =>
      db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(
        ...sql
          .split("?")
          .slice(1)
          .map(() => "1"),
      ),
    ).map(({ detail }) => String(detail));
  }
});

describe("A database that sqliteRunStore() cannot use", () => {
  async function expectRefusal(message: RegExp): Promise<void> {
    const before = readFileSync(file);
    for (const work of [
      () => write(1),
      () => store.taskRuns.list(),
      () => store.flowRuns.delete(["x"]),
      () => store.requests.cancel("x", 1),
      () => store.check(),
    ]) {
      const error = await (async () => work())().catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(StorageError);
      expect(String(error)).toMatch(message);
      expect(String(error)).toContain(file);
    }
    expect(readFileSync(file).equals(before), "The file was changed").toBe(true);
  }

  it("is no database", async () => {
    writeFileSync(file, "This is a text about lakes. ".repeat(500));
    await expectRefusal(/move the file away/);
  });

  it("is damaged", async () => {
    await store.write(batch({ taskRuns: Array.from({ length: 500 }, (_, n) => taskRun(n)) }));
    await store.close();
    const bytes = readFileSync(file);
    bytes.fill(0xff, 4096);
    writeFileSync(file, bytes);
    await expect(store.taskRuns.list()).rejects.toThrow(/malformed[^]*move the file away/);
    await expect(async () => write(600)).rejects.toThrow(StorageError);
  });

  it("comes from a newer release", async () => {
    await write(1);
    await store.close();
    withDatabase((db) => db.exec("PRAGMA user_version = 99"));
    await expectRefusal(/schema version 99.*\n.*update this one/);
  });

  it("belongs to another program", async () => {
    withDatabase((db) => db.exec("CREATE TABLE albums (title TEXT)"));
    await expectRefusal(/another program/);
  });

  it("is a folder, or below a file", async () => {
    mkdirSync(file);
    await expect(async () => write(1)).rejects.toThrow(/is not a file/);
    await expect(store.taskRuns.list()).rejects.toThrow(/is not a file/);
    const below = join(folder, "text", "history.db");
    writeFileSync(join(folder, "text"), "");
    await expect(async () => write(1, sqliteRunStore(below))).rejects.toThrow(/a file is where a folder has to be/);
    await expect(sqliteRunStore(below).check()).rejects.toThrow(StorageError);
  });

  it("is said to be locked after 10 s, and nothing is written later", async () => {
    await write(1);
    const held = new DatabaseSync(file);
    held.exec("BEGIN IMMEDIATE");
    const written = store.write(batch({ taskRuns: [taskRun(2)] }));
    const now = performance.now();
    vi.spyOn(performance, "now").mockImplementation(() => now + 11_000);
    await expect(written).rejects.toThrow(/locked for 10 s\n.*keeps a transaction open/);
    held.exec("COMMIT");
    held.close();
    await write(3);
    expect(idsOf(await store.taskRuns.list())).toEqual([idOf("a", 3), idOf("a", 1)]);
  });
});

describe.skipIf(process.getuid?.() === undefined)("A folder that cannot be written", () => {
  /** The superuser may write everything. */
  async function withoutRights(body: () => Promise<void>): Promise<void> {
    if (process.getuid!() !== 0) return body();
    process.seteuid!(65_534);
    try {
      await body();
    } finally {
      process.seteuid!(0);
    }
  }

  it("gives what is in it, and says why nothing can be written", async () => {
    await write(1);
    await store.close();
    chmodSync(file, 0o444);
    chmodSync(folder, 0o555);
    await withoutRights(async () => {
      const late = sqliteRunStore(file);
      expect(idsOf(await late.taskRuns.list())).toEqual([idOf("a", 1)]);
      await expect(async () => write(2, late)).rejects.toThrow(/Cannot write .*\n.*give this user the right/);
      await expect(late.check()).rejects.toThrow(/give this user the right/);
      await late.close();
      await expect(async () => write(2, sqliteRunStore(join(folder, "new.db")))).rejects.toThrow(StorageError);
    });
    // Of the superuser's rights this asks as well, whoever it acts for.
    if (process.getuid!() !== 0)
      await expect(sqliteRunStore(join(folder, "x", "new.db")).check()).rejects.toThrow(/EACCES/);
    chmodSync(folder, 0o755);
  });
});

describe.skipIf(process.platform === "win32")("A disk that is full", () => {
  it("is a StorageError, and nothing that was written is lost", () => {
    const script = `
      process.on("SIGXFSZ", () => undefined);
      const { sqliteRunStore } = await import(${JSON.stringify(moduleUrl)});
      const { batch, taskRun } = await import(${JSON.stringify(kitUrl)});
      const store = sqliteRunStore(${JSON.stringify(file)});
      let written = 0;
      try {
        for (; written < 10_000; written += 1) await store.write(batch({ taskRuns: [taskRun(written, { error: "x".repeat(5000) })] }));
      } catch (error) {
        console.log(error.name, error.code, error.hint !== undefined);
      }
      const { taskRuns } = await store.check().catch(async () => ({ taskRuns: (await store.taskRuns.list({ limit: 10_000 })).length }));
      console.log(taskRuns === written && written > 0);`;
    const run = spawnSync(
      "bash",
      ["-c", `ulimit -f 600; exec "$0" --no-warnings --input-type=module -e "$1"`, process.execPath, script],
      { encoding: "utf8" },
    );
    expect(run.stdout, run.stderr).toBe("StorageError OXBOW_STORAGE_FAILED true\ntrue\n");
  });
});

describe("Kysely", () => {
  it("is not loaded by writing, nor by what every process asks", () => {
    const script = `
      const { sqliteRunStore } = await import(${JSON.stringify(moduleUrl)});
      const { batch, taskRun } = await import(${JSON.stringify(kitUrl)});
      const { registerHooks } = await import("node:module");
      let loaded = 0;
      registerHooks({ resolve: (name, context, next) => { if (name === "kysely") loaded += 1; return next(name, context); } });
      const store = sqliteRunStore(${JSON.stringify(file)});
      store.write(batch({ taskRuns: [taskRun(1)] }));
      await store.cacheEvents.list({ limit: 1 });
      console.log(loaded);
      await store.taskRuns.list();
      console.log(loaded);
      await store.close();`;
    const run = spawnSync(process.execPath, ["--no-warnings", "--input-type=module", "-e", script], {
      encoding: "utf8",
    });
    expect(run.stdout, run.stderr).toBe("0\n1\n");
  });
});
