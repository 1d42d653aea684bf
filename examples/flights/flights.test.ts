import { execFile } from "node:child_process";
import { copyFile, cp, mkdir, mkdtemp, readFile, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";

const source = import.meta.dirname;
const realData = fileURLToPath(new URL("../data", import.meta.resolve("vega-datasets")));

/** A copy of the example that ran once. */
let fresh: string;
/** A copy of that for each test, with its own cache and its own output. */
let copy: string;
let first: Run;

beforeAll(async () => {
  await mkdir(join(source, "temp"), { recursive: true });
  fresh = await mkdtemp(join(source, "temp", "fresh-"));
  const files = (await readdir(source)).filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"));
  await Promise.all(files.map((name) => copyFile(join(source, name), join(fresh, name))));
  copy = fresh;
  first = await run();
}, 60_000);
beforeEach(async () => {
  copy = await mkdtemp(join(source, "temp", "copy-"));
  await cp(fresh, copy, { recursive: true });
});
afterEach(() => rm(copy, { recursive: true }));
afterAll(() => rm(fresh, { recursive: true }));

interface Run {
  readonly steps: readonly string[];
  readonly computed: readonly string[];
  readonly text: string;
}

/** Runs the copy in a process of its own, with few resamples so that the tests are quick. */
async function run(...options: string[]): Promise<Run> {
  const args = ["--experimental-strip-types", join(copy, "main.ts"), "--resamples", "50", ...options];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: copy });
  const lines = Array.from(stdout.matchAll(/^(\S.*?) +(hit|miss|refreshed|disabled|uncached|undefined)\b/gm));
  const steps = lines.map(([, name = ""]) => name);
  return {
    steps,
    computed: lines.filter(([, , outcome]) => outcome !== "hit").map(([, name = ""]) => name),
    text: stdout,
  };
}

async function edit(file: string, from: string, to: string): Promise<void> {
  const text = await readFile(join(copy, file), "utf8");
  expect(text).toContain(from);
  await writeFile(join(copy, file), text.replace(from, to));
}

describe("the flights example", { timeout: 60_000 }, () => {
  test("computes every step first, and takes every step from the cache after that", async () => {
    const report = await readFile(join(copy, "out", "report.md"), "utf8");
    const plot = await readFile(join(copy, "out", "delays.svg"), "utf8");
    await rm(join(copy, "out"), { recursive: true });
    const second = await run();

    expect(first.steps).toHaveLength(16);
    expect(first.computed).toEqual(first.steps);
    expect(second.steps).toEqual(first.steps);
    expect(second.computed).toEqual([]);
    expect(second.text).toMatch(/16 from the cache\ntook \d+\.\d\d s; the cache saved \d+\.\d\d s of computing/);
    expect(await readFile(join(copy, "out", "report.md"), "utf8")).toBe(report);
    expect(await readFile(join(copy, "out", "delays.svg"), "utf8")).toBe(plot);
  });

  test("writes a report about the real flights", async () => {
    const report = await readFile(join(copy, "out", "report.md"), "utf8");
    expect(report).toContain("| `flights-200k.json` | 200,000 | 7 | hours |");
    expect(report).toContain("| `flights-20k.json` (2001-01-01 to 2001-03-31) | 20,000 | 0 | routes, airports |");
    expect(report).toContain("| PDX – SFO | Portland, OR – San Francisco, CA | 31 | 29.6 |");
    expect(report).not.toMatch(/NaN|undefined|Infinity/);
    const plot = await readFile(join(copy, "out", "delays.svg"), "utf8");
    expect(plot).toMatch(/^<svg [^>]+>/);
    expect(plot).not.toMatch(/NaN|undefined|Infinity/);
  });

  test("computes only what depends on a function that changed", async () => {
    await edit("aggregate.ts", '.join(" – ");\n    const found', '.join(" / ");\n    const found');
    expect((await run()).computed).toEqual([
      "by-route",
      "describe-delays: routes",
      "plot-ranking: routes",
      "write-report",
    ]);
    expect(await readFile(join(copy, "out", "report.md"), "utf8")).toContain("| PDX / SFO |");
  });

  test("stops where a function that changed gives the same value as before", async () => {
    await edit("clean.ts", "time >= 0 && time < 24", "!(time < 0) && time < 24");
    expect((await run()).computed).toEqual(["clean-departures"]);
  });

  test("computes nothing for a comment", async () => {
    await edit("aggregate.ts", "const firstHour = 5;", "const firstHour = 5; // when the first flights leave");
    expect((await run()).computed).toEqual([]);
  });

  test("computes only what depends on an option that changed", async () => {
    expect((await run("--top", "5")).computed).toEqual([
      "plot-ranking: routes",
      "plot-ranking: airports",
      "write-report",
    ]);
  });

  test("computes only what depends on a file that changed", async () => {
    const data = join(copy, "data");
    const file = join(data, "flights-20k.json");
    await mkdir(data);
    const names = ["flights-200k.json", "flights-20k.json", "airports.csv"];
    await Promise.all(names.map((name) => copyFile(join(realData, name), join(data, name))));
    await run("--data", data);

    await utimes(file, new Date(), new Date("2020-01-01"));
    expect((await run("--data", data)).computed, "touched, with the same flights in it").toEqual(["load-flights"]);

    const flights = JSON.parse(await readFile(file, "utf8")) as {
      origin: string;
      destination: string;
      delay: number;
    }[];
    const flight = flights.find(({ origin, destination }) => origin === "LAX" && destination === "PHX")!;
    flight.delay += 60;
    await writeFile(file, JSON.stringify(flights));
    expect((await run("--data", data)).computed).toEqual([
      "load-flights",
      "clean-flights",
      "join-airports",
      "by-route",
      "by-airport",
      "describe-delays: routes",
      "describe-delays: airports",
      "plot-ranking: routes",
      "plot-ranking: airports",
      "write-report",
    ]);
  });
});
