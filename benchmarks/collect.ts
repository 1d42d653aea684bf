/*
 * `node benchmarks/collect.ts [records] [payload bytes]`: removes most records of a storage beside a running program, and says how long
 * that program had to wait: a timer that should go off every millisecond, and whatever the event loop itself measures.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { createHash } from "node:crypto";
import { fileStorage, memoryStorage, sqliteStorage } from "../src/index.ts";
import { collect } from "../src/maintenance/index.ts";
import { metadataFor } from "../src/testing/storage-checks/check.ts";
import type { Storage } from "../src/storage/storage.ts";

const records = Number(process.argv[2] ?? 100_000);
const size = Number(process.argv[3] ?? 400);
const folder = mkdtempSync(join(tmpdir(), "oxbow-bench-collect-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

const day = 24 * 60 * 60 * 1000;

async function fill(storage: Storage): Promise<void> {
  const now = Date.now();
  for (let i = 0; i < records; i++) {
    const key = createHash("sha256").update(`${i}`).digest("hex");
    const payload = Buffer.alloc(size, i);
    const createdAt = now - day - (i % 1000) * 1000;
    await storage.put(metadataFor(key, payload, { createdAt, taskRunId: key.slice(0, 32) }), [payload]);
  }
}

/** Of this thread, in milliseconds: what others on the machine do does not count, and neither does waiting for the disk. */
function cpuMs(): number {
  const { user, system } = (process as { threadCpuUsage?(): NodeJS.CpuUsage }).threadCpuUsage?.() ?? process.cpuUsage();
  return (user + system) / 1000;
}

async function measure(title: string, work: () => Promise<number>): Promise<void> {
  const histogram = monitorEventLoopDelay({ resolution: 1 });
  const gaps: number[] = [];
  const busy: number[] = [];
  let last = performance.now();
  let lastCpu = cpuMs();
  const timer = setInterval(() => {
    const [now, cpu] = [performance.now(), cpuMs()];
    gaps.push(now - last);
    busy.push(cpu - lastCpu);
    [last, lastCpu] = [now, cpu];
  }, 1);
  histogram.enable();
  const begun = performance.now();
  const removed = await work();
  const took = performance.now() - begun;
  histogram.disable();
  clearInterval(timer);
  const each = removed === 0 ? "" : ` (${((took * 1000) / removed).toFixed(0)} µs each)`;
  console.log(`${title}: ${removed} removed in ${(took / 1000).toFixed(2)} s${each}`);
  console.log(
    `  between timers of 1 ms: ${shown(gaps)}; the event loop's own: longest ${(histogram.max / 1e6).toFixed(1)}`,
  );
  console.log(`  of that this thread computed: ${shown(busy)}`);
}

function shown(lengths: number[]): string {
  lengths.sort((left, right) => left - right);
  const at = (part: number): string => (lengths[Math.floor((lengths.length - 1) * part)] ?? 0).toFixed(1);
  const long = lengths.filter((length) => length > 10).length;
  return `median ${at(0.5)}, 99 % ${at(0.99)}, 99.9 % ${at(0.999)}, longest ${at(1)} ms, ${long} above 10 ms`;
}

/** Nothing but slices of 2 ms: what the machine itself makes of them at the moment. */
async function control(): Promise<number> {
  const end = performance.now() + 3000;
  while (performance.now() < end) {
    for (const begun = performance.now(); performance.now() - begun < 2; );
    await new Promise((resolve) => setImmediate(resolve));
  }
  return 0;
}

await measure("control", control);

const storages: Readonly<Record<string, () => Storage>> = {
  sqlite: () => sqliteStorage(join(folder, "sqlite")),
  file: () => fileStorage(join(folder, "file")),
  memory: () => memoryStorage(),
};

for (const name of process.argv[4]?.split(",") ?? Object.keys(storages)) {
  const storage = storages[name]!();
  await fill(storage);
  const half = (records / 2) * (size + 512);
  await measure(
    `${name}, maxSize`,
    async () => (await collect({ storage }, { maxSize: half })).removed.maxSize.records,
  );
  await measure(`${name}, maxAge`, async () => (await collect({ storage }, { maxAge: "1h" })).removed.maxAge.records);
  await storage.close();
}
