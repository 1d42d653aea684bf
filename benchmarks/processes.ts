/* Rows that need a process of their own: what an import costs, what a map over a million items holds in memory. */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

function run(source: string): string {
  return execFileSync(process.execPath, ["--input-type=module", "-e", source], {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, OXBOW_LOGGING_LEVEL: "warn" },
  });
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

/** Milliseconds that `import "oxbow"` takes longer than a bare process, from whole processes interleaved. */
export function importCost(rounds = 15): number {
  const time = (source: string): number => {
    const begun = performance.now();
    run(source);
    return performance.now() - begun;
  };
  const bare: number[] = [];
  const loaded: number[] = [];
  for (let round = 0; round < rounds; round++) {
    bare.push(time(""));
    loaded.push(time('import "./dist/index.js"'));
  }
  return median(loaded) - median(bare);
}

/** Time per task and the peak of resident memory for a map over `n` items. */
export function bigMap(n: number, mode: "collect" | "stream"): { us: number; peakMiB: number } {
  const body =
    mode === "collect"
      ? "for (const value of await work.map(items(n))) sum += value;"
      : "for await (const value of work.map(items(n))) sum += value;";
  const output = run(`
    import { flow, task } from "./dist/index.js";
    const work = task("work", (x) => x);
    function* items(n) { for (let i = 0; i < n; i++) yield i; }
    const all = flow("all", async (n) => { let sum = 0; ${body} return sum; });
    await all(1000);
    const begun = performance.now();
    const sum = await all(${n});
    if (sum !== ${(n * (n - 1)) / 2}) throw new Error("wrong sum " + sum);
    const us = ((performance.now() - begun) / ${n}) * 1000;
    // Of maxRSS a new process has inherited that of this one, where it was larger.
    const { existsSync, readFileSync } = await import("node:fs");
    const status = "/proc/self/status";
    const peakKiB = existsSync(status) ? /VmHWM:\\s*(\\d+)/.exec(readFileSync(status, "utf8"))[1] : process.resourceUsage().maxRSS;
    console.log(JSON.stringify({ us, peakMiB: peakKiB / 1024 }));
  `);
  return JSON.parse(output) as { us: number; peakMiB: number };
}
