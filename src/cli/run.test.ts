import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { oxbow } from "../../tests/cli/fake-terminal.ts";

const cwd = join(import.meta.dirname, "..", "..", "tests", "cli", "files");
const run = (...args: string[]) => oxbow(["run", ...args, "--log-level", "off"], { cwd });

describe("oxbow run", () => {
  it("prints what the flow returns", async () => {
    const { code, stdout, stderr } = await run("flows.ts:sums");
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: "{ label: 'all', sum: 6, at: 1970-01-01T00:00:00.000Z }\n",
      stderr: "",
    });
  });

  it("takes the only flow of a file, and the only task where there is no flow", async () => {
    expect(await run("one-flow.ts")).toMatchObject({ code: 0, stdout: "1\n" });
    expect(await run("one-task.ts", "-p", "x=3")).toMatchObject({ code: 0, stdout: "9\n" });
  });

  it("finds a flow by its export or its name, and says what there is", async () => {
    expect(await run("flows.ts:another name")).toMatchObject({ code: 0, stdout: "" });
    const several = await run("flows.ts");
    expect(several.code).toBe(2);
    expect(several.stderr).toContain("flows.ts exports 5 flows: say which one");
    expect(several.stderr).toContain("flows.ts:sums");
    expect((await run("flows.ts:sum")).stderr).toContain("did you mean flows.ts:sums?");
    expect((await run("no-flow.ts")).stderr).toContain("exports no flow and no task");
    expect((await run("flow.ts")).stderr).toContain("did you mean flows.ts?");
  });

  it.each([
    [["xs=[5]", "label=x"], { label: "x", sum: 10 }],
    [["label=7"], { label: 7 }],
    [['label="7"'], { label: "7" }],
    [["label=2026-03-01"], { label: "2026-03-01" }],
    [["label=a=b"], { label: "a=b" }],
    [["label="], { label: "" }],
  ])("reads parameters: %j", async (params, expected) => {
    const ran = await oxbow(
      ["run", "flows.ts:sums", "--json", "--log-level", "off", ...params.flatMap((each) => ["-p", each])],
      { cwd },
    );
    expect(JSON.parse(ran.stdout.trim().split("\n").at(-1)!).value).toMatchObject(expected);
  });

  it("reads parameters of an object that is taken apart, and of a rest", async () => {
    expect((await run("flows.ts:options", "-p", "day=mo")).stdout).toBe("[ 'mo', 3 ]\n");
    expect((await run("flows.ts:options", "--params-json", '{"day":"tu","limit":1}', "-p", "limit=2")).stdout).toBe(
      "[ 'tu', 2 ]\n",
    );
    expect((await run("flows.ts:several", "-p", "first=a", "-p", "rest=[1,2]")).stdout).toBe("[ 'a', 1, 2 ]\n");
    expect((await run("flows.ts:several", "-p", "first=a", "-p", "rest=1")).stdout).toBe("[ 'a', 1 ]\n");
  });

  it("reads parameters from files", async () => {
    const folder = mkdtempSync(join(tmpdir(), "oxbow-cli-"));
    writeFileSync(join(folder, "value.json"), '\uFEFF{"deep": [1]}');
    writeFileSync(join(folder, "value.txt"), "plain text");
    writeFileSync(join(folder, "broken.json"), "{");
    expect((await run("one-flow.ts", "-p", `value=@${folder}/value.json`)).stdout).toBe("{ deep: [ 1 ] }\n");
    expect((await run("one-flow.ts", "-p", `value=@${folder}/value.txt`)).stdout).toBe("'plain text'\n");
    expect((await run("one-flow.ts", "-p", 'value="@home"')).stdout).toBe("'@home'\n");
    expect(await run("one-flow.ts", "-p", `value=@${folder}/broken.json`)).toMatchObject({ code: 2 });
    expect((await run("one-flow.ts", "-p", `value=@${folder}/none`)).stderr).toContain("cannot be read from");
    expect((await run("one-flow.ts", "--params-json", "[1]")).stderr).toContain("--params-json is no object");
  });

  it.each([
    [["-p", "lable=1"], "did you mean label?"],
    [["-p", "label=1", "-p", "label=2"], "--param label is there twice"],
    [["-p", "label"], "write --param name=value"],
    [["--concurrency", "0"], "no whole number from 1"],
    [["--cache-mode", "fast"], "Allowed choices are read-write"],
    [["--refesh"], "did you mean --refresh?"],
  ])("refuses %j before anything runs", async (args, words) => {
    const { code, stderr, stdout } = await run("flows.ts:sums", ...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(words);
  });

  it("says in two lines why a flow failed, and everything with --debug", async () => {
    const failed = await run("flows.ts:broken");
    expect(failed).toMatchObject({ code: 1, stdout: "" });
    expect(failed.stderr).toMatch(/^error: Flow "broken" failed: TypeError: no such column \(flows\.ts:\d+:\d+\)\n$/);
    const debugged = await run("flows.ts:broken", "--debug");
    expect(debugged.stderr).toContain("    at ");
  });

  it("says where a file cannot be imported", async () => {
    const folder = mkdtempSync(join(tmpdir(), "oxbow-cli-"));
    writeFileSync(join(folder, "throws.mjs"), '\nthrow new Error("at the top");\n');
    const { code, stderr } = await oxbow(["run", "throws.mjs"], { cwd: folder });
    expect(code).toBe(2);
    expect(stderr).toMatch(/^error: Cannot import throws\.mjs: Error: at the top/);
    expect(stderr.split("\n").length).toBeLessThan(4);
  });

  it("writes states as they happen and the result last, with --json", async () => {
    const { stdout, code } = await oxbow(["run", "flows.ts:sums", "--json", "--log-level", "off"], { cwd });
    const lines = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(code).toBe(0);
    expect(lines[0]).toMatchObject({ event: "state", kind: "flow-run", flow: "sums", state: "Pending" });
    expect(lines.filter(({ kind, type }) => kind === "task-run" && type === "COMPLETED")).toHaveLength(2);
    expect(lines.at(-1)).toMatchObject({
      event: "result",
      type: "COMPLETED",
      value: { label: "all", sum: 6, at: { "~Date": 0 } },
    });
    const failed = await oxbow(["run", "flows.ts:broken", "--json", "--log-level", "off"], { cwd });
    expect(JSON.parse(failed.stdout.trim().split("\n").at(-1)!)).toMatchObject({
      event: "result",
      type: "FAILED",
      error: "TypeError: no such column",
    });
    expect(failed.code).toBe(1);
  });

  it("refreshes, or leaves the cache alone", async () => {
    await run("one-task.ts", "-p", "x=11");
    const outcome = async (...args: string[]): Promise<string> => {
      const { stdout } = await oxbow(["run", "one-task.ts", "-p", "x=11", "--json", "--log-level", "off", ...args], {
        cwd,
      });
      return JSON.parse(stdout.trim().split("\n").at(-1)!).decision.outcome;
    };
    expect(await outcome()).toBe("hit");
    expect(await outcome("--refresh")).toBe("refreshed");
    expect(await outcome("--no-cache")).toBe("disabled");
    expect(await outcome("--cache-mode", "write-only")).not.toBe("hit");
  });

  it("shows with --plan what the cache would do, and runs nothing", async () => {
    await run("flows.ts:sums", "-p", "xs=[41]");
    const { stdout, code } = await oxbow(["run", "flows.ts:sums", "-p", "xs=[41,42]", "--plan", "--json"], { cwd });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      flow: "sums",
      tasks: [
        { taskName: "double", outcome: "hit" },
        { taskName: "double", outcome: "miss" },
      ],
    });
    const table = await oxbow(["run", "one-task.ts", "-p", "x=99", "--plan"], { cwd });
    expect(table.stdout).toMatch(/^TASK +OUTCOME +REASON\nsquare +miss +/);
  });

  it("draws a line of progress on a terminal, and leaves none", async () => {
    const { stderr, stdout } = await oxbow(["run", "flows.ts:sums"], { cwd, isTTY: true });
    expect(stdout).toContain("sum: 6");
    expect(stderr).toContain("Finished in state Completed()");
    expect(stderr.endsWith("\n") || stderr.endsWith("\u001b[K")).toBe(true);
  });
});
