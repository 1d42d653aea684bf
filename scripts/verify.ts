/*
 * `npm run verify`: everything that has to hold before a change is merged. One line a step; the output of a step
 * is shown only where it failed. `--skip test,package` leaves steps out, `--only docs` runs nothing but these.
 */
import { parseArgs } from "node:util";
import { attempt } from "./lib/run.ts";

/** Name and command of each step. They run two at a time, except for those that need the machine to themselves. */
const first: readonly Step[] = [["build", "npm", "run", "--silent", "build"]];
const together: readonly Step[] = [
  ["package", "npm", "run", "--silent", "package:check"],
  ["docs", "npm", "run", "--silent", "docs:check"],
  ["types", "npm", "run", "--silent", "types"],
  ["lint", "npm", "run", "--silent", "lint"],
  ["api", "npm", "run", "--silent", "api:check"],
  ["docs-api", "npm", "run", "--silent", "docs:api"],
  ["knip", "npm", "run", "--silent", "knip"],
  ["imports", "npm", "run", "--silent", "imports"],
  ["cli-docs", "node", "scripts/cli-reference.ts", "--check"],
  ["format", "npm", "run", "--silent", "format:check"],
  ["changesets", "npm", "run", "--silent", "changesets"],
  ["lockfile", "npm", "run", "--silent", "lockfile"],
];
const alone: readonly Step[] = [["test", "vitest", "run"]];

type Step = readonly [name: string, command: string, ...args: string[]];

const { values } = parseArgs({ options: { skip: { type: "string" }, only: { type: "string" } } });
const names = [...first, ...together, ...alone].map(([name]) => name);

function listed(option: "skip" | "only"): Set<string> | undefined {
  const chosen = values[option]?.split(",");
  const unknown = chosen?.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new Error(`--${option} ${unknown}: there is no such step, only ${names.join(", ")}`);
  return chosen && new Set(chosen);
}

const skip = listed("skip");
const only = listed("only");
const failed: string[] = [];

async function step([name, command, ...args]: Step): Promise<void> {
  if (skip?.has(name) || (only && !only.has(name))) return;
  const started = performance.now();
  const { status, output } = await attempt(command, args);
  const seconds = ((performance.now() - started) / 1000).toFixed(1).padStart(6);
  console.log(`${status === 0 ? "PASS" : "FAIL"}  ${name.padEnd(12)} ${seconds} s`);
  if (status === 0) return;
  failed.push(name);
  console.log(`${output.trimEnd().replace(/^/gm, "      ")}\n`);
}

async function each(waiting: Step[]): Promise<void> {
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await step(next);
}

for (const one of first) await step(one);
if (failed.length > 0) {
  console.log("What follows needs the build: put that right first");
} else {
  const waiting = [...together];
  await Promise.all([each(waiting), each(waiting)]);
  await each([...alone]);
}
console.log(failed.length === 0 ? "All steps pass" : `Failed: ${failed.join(", ")}`);
process.exitCode = failed.length === 0 ? 0 : 1;
