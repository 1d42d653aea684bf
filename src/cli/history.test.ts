import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { oxbow, type Ran } from "../../tests/cli/fake-terminal.ts";
import { flushHistory } from "../defaults/history.ts";

const cwd = join(import.meta.dirname, "..", "..", "tests", "cli", "files");

async function run(...args: string[]): Promise<Ran> {
  const ran = await oxbow(["run", ...args], { cwd });
  await flushHistory();
  return ran;
}

async function nameOfLast(): Promise<string> {
  return (await oxbow(["flow-run", "ls", "--json", "--limit", "1"])).json()[0].name;
}

beforeEach(() => {
  vi.stubEnv("OXBOW_HOME", mkdtempSync(join(tmpdir(), "oxbow-cli-")));
  vi.stubEnv("OXBOW_HISTORY_ENABLED", "true");
});
afterEach(async () => {
  await flushHistory();
  vi.unstubAllEnvs();
});

describe("oxbow flow-run", () => {
  it("lists, filters and shows runs", async () => {
    await run("history.ts:etl", "-p", "password=hunter2");
    vi.stubEnv("OXBOW_TEST_CLI_FAILS", "1");
    await run("history.ts:etl", "-p", "day=tu");
    const all = (await oxbow(["flow-run", "ls", "--json"])).json();
    expect(all).toMatchObject([
      { flowName: "etl", state: { type: "FAILED" }, parameters: { day: "tu" }, tags: ["nightly"] },
      { flowName: "etl", state: { type: "COMPLETED" }, parametersLeft: { password: "secret" } },
    ]);
    for (const [args, count] of [
      [["--state", "failed"], 1],
      [["--state", "Completed"], 1],
      [["--flow", "etl"], 2],
      [["--flow", "other"], 0],
      [["--tag", "nightly"], 2],
      [["--since", "1 h"], 2],
      [["--limit", "1"], 1],
    ] as const) {
      expect((await oxbow(["flow-run", "ls", "--json", ...args])).json(), args.join(" ")).toHaveLength(count);
    }
    const table = await oxbow(["flow-run", "ls"]);
    expect(table.stdout).toMatch(/^NAME +ID +FLOW +STATE +BEGAN +TOOK +TASKS/);
    const { stdout } = await oxbow(["flow-run", "inspect", all[0].name]);
    expect(stdout).toContain("Error: no data for tu");
    expect(stdout).toMatch(/Parameters +day = 'tu'/);
    expect(stdout).toMatch(/load-\w{3} +\w{8} +load +Completed/);
    const whole = (await oxbow(["flow-run", "inspect", all[1].id.slice(0, 8), "--json"])).json();
    expect(whole.taskRuns).toMatchObject([{ taskName: "load", inputs: { day: "mo" }, outcome: "miss" }]);
    expect(JSON.stringify(whole)).not.toContain("hunter2");
  });

  it.each([
    [["flow-run", "ls", "--state", "FAILD"], 2, "did you mean FAILED?"],
    [["flow-run", "ls", "--since", "yesterday"], 2, "--since"],
    [["flow-run", "ls", "--limit", "0"], 2, "no whole number from 1"],
    [["flow-run", "inspect", "nobody"], 1, 'There is no flow run "nobody"'],
    [["flow-run", "cancel", "nobody"], 1, "oxbow flow-run ls shows"],
    [["task-run", "inspect", "nobody"], 1, "There is no task run"],
    [["task-run", "ls", "--outcome", "hti"], 2, "Allowed choices are hit"],
  ])("%j ends with %d", async (args, code, words) => {
    const ran = await oxbow(args);
    expect(ran).toMatchObject({ code, stdout: "" });
    expect(ran.stderr).toContain(words);
    expect(ran.stderr.trimEnd().split("\n").length).toBeLessThan(4);
  });

  it("shows what runs have said", async () => {
    await run("history.ts:etl");
    const name = await nameOfLast();
    expect((await oxbow(["flow-run", "logs", name])).stdout).toMatch(/\| INFO {2}\| loading mo/);
    const [task] = (await oxbow(["task-run", "ls", "--flow-run", name, "--json"])).json();
    expect((await oxbow(["task-run", "logs", task.id, "--json"])).json()).toContainEqual(
      expect.objectContaining({ message: "loading mo", taskRunId: task.id }),
    );
    expect((await oxbow(["task-run", "inspect", task.name])).stdout).toMatch(/Cache +miss: /);
  });

  it("runs a failed one again, with other parameters too, from its file", async () => {
    vi.stubEnv("OXBOW_TEST_CLI_FAILS", "1");
    expect((await run("history.ts:etl", "-p", "day=we")).code).toBe(1);
    const name = await nameOfLast();
    vi.stubEnv("OXBOW_TEST_CLI_FAILS", "");
    expect((await oxbow(["flow-run", "retry", name])).stderr).toContain("were not kept: password (secret)");
    const again = await oxbow(["flow-run", "retry", name, "-p", "password=none"]);
    expect(again).toMatchObject({ code: 0, stdout: "'we 4'\n" });
    await flushHistory();
    expect((await oxbow(["flow-run", "retry", name])).stderr).toContain("has completed");
    expect((await oxbow(["flow-run", "retry", name, "-p", "password=xx"])).stdout).toBe("'we 2'\n");
    await flushHistory();
    expect((await oxbow(["flow-run", "retry", name, "-p", "pasword=xx"])).stderr).toContain("did you mean password?");
    expect((await oxbow(["flow-run", "retry", name, "no-flow.ts"], { cwd })).stderr).toContain('exports no flow "etl"');
    expect((await oxbow(["flow-run", "ls", "--json"])).json()).toHaveLength(1);
  });

  it("answers a suspended run and goes on with it", async () => {
    const suspended = await run("history.ts:approval");
    expect(suspended.code).toBe(3);
    const name = await nameOfLast();
    expect((await oxbow(["flow-run", "inspect", name])).stdout).toMatch(/Waits for +.*: publish it\?/);
    expect((await oxbow(["flow-run", "resume", name, "--question", "x"])).stderr).toContain("publish it?");
    const resumed = await oxbow(["flow-run", "resume", name, "--input", '{"yes": true}']);
    expect(resumed).toMatchObject({ code: 0, stdout: "{ answer: { yes: true } }\n" });
    await flushHistory();
    expect((await oxbow(["flow-run", "resume", name, "--input", "1"])).stderr).toContain("asks nothing");
  });

  it("answers a paused run, which goes on where it is", async () => {
    const waiting = run("history.ts:waiting");
    await vi.waitFor(async () => {
      await flushHistory();
      expect((await oxbow(["flow-run", "ls", "--state", "PAUSED", "--json"])).json()).toHaveLength(1);
    });
    const name = await nameOfLast();
    expect((await oxbow(["flow-run", "delete", name])).code).toBe(2);
    expect((await oxbow(["flow-run", "resume", name, "--input", "yes"])).stderr).toContain(
      "goes on, in its own process",
    );
    expect(await waiting).toMatchObject({ code: 0, stdout: "'yes'\n" });
  });

  it("deletes runs that have ended", async () => {
    await run("history.ts:etl");
    const name = await nameOfLast();
    expect((await oxbow(["flow-run", "cancel", name])).stderr).toContain("has ended already");
    expect(await oxbow(["flow-run", "delete", name])).toMatchObject({ code: 2 });
    expect((await oxbow(["flow-run", "delete", name, "--yes"])).stderr).toContain("Deleted 1 flow run");
    expect((await oxbow(["flow-run", "ls"])).stderr).toContain("There are no such flow runs");
    expect((await oxbow(["task-run", "ls", "--json"])).json()).toEqual([]);
  });
});

describe("oxbow task-run", () => {
  it("runs one again, alone", async () => {
    await run("history.ts:etl", "-p", "day=th");
    const [task] = (await oxbow(["task-run", "ls", "--task", "load", "--json"])).json();
    expect((await oxbow(["task-run", "retry", task.name])).stdout).toBe("[ 'th', '' ]\n");
    expect((await oxbow(["task-run", "retry", task.name, "-p", "day=fr"])).stdout).toBe("[ 'fr', '' ]\n");
  });
});
