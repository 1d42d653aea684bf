/*
 * npm run bench: each row beside its yardstick, as ratios. `--gate` fails where a row is beyond 1.5 of its target.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { excess, measure, type Result } from "./compare.ts";

process.env["OXBOW_LOGGING_LEVEL"] = "warn";
process.env["NODE_ENV"] = "production";
// Nothing is left in a home. What recording costs has rows of its own.
const home = mkdtempSync(join(tmpdir(), "oxbow-bench-home-"));
process.on("exit", () => rmSync(home, { recursive: true, force: true }));
process.env["OXBOW_HOME"] = home;
process.env["OXBOW_HISTORY_ENABLED"] = "false";
const { keyRows } = await import("./keys.ts");
const { largeRows } = await import("./large.ts");
const { lockRows, redisLockRow } = await import("./locks.ts");
const { bigMap, importCost } = await import("./processes.ts");
const { postgresRows, redisRows } = await import("./remote.ts");
const { taskRows } = await import("./tasks.ts");

const only = process.argv.slice(2).find((argument) => !argument.startsWith("--"));
const results: Result[] = [];
let failed = 0;

function print(result: Result): void {
  results.push(result);
  const beyond = excess(result);
  const wanted = [
    result.target.us !== undefined && `${result.target.us} us`,
    result.target.ratio !== undefined && `${result.target.ratio}x`,
    result.target.overUs !== undefined && `+${result.target.overUs} us`,
  ].filter(Boolean);
  const ratio = result.ratio === undefined ? "" : `${result.ratio.toFixed(2)}x of ${result.yardstick}`;
  const verdict = beyond <= 1 ? "ok" : beyond <= 1.5 ? "over" : "FAR OVER";
  if (beyond > 1.5) failed += 1;
  console.log(
    `${result.name.padEnd(38)} ${result.us.toFixed(2).padStart(10)} us   ${ratio.padEnd(34)} target ${wanted.join(", ").padEnd(8)} ${verdict}`,
  );
}

console.log(`Node ${process.version}; medians; ratios hold, microseconds are of this machine\n`);
for (const row of [...keyRows, ...(await taskRows()), ...lockRows, ...largeRows]) {
  if (only && !row.name.includes(only)) continue;
  print(await measure(row));
}

if (!only || "Redis locks".includes(only)) {
  const row = await redisLockRow();
  if (typeof row === "string") console.log(`lock and unlock, Redis: not measured, ${row}`);
  else {
    print(await measure(row));
    console.log(`  commands for a lock and its release, wake-up included: ${await row.commands()} (target 2)`);
  }
}

for (const [name, make] of [
  ["Redis results", redisRows],
  ["PostgreSQL results", postgresRows],
] as const) {
  if (only && !name.includes(only) && only !== "remote") continue;
  const remote = await make();
  if (typeof remote === "string") {
    console.log(`${name}: not measured, ${remote}`);
    continue;
  }
  for (const row of remote.rows) print(await measure(row));
  await remote.stop();
}

function single(name: string, us: number, target: number): void {
  print({ name, us, yardstick: "", yardstickUs: undefined, ratio: undefined, target: { us: target } });
}

if (!only || "map 1e6".includes(only)) {
  const collected = bigMap(1_000_000, "collect");
  single("map 1e6, collected", collected.us, 5);
  const streamed = bigMap(1_000_000, "stream");
  single("map 1e6, streamed", streamed.us, 5);
  const small = bigMap(100_000, "stream");
  console.log(
    `  peak memory: collected 1e6 ${collected.peakMiB.toFixed(0)} MiB, streamed 1e6 ${streamed.peakMiB.toFixed(0)} MiB, streamed 1e5 ${small.peakMiB.toFixed(0)} MiB (target 150)`,
  );
}
if (!only || "import".includes(only)) single('import "oxbow", above bare Node', importCost() * 1000, 25_000);

if (process.argv.includes("--gate") && failed > 0) {
  console.error(`\n${failed} rows are beyond 1.5 of their target`);
  process.exitCode = 1;
}
