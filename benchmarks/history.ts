/*
 * What the history costs: `node benchmarks/history.ts [--rows 1000000] [--batch 250] [--folder /somewhere]`; with
 * `--postgres postgres://…` in a schema `bench_history` there.
 *
 * Writes 1e5 task runs, 100 to a flow run, in batches; then fills the file up and puts every question to it; at last it removes 1e5.
 */
import { createHash, randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { parseArgs } from "node:util";
import pg from "pg";
import { postgresRunStore } from "../src/history/postgres.ts";
import { sqliteRunStore } from "../src/history/sqlite.ts";
import type { Batch, FlowRunRow, RunStore, TaskRunRow } from "../src/history/run-store.ts";
import { flowRunName, taskRunName } from "../src/kernel/ids.ts";

const { values } = parseArgs({
  options: {
    rows: { type: "string", default: "1000000" },
    batch: { type: "string", default: "250" },
    folder: { type: "string", default: tmpdir() },
    postgres: { type: "string" },
  },
});
const rows = Number(values.rows);
const batchSize = Number(values.batch);
const folder = mkdtempSync(join(values.folder, "oxbow-bench-history-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

const start = Date.UTC(2026, 0, 1);
const msPerRun = 30;
const perFlow = 100;
const empty: Batch = { flowRuns: [], taskRuns: [], logs: [], cacheEvents: [], taskSources: [] };
const digest = (text: string): string => createHash("sha256").update(text).digest("hex");

function flowRun(i: number): FlowRunRow {
  const id = randomUUID();
  const began = start + i * perFlow * msPerRun;
  return {
    id,
    name: flowRunName(id),
    flowName: `flow-${i % 20}`,
    tags: i % 2 === 0 ? ["nightly"] : [],
    states: [
      { type: "PENDING", name: "Pending", timestamp: began },
      { type: "RUNNING", name: "Running", timestamp: began + 1 },
      { type: "COMPLETED", name: "Completed", timestamp: began + perFlow * msPerRun },
    ],
    attempt: 1,
    process: "build-7 4711 1202031 7d7e563b-1c5f-4f0e-8f86-0a4b6d9c6f11 pid:[4026531836]",
    file: "file:///home/someone/project/flows/nightly.ts",
    parameters: { json: '{"day":"2026-01-01","limit":1000}' },
    counts: { tasks: perFlow, failed: 0, hit: 60, miss: 40, refreshed: 0, uncached: 0, disabled: 0, savedMs: 1000 },
  };
}

/** Sixty of a hundred runs use one of a thousand records; forty make a record of their own. */
function taskRun(i: number, flowRunId: string): TaskRunRow {
  const id = randomUUID();
  const taskName = `load-page-${i % 10}`;
  const began = start + i * msPerRun;
  const isHit = i % 100 < 60;
  const isFailed = i % 5000 === 77;
  return {
    id,
    name: taskRunName(taskName, id),
    taskName,
    flowRunId,
    parentId: flowRunId,
    tags: [],
    states: [
      { type: "PENDING", name: "Pending", timestamp: began },
      { type: "RUNNING", name: "Running", timestamp: began + 1 },
      isFailed
        ? {
            type: "FAILED",
            name: "Failed",
            timestamp: began + 6,
            message: "Task run encountered an exception Error: x",
          }
        : { type: "COMPLETED", name: isHit ? "Cached" : "Completed", timestamp: began + 6 },
    ],
    attempt: 1,
    inputs: { json: `{"page":${i},"size":100}` },
    upstream: [],
    outcome: isHit ? "hit" : "miss",
    reason: isHit ? "computed 3 h ago" : "no record yet",
    key: digest(isHit ? `${i % 1000}` : `own ${i}`),
    components: { "task-source": "9f86d081884c", inputs: "60303ae22b99" },
    storage: "/home/someone/.oxbow/results",
    persisted: true,
    durationMs: 12.5,
    savedMs: isHit ? 12.5 : 0,
  };
}

function* batches(from: number, to: number): Generator<Batch> {
  let flow = flowRun(from / perFlow);
  for (let i = from; i < to; i += batchSize) {
    const flowRuns: FlowRunRow[] = [];
    const taskRuns: TaskRunRow[] = [];
    for (let k = i; k < Math.min(to, i + batchSize); k += 1) {
      if (k % perFlow === 0) flowRuns.push((flow = flowRun(k / perFlow)));
      taskRuns.push(taskRun(k, flow.id));
    }
    yield { ...empty, flowRuns, taskRuns };
  }
}

interface Kept {
  readonly taskRuns: TaskRunRow[];
  readonly flowRuns: FlowRunRow[];
}

/** Only the writing is measured. @returns microseconds per task run */
async function fill(store: RunStore, from: number, to: number, kept: Kept): Promise<number> {
  let ms = 0;
  let longest = 0;
  let user = 0;
  let system = 0;
  for (const batch of batches(from, to)) {
    const cpu = process.cpuUsage();
    const begun = performance.now();
    await store.write(batch);
    const took = performance.now() - begun;
    const used = process.cpuUsage(cpu);
    user += used.user;
    system += used.system;
    ms += took;
    longest = Math.max(longest, took);
    if (kept.taskRuns.length < 5000) kept.taskRuns.push(...batch.taskRuns);
    kept.flowRuns.push(...batch.flowRuns);
  }
  console.log(
    `wrote ${to - from} in batches of ${batchSize}: ${((ms / (to - from)) * 1000).toFixed(2)} µs each, the longest batch ${longest.toFixed(1)} ms (of the processor: user ${(user / (to - from)).toFixed(1)} µs, system ${(system / (to - from)).toFixed(1)} µs)`,
  );
  return (ms / (to - from)) * 1000;
}

async function ask(title: string, question: () => Promise<unknown>): Promise<void> {
  const times: number[] = [];
  let count: number | string = 0;
  for (let round = 0; round < 3; round += 1) {
    const begun = performance.now();
    const found = await question();
    times.push(performance.now() - begun);
    count = Array.isArray(found)
      ? found.length
      : found instanceof Map
        ? found.size
        : found === undefined
          ? "nothing"
          : 1;
  }
  const worst = Math.max(...times);
  console.log(
    `${worst < 300 ? "  " : "! "}${title.padEnd(50)} ${times.map((ms) => ms.toFixed(1).padStart(7)).join("")} ms   ${count}`,
  );
}

const file = join(folder, "history.db");
const sayFileSize = (): void => {
  if (values.postgres === undefined) console.log(`the file has ${(statSync(file).size / 1e6).toFixed(0)} MB`);
};
const store =
  values.postgres === undefined
    ? sqliteRunStore(file)
    : postgresRunStore(values.postgres, { schema: "bench_history", prepare: true });
const kept: Kept = { taskRuns: [], flowRuns: [] };
await fill(store, 0, 100_000, kept);
await store.close();
sayFileSize();
if (rows > 100_000) await fill(store, 100_000, rows, kept);
sayFileSize();

// As the server does by itself, a minute later.
if (values.postgres !== undefined) {
  const client = new pg.Client(values.postgres);
  await client.connect();
  await client.query("VACUUM ANALYZE");
  await client.end();
}

const some = kept.taskRuns[1234]!;
const flow = kept.flowRuns[777]!;
const end = start + rows * msPerRun;
await ask("flow runs, newest", () => store.flowRuns.list());
await ask("flow runs with a tag", () => store.flowRuns.list({ tag: "nightly", limit: 100 }));
await ask("flow runs in a state that none has", () => store.flowRuns.list({ state: "CRASHED" }));
await ask("flow run by beginning of id", () => store.flowRuns.find(flow.id.slice(0, 8)));
await ask("flow run by name", () => store.flowRuns.find(flow.name));
await ask("flow run that is not there", () => store.flowRuns.find("no-such-run"));
await ask("flows", () => store.flows.list());
await ask("unfinished flow runs", () => store.flowRuns.unfinished());
await ask("task runs, newest", () => store.taskRuns.list());
await ask("task runs of a flow run", () => store.taskRuns.list({ flowRunId: flow.id, limit: 1000 }));
await ask("task runs of a task, newest", () => store.taskRuns.list({ of: "load-page-3" }));
await ask("task runs of a key of 1 run", () => store.taskRuns.list({ key: digest("own 1260") }));
await ask("task runs of a key of many runs", () => store.taskRuns.list({ key: digest("3") }));
await ask("task runs that failed", () => store.taskRuns.list({ state: "FAILED" }));
await ask("task runs in a state that none has", () => store.taskRuns.list({ state: "CRASHED" }));
await ask("task runs with an outcome that none has", () => store.taskRuns.list({ outcome: "refreshed" }));
await ask("task runs with a tag that none has", () => store.taskRuns.list({ tag: "none" }));
await ask("task runs since a moment", () => store.taskRuns.list({ since: end - 3_600_000, before: end - 60_000 }));
await ask("task runs of a name", () => store.taskRuns.list({ name: some.name }));
await ask("task run by id", () => store.taskRuns.find(some.id));
await ask("task run by beginning of id", () => store.taskRuns.find(some.id.slice(0, 8)));
await ask("task run by name", () => store.taskRuns.find(some.name));
await ask("task run that is not there", () => store.taskRuns.find("no-such-run-abc"));
await ask("statistics of all", () => store.taskRuns.stats());
await ask("statistics since the middle", () => store.taskRuns.stats({ since: (start + end) / 2 }));
await ask("statistics of a task", () => store.taskRuns.stats({ of: "load-page-3" }));
await ask("statistics of a flow run", () => store.taskRuns.stats({ flowRunId: flow.id }));
const keys = [
  ...Array.from({ length: 500 }, (_, i) => digest(`${i}`)),
  ...kept.taskRuns.slice(0, 500).map(({ key }) => key!),
];
await ask("last uses of 1000 keys", () => store.taskRuns.lastUses(keys));
await ask("logs of a flow run", () => store.logs.list(flow.id));
await ask("check", () => store.check());

const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
const begun = performance.now();
const pruned = await store.prune(start + 100_000 * msPerRun + 1);
delay.disable();
console.log(
  `pruned ${pruned} flow runs with ${perFlow} task runs each in ${(performance.now() - begun).toFixed(0)} ms; the event loop waited ${(delay.percentile(99) / 1e6).toFixed(1)} ms (99 %), ${(delay.max / 1e6).toFixed(1)} ms (at most)`,
);
await store.close();
