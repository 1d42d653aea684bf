/* Several processes and one history: they write at once, are killed, hold the lock. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sqliteRunStore } from "../../src/history/sqlite.ts";
import type { RunStore } from "../../src/history/run-store.ts";
import { isPromise } from "../../src/kernel/awaitable.ts";
import { batch, flowRun, idOf, taskRun } from "../../src/testing/run-store-checks/check.ts";
import type { HistoryOrder } from "./history-process.ts";

const script = fileURLToPath(new URL("history-process.ts", import.meta.url));
const flags = process.features.typescript ? [] : ["--experimental-strip-types"];

interface Started {
  readonly child: ChildProcess;
  readonly lines: string[];
  readonly ended: Promise<unknown>;
}

describe("The file of sqliteRunStore()", () => {
  const started: Started[] = [];
  let folder: string;
  let file: string;
  let store: RunStore;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "oxbow-history-"));
    file = join(folder, "history.db");
    store = sqliteRunStore(file);
  });
  afterEach(async () => {
    for (const { child } of started) child.kill("SIGKILL");
    for (const { ended } of started.splice(0)) await ended;
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });

  function start(order: Partial<HistoryOrder>): Started {
    const full: HistoryOrder = { mode: "rounds", file, number: 1, ...order };
    const child = spawn(process.execPath, [...flags, "--no-warnings", script, JSON.stringify(full)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const lines: string[] = [];
    let rest = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      const all = (rest + text).split("\n");
      rest = all.pop()!;
      lines.push(...all);
    });
    const one = { child, lines, ended: once(child, "close") };
    started.push(one);
    return one;
  }

  it("is written by four processes at once, which all begin with none", async () => {
    const rounds = 60;
    const all = [1, 2, 3, 4].map((number) => start({ number, rounds }));
    await Promise.all(all.map(({ ended }) => ended));
    for (const { lines } of all) expect(lines).toHaveLength(rounds);
    expect(await store.check()).toEqual({ schema: 1, flowRuns: 4 * rounds, taskRuns: 4 * rounds * 10 });
    expect(await store.taskRuns.list({ key: "3", limit: 1000 })).toHaveLength(4 * rounds);
  });

  it("has everything that a killed process had written, and no part of a batch", async () => {
    for (let round = 1; round <= 4; round += 1) {
      const victim = start({ number: round, rounds: 100_000 });
      await expect.poll(() => victim.lines.length, { timeout: 20_000, interval: 2 }).toBeGreaterThan(20 * round);
      victim.child.kill("SIGKILL");
      await victim.ended;
      const first = round * 1_000_000;
      const runs = victim.lines.length;
      expect(await store.flowRuns.find(idOf("f", first + runs - 1))).toBeDefined();
      const ids = [...victim.lines.keys()].map((n) => flowRun(first + n).id);
      for (const flowRunId of ids) expect(await store.taskRuns.list({ flowRunId })).toHaveLength(10);
      const { flowRuns, taskRuns } = await store.check();
      expect(taskRuns).toBe(flowRuns * 10);
    }
    await store.close();
    const db = new DatabaseSync(file);
    expect(db.prepare("PRAGMA integrity_check").get()).toEqual({ integrity_check: "ok" });
    db.close();
  });

  it("is written by a process that exits", async () => {
    const one = start({ mode: "exit" });
    await one.ended;
    expect(one.lines).toEqual(["written"]);
    expect(await store.taskRuns.find(idOf("a", 1_000_000))).toEqual(taskRun(1_000_000));
  });

  it("is waited for while another process holds its lock, and batches keep their order", async () => {
    await store.write(batch({ taskRuns: [taskRun(1)] }));
    const holder = start({ mode: "hold", holdMs: 400 });
    await expect.poll(() => holder.lines.length, { timeout: 20_000, interval: 2 }).toBe(1);
    const begun = performance.now();
    const writes = [2, 3, 4].map((attempt) => store.write(batch({ taskRuns: [taskRun(1, { attempt })] })));
    expect(performance.now() - begun, "The event loop goes on").toBeLessThan(300);
    expect(writes.every(isPromise)).toBe(true);
    // What is there can be read meanwhile.
    expect((await store.taskRuns.find(idOf("a", 1)))?.attempt).toBe(1);
    await Promise.all(writes);
    expect((await store.taskRuns.find(idOf("a", 1)))?.attempt).toBe(4);
  });
});
