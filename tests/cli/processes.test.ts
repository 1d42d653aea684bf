/* The program as a process: exit codes, signals, pipes, the Node that it starts again, the copy that it hands over to. */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { describe, expect, it } from "vitest";
import { oxbow } from "./fake-terminal.ts";

const root = join(import.meta.dirname, "..", "..");
const main = join(root, "src", "cli", "main.ts");
const built = join(root, "dist", "cli", "main.js");
const cwd = join(import.meta.dirname, "files");
const newFolder = (): string => mkdtempSync(join(tmpdir(), "oxbow-cli-"));
const env = {
  ...process.env,
  OXBOW_HOME: newFolder(),
  OXBOW_LOGGING_LEVEL: "warn",
  PATH: join(root, "node_modules", ".bin") + delimiter + process.env["PATH"],
};

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** @param signal is sent when the first line was printed */
function start(
  command: string,
  args: readonly string[],
  { signal, folder = cwd, more = {} }: { signal?: NodeJS.Signals; folder?: string; more?: Record<string, string> } = {},
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: folder, env: { ...env, ...more }, stdio: ["ignore", "pipe", "pipe"] });
    const text = { stdout: "", stderr: "" };
    child.stdout.on("data", (chunk) => {
      if (signal && text.stdout === "") child.kill(signal);
      text.stdout += chunk;
    });
    child.stderr.on("data", (chunk) => (text.stderr += chunk));
    child.on("error", reject);
    child.on("close", (code, ended) => resolve({ code, signal: ended, ...text }));
  });
}

const program = (...args: string[]): Promise<Ended> => start(process.execPath, [main, ...args]);

describe("the program oxbow", () => {
  it("says which file never finishes importing", async () => {
    const folder = newFolder();
    writeFileSync(join(folder, "stuck.ts"), "await new Promise(() => undefined);\nexport const x = 1;\n");
    const ended = await start(process.execPath, [main, "run", "stuck.ts"], { folder });
    expect(ended).toMatchObject({ code: 2, stdout: "" });
    expect(ended.stderr).toMatch(/^error: stuck\.ts never finished importing: a top-level await .*\n {2}hint: .*\n$/);
  });

  it.skipIf(!existsSync("/proc/self"))("refuses a place where no folder can be made", async () => {
    const ended = await start(process.execPath, [main, "init", "/proc/oxbow/flows", "--yes"]);
    expect(ended).toMatchObject({ code: 2, stderr: expect.stringContaining("Cannot write to") });
    const more = { OXBOW_HOME: "/proc/oxbow/home" };
    const profile = await start(process.execPath, [main, "profile", "create", "team"], { more });
    expect(profile).toMatchObject({ code: 2, stderr: expect.stringContaining("Cannot write /proc/oxbow/home") });
  });

  it("ends with the exit code of its command", async () => {
    expect(await program("version")).toMatchObject({ code: 0, stderr: "" });
    expect(await program("run", "flows.ts:sums")).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("sum: 6"),
      stderr: "",
    });
    expect(await program("run", "flows.ts:broken")).toMatchObject({ code: 1, stdout: "" });
    expect(await program("run", "none.ts")).toMatchObject({ code: 2, stdout: "" });
    expect(await program("run", "flows.ts:sums", "--json")).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^(\{.*\}\n)+$/),
    });
  });

  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("ends with the code of %s after it has cancelled its runs", async (signal, code) => {
    const ended = await start(process.execPath, [main, "run", "long.ts:long"], { signal });
    expect(ended).toMatchObject({ code, signal: null });
    expect(ended.stderr).toContain(`${signal} received: cancelling`);
    expect(ended.stderr).toContain('Flow "long" was cancelled');
  });

  it.skipIf(process.platform === "win32")("ends quietly where nobody reads on", async () => {
    const line = `"${process.execPath}" "${main}" run long.ts:large | head -c 5; echo "|\${PIPESTATUS[0]}"`;
    expect(await start("bash", ["-c", line])).toMatchObject({ stdout: "'xxxx|0\n", stderr: "" });
  });

  it("ends although a flow left something open, and says so", async () => {
    const ended = await program("run", "long.ts:open");
    expect(ended).toMatchObject({ code: 0, stdout: "'done'\n" });
    expect(ended.stderr).toContain("something is open: Timeout");
  });

  it("leaves out what Node says about itself, and nothing else", async () => {
    const { stderr } = await program("run", "long.ts:warns");
    expect(stderr).toContain("ExperimentalWarning: Something else is experimental");
    expect(stderr).not.toContain("SQLite");
  });

  it.skipIf(process.platform === "win32").each([
    ["oxbow cache v", "verify"],
    ["oxbow config unset tasks.conc", "tasks.concurrency"],
    ["oxbow run x.ts --cache-mode=write-", "write-only"],
  ])("completes %j in bash", async (line, reply) => {
    const script = `oxbow() { "${process.execPath}" "${main}" "$@"; }
      source <(oxbow completion bash)
      COMP_LINE="${line}"; COMP_POINT=\${#COMP_LINE}; COMP_WORDS=($COMP_LINE)
      _oxbow; echo "\${COMPREPLY[*]}"`;
    expect(await start("bash", ["-c", script])).toMatchObject({ code: 0, stdout: `${reply}\n`, stderr: "" });
  });

  it("has settings that are wrong said in two lines", async () => {
    const ended = await start(process.execPath, [main, "run", "flows.ts:sums"], {
      more: { OXBOW_TASKS_CONCURENCY: "1" },
    });
    expect(ended).toMatchObject({ code: 2, stdout: "" });
    expect(ended.stderr).toMatch(
      /^error: Unknown setting OXBOW_TASKS_CONCURENCY.*\n {2}hint: did you mean OXBOW_TASKS_CONCURRENCY\?\n$/,
    );
  });
});

describe("a file of another copy of the package", () => {
  it("is said to be one, where its flows cannot be seen", async () => {
    const folder = newFolder();
    const other = join(folder, "node_modules", "oxbow");
    mkdirSync(other, { recursive: true });
    writeFileSync(join(other, "package.json"), '{ "name": "oxbow", "type": "module" }');
    writeFileSync(join(folder, "etl.mjs"), "export const etl = () => 1;");
    const { code, stderr } = await oxbow(["run", "etl.mjs"], { cwd: folder });
    expect(code).toBe(2);
    expect(stderr).toContain("the file uses another copy of oxbow");
  });
});

describe.skipIf(!existsSync(built))("the program that is published", () => {
  /** A project with this package in its node_modules. */
  async function newProject(): Promise<string> {
    const folder = newFolder();
    expect((await oxbow(["init", "--yes"], { cwd: folder })).code).toBe(0);
    mkdirSync(join(folder, "node_modules", ".bin"), { recursive: true });
    symlinkSync(root, join(folder, "node_modules", "oxbow"));
    // As npm does it: dist/ itself need not be executable.
    const script = `#!/bin/sh
exec "${process.execPath}" "${join(folder, "node_modules", "oxbow", "dist", "cli", "main.js")}" "$@"
`;
    writeFileSync(join(folder, "node_modules", ".bin", "oxbow"), script, { mode: 0o755 });
    return folder;
  }

  it.skipIf(process.platform === "win32")("runs what init writes", async () => {
    const folder = await newProject();
    const first = await start("npm", ["start", "--silent"], { folder, more: { OXBOW_HOME: newFolder() } });
    expect(first).toMatchObject({ code: 0, stdout: expect.stringContaining("Hello Grace, your name has 5 letters") });
    for (const name of ["typescript", "@types"])
      symlinkSync(join(root, "node_modules", name), join(folder, "node_modules", name));
    expect(spawnSync("tsc", [], { cwd: folder, env, encoding: "utf8" })).toMatchObject({ status: 0, stdout: "" });
  });

  it("starts a Node again that takes types out, and hands signals on", async () => {
    const folder = await newProject();
    writeFileSync(
      join(folder, "long.ts"),
      `import { flow, getRunContext } from "oxbow";
      export const long: unknown = flow("long", async (): Promise<void> => {
        console.log("begun");
        const { signal } = getRunContext()!;
        await new Promise((_, reject) => {
          const timer = setTimeout(reject, 60_000);
          signal.addEventListener("abort", () => reject(signal.reason, clearTimeout(timer)));
        });
      });`,
    );
    const more = { NODE_OPTIONS: "--no-experimental-strip-types", OXBOW_HOME: newFolder() };
    const ended = await start(process.execPath, [built, "run", "hello.ts", "-p", 'names=["Bo"]'], { folder, more });
    expect(ended).toMatchObject({ code: 0, stdout: "[ 'Hello Bo, your name has 2 letters' ]\n" });
    expect(await start(process.execPath, [built, "run", "hello.ts:none"], { folder, more })).toMatchObject({ code: 2 });
    const killed = await start(process.execPath, [built, "run", "long.ts"], { folder, more, signal: "SIGTERM" });
    expect(killed.code).toBe(143);
  });

  it("hands over to the copy that a project has", async () => {
    const folder = newFolder();
    const other = join(folder, "node_modules", "oxbow");
    mkdirSync(other, { recursive: true });
    writeFileSync(join(other, "package.json"), '{ "name": "oxbow", "type": "module", "bin": { "oxbow": "other.js" } }');
    writeFileSync(join(other, "other.js"), 'console.log("the other copy", process.argv.slice(2).join(" "));');
    for (const script of [built, main]) {
      expect((await start(process.execPath, [script, "cache", "ls"], { folder })).stdout).toBe(
        "the other copy cache ls\n",
      );
      expect((await start(process.execPath, [script, "run", join(folder, "x.js")])).stdout).toContain(
        "the other copy run",
      );
    }
  });
});
