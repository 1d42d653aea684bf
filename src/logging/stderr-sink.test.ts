import { spawn, spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { LogRecord } from "./logger.ts";
import { stderrSink } from "./stderr-sink.ts";

let folder: string;
let path: string;
let fd: number;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "oxbow-log-"));
  path = join(folder, "log");
  fd = openSync(path, "w");
});
afterEach(() => {
  closeSync(fd);
  rmSync(folder, { recursive: true });
  vi.unstubAllEnvs();
});

const record = (message: string): LogRecord => ({ time: 0, level: "info", source: "x", message });
const text = (): string => readFileSync(path, "utf8");
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const style = { format: "text", colors: "auto" } as const;

const child = (body: string): string[] => [
  "--experimental-strip-types",
  "--no-warnings",
  "--input-type=module",
  "-e",
  `import { stderrSink } from ${JSON.stringify(new URL("stderr-sink.ts", import.meta.url).href)};
   const sink = stderrSink();
   const line = (message) => sink.write({ time: 0, level: "info", source: "x", message });
   ${body}`,
];

describe("stderrSink", () => {
  it("writes at the end of the turn", async () => {
    const sink = stderrSink({ fd, style });
    sink.write(record("one"));
    sink.write(record("two"));
    expect(text()).toBe("");
    await turn();
    expect(text()).toMatch(/^.* - one\n.* - two\n$/);
    sink.write(record("three"));
    await turn();
    expect(text().split("\n")).toHaveLength(4);
  });

  it("writes each line at once to a terminal", () => {
    const sink = stderrSink({ fd, style: { format: "text", colors: "never" }, isTTY: true });
    sink.write(record("one"));
    expect(text()).toMatch(/ \| INFO {4}\| x - one\n$/);
  });

  it("writes when it is told to, and when 64 KiB have gathered", () => {
    const sink = stderrSink({ fd, style });
    sink.write(record("one"));
    sink.flush();
    expect(text()).toContain("one");
    sink.write(record("x".repeat(70_000)));
    expect(text().length).toBeGreaterThan(70_000);
  });

  it("follows the settings", async () => {
    const sink = stderrSink({ fd });
    vi.stubEnv("OXBOW_LOGGING_FORMAT", "json");
    sink.write(record("one"));
    await turn();
    vi.stubEnv("OXBOW_LOGGING_FORMAT", "text");
    vi.stubEnv("OXBOW_LOGGING_COLORS", "always");
    sink.write(record("two"));
    await turn();
    vi.stubEnv("OXBOW_LOGGING_FORMAT", "nonsense");
    sink.write(record("three"));
    sink.flush();
    const [first, second, third] = text().split("\n");
    expect(JSON.parse(first!)).toMatchObject({ message: "one" });
    expect(second).toContain("\x1b[32mINFO");
    expect(third).toContain("three");
  });

  it("does not mind a descriptor that is not there", () => {
    const sink = stderrSink({ fd: 9999, style });
    sink.write(record("one"));
    sink.flush();
    sink.write(record("two"));
    sink.flush();
  });

  it.each([
    ["exits", "line('last'); process.exit(3)", 3],
    ["dies of an exception", "line('last'); throw new Error('boom')", 1],
    ["dies of a rejection", "line('last'); Promise.reject(new Error('boom'))", 1],
    ["ends", "line('last')", 0],
    [
      "exits in the middle of a flood",
      "for (let i = 0; i < 20000; i++) line('line ' + i); line('last'); process.exit(0)",
      0,
    ],
  ])("loses nothing when the process %s", (_how, body, status) => {
    const ended = spawnSync(process.execPath, child(body), { encoding: "utf8", maxBuffer: 2 ** 26 });
    expect(ended.stderr).toContain(" - last\n");
    expect(ended.status).toBe(status);
    expect(ended.stdout).toBe("");
    if (body.includes("boom")) expect(ended.stderr.indexOf("last")).toBeLessThan(ended.stderr.indexOf("boom"));
    if (body.includes("flood"))
      expect(ended.stderr.split("\n").filter((line) => line.includes(" - line "))).toHaveLength(20_000);
  });

  it("gives a slow reader time, without holding up the run", async () => {
    // Once somebody has touched process.stderr, the pipe does not block: it is full after 64 KiB.
    const body = `process.stderr.write("first\\n");
      for (let i = 0; i < 20; i++) { for (let j = 0; j < 100; j++) line("y".repeat(1000)); await new Promise((r) => setImmediate(r)); }
      console.log("done"); setTimeout(() => line("last"), 50);`;
    const running = spawn(process.execPath, child(body), { stdio: ["ignore", "pipe", "pipe"] });
    const closed = new Promise((resolve) => running.on("close", resolve));
    await new Promise((resolve) => running.stdout.once("data", resolve));
    let output = "";
    running.stderr.on("data", (data) => (output += data));
    expect(await closed).toBe(0);
    expect(output.match(/y{1000}\n/g)).toHaveLength(2000);
    expect(output.endsWith(" - last\n")).toBe(true);
  });

  it("lets the run go on when the reader goes away", async () => {
    const body = `for (let i = 0; i < 100; i++) { line("x".repeat(50_000)); await new Promise((r) => setTimeout(r, 1)); }
      sink.flush(); console.log("done");`;
    const running = spawn(process.execPath, child(body), { stdio: ["ignore", "pipe", "pipe"] });
    running.stderr.once("data", () => running.stderr.destroy());
    let output = "";
    running.stdout.on("data", (data) => (output += data));
    const status = await new Promise((resolve) => running.on("close", resolve));
    expect(output).toBe("done\n");
    expect(status).toBe(0);
  });
});
