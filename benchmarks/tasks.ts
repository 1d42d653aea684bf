import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  fileStorage,
  flow,
  INPUTS,
  sqliteStorage,
  task,
  TASK_SOURCE,
  type Storage,
  withSettings,
} from "../src/index.ts";
import { ResultStore } from "../src/results/result-store.ts";
import { json } from "../src/serializers/json.ts";
import type { Row } from "./compare.ts";

const folder = mkdtempSync(join(tmpdir(), "oxbow-bench-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

const policy = INPUTS.and(TASK_SOURCE);
const value = { id: 1, name: "a name of some length", tags: ["a", "b"], at: 1.7e12 };
const bare = async (x: number, _y: string): Promise<typeof value> => ({ ...value, id: x });
let fresh = 1;

const sqlite = sqliteStorage(join(folder, "sqlite"));
const files = fileStorage(join(folder, "files"));

const hitTask = task("hit", { cachePolicy: policy, resultStorage: sqlite }, bare);
const inFlow = flow("hits", async (n: number) => {
  for (let i = 0; i < n; i++) await hitTask(i % 100, "y");
});

/** Lookups without the memory tier: each goes to the storage. */
function lookups(storage: Storage): (n: number) => Promise<void> {
  const store = new ResultStore({ storage, serializer: json(), memory: { entries: 0, bytes: 0 } });
  const key = (i: number): string => `lookup-${i % 100}`.padEnd(64, "0");
  let ready: Promise<unknown> | undefined;
  return async (n) => {
    await (ready ??= Promise.all(Array.from({ length: 100 }, (_, i) => store.write(key(i), value))));
    for (let i = 0; i < n; i++) {
      const name = key(i);
      const found = store.lookUp({ text: name, value: name }, 0);
      if (found instanceof Promise) await found;
    }
  };
}

async function memoryLookups(): Promise<(n: number) => Promise<void>> {
  const store = new ResultStore({ storage: sqlite, serializer: json() });
  const key = { text: "memory", value: "memory".padEnd(64, "0") };
  await store.save(key, value, { taskName: "", taskRunId: "", durationMs: 0, tags: [], components: {} }, 0);
  return async (n) => {
    for (let i = 0; i < n; i++) {
      const found = store.lookUp(key, 0);
      if (found instanceof Promise) await found;
    }
  };
}

function misses(storage: Storage): (n: number) => Promise<void> {
  const missing = task("miss", { cachePolicy: policy, resultStorage: storage }, bare);
  const run = flow("misses", async (n: number) => {
    for (let i = 0; i < n; i++) await missing(fresh++, "y");
  });
  return (n) => run(n);
}

function rawFiles(): (n: number) => void {
  const raw = join(folder, "raw");
  mkdirSync(raw);
  const text = JSON.stringify(value).padEnd(600);
  return (n) => {
    for (let i = 0; i < n; i++) {
      const name = join(raw, `${fresh++}`.padStart(64, "0"));
      writeFileSync(`${name}.tmp`, text);
      renameSync(`${name}.tmp`, name);
    }
  };
}

function durable(): (n: number) => Promise<void> {
  const storage = sqliteStorage(join(folder, "durable"), { durability: "power" });
  const missing = task("durable", { cachePolicy: policy, resultStorage: storage }, bare);
  const run = flow("durables", async (n: number) => {
    for (let done = 0; done < n; done += 100)
      await Promise.all(Array.from({ length: 100 }, () => missing(fresh++, "y")));
  });
  return (n) => run(n);
}

const trivial = task("trivial", { cachePolicy: policy, resultStorage: sqlite }, (x: number) => x);
const thousand = flow("thousand", async (n: number) => {
  for (let i = 0; i < n; i++) await trivial(fresh++);
});

const uncached = task("uncached", (x: number) => x);
const mapped = flow("mapped", async (n: number) => {
  let sum = 0;
  for (const each of await uncached.map(counts(n))) sum += each;
  return sum;
});

function* counts(n: number): Generator<number> {
  for (let i = 0; i < n; i++) yield i;
}

async function bareLoop(n: number): Promise<void> {
  for (let i = 0; i < n; i++) await bare(i, "y");
}

/** The same work, its runs written to the history. */
function recorded(work: (n: number) => Promise<unknown>): (n: number) => Promise<unknown> {
  return (n) => withSettings({ history: { enabled: true } }, async () => work(n));
}

/** What recording adds to a run. */
const recordingRows: readonly Row[] = [
  {
    name: "flow of 1,000 tasks, stored, recorded",
    n: 1000,
    oxbow: recorded((n) => thousand(n)),
    yardstick: { name: "unrecorded", work: (n) => thousand(n) },
    target: { us: 60, overUs: 18 },
  },
  {
    name: "memory hit, recorded",
    n: 5000,
    oxbow: recorded((n) => inFlow(n)),
    yardstick: { name: "unrecorded", work: (n) => inFlow(n) },
    target: { us: 12, overUs: 3 },
  },
  {
    name: "map over 20,000 items, recorded",
    n: 20_000,
    rounds: 5,
    oxbow: recorded((n) => mapped(n)),
    yardstick: { name: "unrecorded", work: (n) => mapped(n) },
    target: { overUs: 18 },
  },
];

/** Whole task calls and the lookups inside them. */
export async function taskRows(): Promise<readonly Row[]> {
  return [
    { name: "memory hit, lookup only", n: 20_000, oxbow: await memoryLookups(), target: { us: 4 } },
    {
      name: "memory hit, whole task call",
      n: 5000,
      oxbow: (n) => inFlow(n),
      yardstick: { name: "await fn", work: bareLoop },
      target: { us: 12 },
    },
    { name: "SQLite hit, lookup only", n: 5000, oxbow: lookups(sqlite), target: { us: 14 } },
    { name: "file hit, lookup only", n: 5000, oxbow: lookups(files), target: { us: 20 } },
    { name: "SQLite miss stored", n: 2000, oxbow: misses(sqlite), target: { us: 45 } },
    // The cost of making a file depends on the disk and on what was deleted there a moment ago: the ratio counts.
    {
      name: "file miss stored",
      n: 1000,
      oxbow: misses(files),
      yardstick: { name: "raw write + rename", work: rawFiles() },
      target: { ratio: 1.45 },
    },
    { name: "durable miss, 100 callers", n: 2000, oxbow: durable(), target: { us: 40 } },
    {
      name: "flow of 1,000 trivial tasks, stored",
      n: 1000,
      oxbow: (n) => thousand(n),
      yardstick: { name: "await fn", work: bareLoop },
      target: { us: 60 },
    },
    {
      name: "map over 100,000 items, uncached",
      n: 100_000,
      rounds: 3,
      oxbow: (n) => mapped(n),
      yardstick: { name: "await fn", work: bareLoop },
      target: { us: 5 },
    },
    ...recordingRows,
  ];
}
