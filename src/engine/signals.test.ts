import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";

const home = mkdtempSync(join(tmpdir(), "oxbow-signals-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly log: string;
}

/** Runs a program, sends it signals when it says that it is ready, and waits for its end. */
function run(body: string, ...signals: NodeJS.Signals[]): Promise<Ended> {
  const index = new URL("../index.ts", import.meta.url).href;
  const source = `import { flow, task, getRunContext } from ${JSON.stringify(index)};\n${body}`;
  return new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      ["--disable-warning=ExperimentalWarning", "--input-type=module", "-e", source],
      {
        env: { ...process.env, OXBOW_HOME: home },
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    let out = "";
    let log = "";
    let sent = 0;
    child.stdout.on("data", (data: Buffer) => {
      out += data;
      while (sent < out.split("ready").length - 1 && sent < signals.length) child.kill(signals[sent++]);
    });
    child.stderr.on("data", (data: Buffer) => (log += data));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, out, log }));
  });
}

const waits = `
  const waits = task("waits", async () => {
    const { signal } = getRunContext();
    console.log("ready");
    await new Promise((_, reject) => signal.addEventListener("abort", () => { console.log("aborted"); reject(signal.reason); }));
  });
  const keepAlive = setInterval(() => {}, 1000);
`;

describe("a signal while a flow runs", () => {
  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("%s aborts the tasks, cancels the runs, flushes the log and exits with %d", async (signal, code) => {
    const ended = await run(`${waits} await flow("main", async () => waits())();`, signal);
    expect(ended.code).toBe(code);
    expect(ended.out).toContain("aborted");
    expect(ended.log).toMatch(
      /Task run 'waits-[0-9a-f]{3}' - Finished in state Cancelled\('Execution was cancelled by/,
    );
    expect(ended.log).toMatch(/Flow run '[a-z-]+' - Finished in state Cancelled\('Execution was cancelled by/);
    expect(ended.log).not.toMatch(/at .*\.ts:\d+/);
  });

  it("lets the code around the flow clean up, and keeps the exit code", async () => {
    const body = `${waits}
      try { await flow("main", async () => waits())(); }
      catch (error) { console.log("caught", error.name); }
      finally { await new Promise((resolve) => setTimeout(resolve, 20)); console.log("cleaned"); clearInterval(keepAlive); }`;
    const ended = await run(body, "SIGINT");
    expect(ended.code).toBe(130);
    expect(ended.out).toContain("caught CancelledError");
    expect(ended.out).toContain("cleaned");
  });

  it("crashes what does not end, at the second signal", async () => {
    const body = `
      const stuck = task("stuck", async () => { getRunContext().signal; console.log("ready"); setTimeout(() => console.log("ready"), 50); await new Promise(() => {}); });
      const keepAlive = setInterval(() => {}, 1000);
      await flow("main", async () => stuck())();`;
    const ended = await run(body, "SIGINT", "SIGINT");
    expect(ended.code).toBe(130);
    expect(ended.log).toContain("SIGINT received: giving up");
  });

  it("stops a program that calls one task after the other, and a map outside a flow", async () => {
    const body = `
      const slow = task("slow", async (n) => { if (n === 0) console.log("ready"); await new Promise((resolve) => setTimeout(resolve, 30)); return n; });
      for (let n = 0; n < 1000; n++) await slow.run(n);
      await slow.map(Array.from({ length: 20000 }, (_, n) => n + 1));
      console.log("END");`;
    const begun = performance.now();
    const ended = await run(body, "SIGINT");
    expect(ended.code).toBe(130);
    expect(performance.now() - begun).toBeLessThan(8000);
    expect(ended.log.split("\n").length).toBeLessThan(60);
    expect(ended.out).not.toContain("END");
  });

  it("ends a map over endless items in a flow, without a line for each", async () => {
    const body = `
      function* endless() { for (let n = 0; ; n++) yield n; }
      const quick = task("quick", async (n) => { if (n === 1000) console.log("ready"); return n; });
      await flow("main", async () => quick.map(endless()))();`;
    const ended = await run(`process.env.OXBOW_LOGGING_LEVEL = "warn";\n${body}`, "SIGINT");
    expect(ended.code).toBe(130);
    expect(ended.log.split("\n").length).toBeLessThan(300);
  });

  it("leaves exiting to a program that listens itself", async () => {
    const body = `${waits}
      process.on("SIGINT", () => console.log("mine"));
      await flow("main", async () => waits()).run().then((state) => console.log(state.name));
      clearInterval(keepAlive);`;
    const ended = await run(body, "SIGINT");
    expect(ended.code).toBe(0);
    expect(ended.out).toContain("mine");
    expect(ended.out).toContain("Cancelled");
  });

  it("installs nothing while nothing runs", async () => {
    const body = `
      await task("quick", () => 1)();
      await new Promise((resolve) => setTimeout(resolve, 10));
      console.log(process.listenerCount("SIGINT"), process.listenerCount("SIGTERM"));`;
    expect((await run(body)).out).toBe("0 0\n");
  });
});
