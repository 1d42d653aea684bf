/* What the run history says of runs that were made. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { flow, getLogger, INPUTS, openHistory, type RunStore, task } from "../../src/index.ts";

let history: RunStore;

beforeEach(async () => {
  process.env["OXBOW_HISTORY_ENABLED"] = "true";
  process.env["OXBOW_LOGGING_LEVEL"] = "off";
  process.env["OXBOW_HOME"] = mkdtempSync(join(tmpdir(), "oxbow-recording-"));
  history = await openHistory();
});

const addOne = task("add-one", { cachePolicy: INPUTS, tags: ["sums"] }, (x: number) => x + 1);
const refuse = task("refuse", (): never => {
  throw new RangeError("no such thing");
});

async function runsOf(name: string): Promise<Awaited<ReturnType<RunStore["taskRuns"]["list"]>>> {
  await openHistory();
  return history.taskRuns.list({ of: name });
}

describe("a flow run", () => {
  test("has its states, parameters, counts and file", async () => {
    const sums = flow("sums", async (xs: number[], label = "none") => [label, await addOne.map(xs)]);
    await sums([1, 2, 1]);
    await openHistory();
    const [run] = await history.flowRuns.list({ of: "sums" });
    expect(run).toMatchObject({
      flowName: "sums",
      attempt: 1,
      parameters: { json: '{"xs":[1,2,1],"label":"none"}' },
      counts: { tasks: 3, failed: 0 },
    });
    expect(run!.states.map(({ name }) => name)).toEqual(["Pending", "Running", "Completed"]);
    expect(run!.file).toContain("recording.test.ts");
    expect((await history.flowRuns.find(run!.name))!.id).toBe(run!.id);
  });

  test("that failed has the error", async () => {
    await flow("hopeless", async () => refuse()).run();
    await openHistory();
    const [run] = await history.flowRuns.list({ state: "FAILED" });
    expect(run!.error).toContain("RangeError: no such thing");
  });

  test("is the parent of the flow runs inside", async () => {
    const inner = flow("inner", async () => 1);
    await flow("outer", async () => inner())();
    await openHistory();
    const [outer] = await history.flowRuns.list({ of: "outer" });
    const [run] = await history.flowRuns.list({ of: "inner" });
    expect(run!.parentId).toBe(outer!.id);
  });
});

describe("a task run", () => {
  test("has its inputs, its key and what the cache did", async () => {
    await addOne(7);
    await addOne(7);
    const [hit, miss] = await runsOf("add-one");
    expect(miss).toMatchObject({ outcome: "miss", persisted: true, inputs: { json: '{"x":7}' }, tags: ["sums"] });
    expect(Object.keys(miss!.components!)).toEqual(["inputs.x"]);
    expect(hit).toMatchObject({ outcome: "hit", key: miss!.key });
    expect(hit!.states.at(-1)!.name).toBe("Cached");
    expect(await history.taskRuns.lastUses([miss!.key!])).toEqual(new Map([[miss!.key!, expect.any(Number)]]));
  });

  test("has each attempt among its states", async () => {
    const moody = task("moody", { retries: 2 }, () => refuse());
    await moody.run();
    const [run] = await runsOf("moody");
    expect(run!.states.map(({ name }) => name)).toEqual(["Pending", "Running", "Retrying", "Retrying", "Failed"]);
    expect(run!.attempt).toBe(3);
  });

  test("has the runs that it waited for", async () => {
    const double = task("double", (x: number) => x * 2);
    await flow("chain", async () => double.submit(addOne.submit(1)))();
    const [last] = await runsOf("double");
    const [first] = await runsOf("add-one");
    expect(last!.upstream).toEqual([first!.id]);
  });

  test("says what changed, also where the storage cannot tell", async () => {
    const folder = mkdtempSync(join(tmpdir(), "oxbow-recording-"));
    const load = task("load", { cachePolicy: INPUTS, resultStorage: folder }, async (url: string, depth: number) => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      return url + depth;
    });
    await load("a", 1);
    await openHistory();
    await load("b", 1);
    const [second] = await runsOf("load");
    expect(second!.reason).toMatch(/^input "url" changed \(1 of 2\); last stored /);
    expect((await load.explain("c", 1)).reason).toMatch(/^input "url" changed \(1 of 2\)/);
  });

  test("has inputs as they were when the body was called", async () => {
    await task("sort", (xs: number[]) => xs.sort((a, b) => a - b))([3, 1, 2]);
    expect((await runsOf("sort"))[0]!.inputs.json).toBe('{"xs":[3,1,2]}');
  });
});

describe("inputs that are not shown", () => {
  test.each([
    ["secrets by their names", { password: "hunter2" }, "secret"],
    ["secrets inside", { login: { apiKey: "hunter2" } }, "secret"],
    ["what is too large", { text: "x".repeat(5000) }, "4.9 KiB"],
    ["bytes", { bytes: new Uint8Array(48 * 1024) }, "48 KiB"],
    ["what cannot be written", { send: () => "hunter2" }, "not serializable"],
  ])("%s", async (_what, values, why) => {
    const [name] = Object.keys(values);
    await task("taker", { params: [name!] }, (value: unknown) => typeof value)(Object.values(values)[0]);
    const [run] = await runsOf("taker");
    expect(run!.inputs).toEqual({ json: "{}", left: { [name!]: why } });
    expect(JSON.stringify(run)).not.toContain("hunter2");
  });
});

describe("logs", () => {
  test("have what the code of users says, and warnings", async () => {
    const talk = task("talk", () => {
      getLogger().info("half-way");
      getLogger().debug("not asked for");
    });
    await flow("talking", async () => talk())();
    await openHistory();
    const [run] = await history.flowRuns.list({ of: "talking" });
    const lines = await history.logs.list(run!.id);
    expect(lines.map(({ level, message }) => [level, message])).toEqual([["info", "half-way"]]);
  });
});
