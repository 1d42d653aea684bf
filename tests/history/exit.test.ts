/* What is in the history when a process ends before its first batch: by itself, by an exception, by a signal. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sqliteRunStore } from "../../src/history/sqlite.ts";
import { batch } from "../../src/testing/run-store-checks/check.ts";

const script = fileURLToPath(new URL("exit-process.ts", import.meta.url));
const flags = process.features.typescript ? [] : ["--experimental-strip-types"];

let home: string;
let child: ChildProcess | undefined;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "oxbow-exit-"));
});
afterEach(() => {
  child?.kill("SIGKILL");
  rmSync(home, { recursive: true, force: true });
});

interface Ended {
  readonly code: number | null;
  readonly stderr: string;
}

async function run(how: string, signal?: NodeJS.Signals): Promise<Ended> {
  const env = { ...process.env, OXBOW_HOME: home, OXBOW_HISTORY_ENABLED: "true", OXBOW_LOGGING_LEVEL: "warn" };
  child = spawn(process.execPath, [...flags, "--no-warnings", script, how], { env, stdio: ["ignore", "pipe", "pipe"] });
  let stderr = "";
  child.stderr!.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  child.stdout!.on("data", () => signal && child!.kill(signal));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, stderr };
}

async function recorded(): Promise<Record<string, readonly string[]>> {
  const store = sqliteRunStore(join(home, "oxbow.db"));
  const last = (runs: readonly { readonly states: ReadonlyArray<{ readonly name: string }> }[]): string[] =>
    runs.map(({ states }) => states.at(-1)!.name);
  const flows = Object.fromEntries(
    (await store.flowRuns.list()).map(({ flowName, states }) => [flowName, [states.at(-1)!.name]]),
  );
  const tasks = last(await store.taskRuns.list({ of: "add-one" }));
  await store.close();
  return { ...flows, tasks };
}

const three = ["Completed", "Completed", "Completed"];

describe("The history of a process that ends before its first batch", () => {
  it("has its runs after process.exit()", async () => {
    expect(await run("exit")).toEqual({ code: 0, stderr: "" });
    expect(await recorded()).toEqual({ sums: ["Completed"], tasks: three });
  });

  it("has its runs after an exception that nobody caught", async () => {
    expect(await run("throw")).toMatchObject({ code: 1, stderr: expect.stringContaining("nobody catches this") });
    expect(await recorded()).toEqual({ sums: ["Completed"], waiting: ["Running"], tasks: three });
  });

  it.each([["SIGTERM", 143] as const, ["SIGINT", 130] as const])("has its runs after %s", async (signal, code) => {
    expect(await run("signal", signal)).toMatchObject({ code });
    expect(await recorded()).toEqual({ sums: ["Completed"], waiting: ["Cancelled"], tasks: three });
  });
});

describe("A history that cannot be made", () => {
  it("is named when the process exits", async () => {
    writeFileSync(join(home, "file"), "");
    home = join(home, "file");
    const { code, stderr } = await run("exit");
    home = dirname(home);
    expect(code).toBe(0);
    expect(stderr).toMatch(/4 rows of the run history are not written: .*ENOTDIR/);
  });
});

describe("The history of a process that ends while another one writes", () => {
  const hold = (): DatabaseSync => {
    void sqliteRunStore(join(home, "oxbow.db")).write(batch({}));
    const db = new DatabaseSync(join(home, "oxbow.db"));
    db.exec("BEGIN IMMEDIATE");
    return db;
  };

  it.each(["exit", "slow"])("waits for that one (%s)", async (how) => {
    const db = hold();
    const ended = run(how);
    const letGo = setTimeout(() => db.exec("COMMIT"), 900);
    expect(await ended).toEqual({ code: 0, stderr: "" });
    clearTimeout(letGo);
    db.close();
    expect(await recorded()).toEqual({ sums: ["Completed"], tasks: three });
  });

  it.each(["exit", "slow"])("says what it could not write after a second (%s)", async (how) => {
    const db = hold();
    const { code, stderr } = await run(how);
    db.close();
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /The process ends, and 4 rows of the run history are not written: Cannot use .*oxbow\.db: another process holds it locked/,
    );
  });
});
