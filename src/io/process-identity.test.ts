import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { afterEach, describe, expect, it } from "vitest";
import { isAlive, isGone, thisProcess } from "./process-identity.ts";

const moduleUrl = new URL("./process-identity.ts", import.meta.url).href;
const onLinux = process.platform === "linux";
const started: ChildProcess[] = [];

afterEach(() => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
});

/** Another process of Node; it lives until it is killed. */
async function start(): Promise<{ identity: string; child: ChildProcess }> {
  const script = `import(${JSON.stringify(moduleUrl)}).then(({ thisProcess }) => console.log(thisProcess())); setInterval(() => {}, 1000);`;
  const flags = process.features.typescript ? [] : ["--experimental-strip-types", "--no-warnings"];
  const child = spawn(process.execPath, [...flags, "-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  started.push(child);
  const [output] = (await once(child.stdout, "data")) as [Buffer];
  return { identity: output.toString().trim(), child };
}

/** This process as it would look with other parts. */
function other(parts: Partial<Record<"host" | "pid" | "startedAt" | "boot" | "namespace", string>>): string {
  const [host, pid, startedAt, boot, namespace] = thisProcess().split(" ");
  return Object.values({ host, pid, startedAt, boot, namespace, ...parts }).join(" ");
}

/** A process id that nobody has. */
function freePid(): string {
  return `${spawnSync(process.execPath, ["-e", ""]).pid}`;
}

describe("isGone()", () => {
  it("is false for this process, and for another one that lives", async () => {
    expect(isGone(thisProcess())).toBe(false);
    const { identity } = await start();
    expect(identity).not.toBe(thisProcess());
    expect(isGone(identity)).toBe(false);
  });

  it("is false for a process that is stopped", async () => {
    const { identity, child } = await start();
    child.kill("SIGSTOP");
    expect(isGone(identity)).toBe(false);
  });

  it("is true for a process that was killed", async () => {
    const { identity, child } = await start();
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(isGone(identity)).toBe(true);
    expect(isGone(identity, { severalMachines: true })).toBe(true);
  });

  it.runIf(onLinux)("is true where the process id is in use again", () => {
    expect(isGone(other({ startedAt: "1" }))).toBe(true);
  });

  it.runIf(onLinux)("is true for a zombie, which nobody has waited for", async () => {
    const shell = spawn("sh", ["-c", "sleep 1 & echo $!; exec sleep 60"], { stdio: ["ignore", "pipe", "inherit"] });
    started.push(shell);
    const [output] = (await once(shell.stdout, "data")) as [Buffer];
    const pid = Number(output);
    const identity = other({ pid: `${pid}`, startedAt: startOf(pid) });
    expect(isGone(identity)).toBe(false);
    await expect.poll(() => isGone(identity), { timeout: 10_000 }).toBe(true);
    expect(isAlive(pid)).toBe(true);
  });

  it.runIf(onLinux)("reads the start of a process whose name has spaces and parentheses", async () => {
    const folder = mkdtempSync(join(tmpdir(), "oxbow-process-"));
    try {
      const program = join(folder, "a) Z 1 (b");
      copyFileSync("/bin/sleep", program);
      const child = spawn(program, ["60"], { stdio: "ignore" });
      started.push(child);
      await once(child, "spawn");
      expect(isGone(other({ pid: `${child.pid}`, startedAt: "1" }))).toBe(true);
      await expect.poll(() => isGone(other({ pid: `${child.pid}`, startedAt: startOf(child.pid!) }))).toBe(false);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it.runIf(onLinux)("is false for other containers, of which nobody here can tell", () => {
    const pid = freePid();
    expect(isGone(other({ pid }))).toBe(true);
    expect(isGone(other({ pid, namespace: "pid:[1]" }))).toBe(false);
    expect(isGone(other({ pid, namespace: "-" }))).toBe(false);
    expect(isGone(other({ pid, host: "elsewhere" }))).toBe(false);
  });

  it.runIf(onLinux)(
    "is true for a process from before the machine was started, where no other machine can be meant",
    () => {
      const boot = "00000000-0000-0000-0000-000000000000";
      expect(isGone(other({ boot }))).toBe(true);
      expect(isGone(other({ boot, namespace: "pid:[1]" }))).toBe(true);
      expect(isGone(other({ boot }), { severalMachines: true })).toBe(false);
      expect(isGone(other({ boot: "-" }))).toBe(false);
      expect(isGone(other({ boot, host: "elsewhere" }))).toBe(false);
    },
  );

  it("goes by the process id alone where nothing more is known", () => {
    expect(isGone(other({ startedAt: "-" }))).toBe(false);
    expect(isGone(other({ pid: freePid(), startedAt: "-" }))).toBe(true);
  });

  it("knows nothing of what is no identity", () => {
    for (const text of [
      "",
      "host",
      "host x 1 - -",
      "host -1 1 - -",
      `${thisProcess()} more`,
      `${other({ pid: "0" })}x y`,
    ])
      expect(isGone(text), text).toBe(false);
  });
});

describe("thisProcess()", () => {
  it("is the same in all threads of a process", async () => {
    const script = `import(${JSON.stringify(moduleUrl)}).then(({ thisProcess }) => require("node:worker_threads").parentPort.postMessage(thisProcess()))`;
    const [identity] = (await once(new Worker(script, { eval: true }), "message")) as [string];
    expect(identity).toBe(thisProcess());
  });

  it("is five words, the second of which is the process id", () => {
    expect(thisProcess().split(" ")).toHaveLength(5);
    expect(thisProcess().split(" ")[1]).toBe(`${process.pid}`);
  });
});

/** As another program sees it. */
function startOf(pid: number): string {
  const script =
    'process.stdout.write(require("fs").readFileSync("/proc/" + process.argv[1] + "/stat", "utf8").replace(/^.*\\) /s, ""))';
  return spawnSync(process.execPath, ["-e", script, `${pid}`], { encoding: "utf8" }).stdout.split(" ")[19]!;
}
