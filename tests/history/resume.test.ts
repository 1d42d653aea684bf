/* Runs that are gone on with: in this process, in another one, after a crash. */
import { spawn } from "node:child_process";

import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { once } from "node:events";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { beforeEach, describe, expect, test } from "vitest";
import { markCrashed } from "../../src/history/crashed.ts";
import {
  DEFAULT,
  flow,
  INPUTS,
  openHistory,
  pauseFlowRun,
  resumeFlowRun,
  retryTaskRun,
  suspendFlowRun,
  task,
  withSettings,
} from "../../src/index.ts";
import { TestClock, withClock } from "../../src/testing/index.ts";

beforeEach(() => {
  process.env["OXBOW_HISTORY_ENABLED"] = "true";
  process.env["OXBOW_LOGGING_LEVEL"] = "off";
  process.env["OXBOW_HOME"] = mkdtempSync(join(tmpdir(), "oxbow-resume-"));
});

/** A flow of three tasks whose last one fails as long as it is told to; counts the calls of their bodies. */
function pipeline(options: { fails: boolean }) {
  const calls: string[] = [];
  const step = (name: string, work: (x: number) => number) =>
    task(name, { cachePolicy: DEFAULT }, (x: number) => {
      calls.push(name);
      return work(x);
    });
  const [load, clean] = [step("load", (x) => x + 1), step("clean", (x) => x * 2)];
  const publish = step("publish", (x) => {
    if (options.fails) throw new Error("no network");
    return x;
  });
  return { calls, publish, run: flow("pipeline", async (x: number) => publish(await clean(await load(x)))) };
}

async function latest() {
  return (await (await openHistory()).flowRuns.list())[0]!;
}

describe("a flow run that failed", () => {
  test("goes on under its run id: a failed last step costs only itself", async () => {
    const options = { fails: true };
    const { run, calls } = pipeline(options);
    await run.run(1);
    const failed = await latest();
    options.fails = false;
    calls.length = 0;
    const state = await resumeFlowRun(run, failed.name);
    expect([state.name, state.result(), calls]).toEqual(["Completed", 4, ["publish"]]);
    const again = await latest();
    expect(again.id).toBe(failed.id);
    expect(again.states.map(({ name }) => name)).toEqual([
      "Pending",
      "Running",
      "Failed",
      "Pending",
      "Running",
      "Completed",
    ]);
  });

  test("computes again from a task on, and with other parameters", async () => {
    const { run, calls } = pipeline({ fails: false });
    await run(1);
    const { id } = await latest();
    calls.length = 0;
    await resumeFlowRun(run, id, { from: "clean" });
    expect(calls).toEqual(["clean"]);
    calls.length = 0;
    expect((await resumeFlowRun(run, id, { parameters: { x: 5 } })).result()).toBe(12);
    expect(calls).toEqual(["load", "clean", "publish"]);
  });

  test.each([
    ["has completed", "Flow run … has completed", {}],
    ["is of another flow", "is a run of flow 'pipeline', not of 'other'", {}],
    ["is not there", 'There is no flow run "nobody" in the history', {}],
    ["has no such parameter", "Flow 'pipeline' has no parameter y", { parameters: { y: 1 } }],
  ])("is refused where it %s", async (what, message, options) => {
    const { run } = pipeline({ fails: false });
    await run(1);
    const { name } = await latest();
    const other = flow("other", async () => 1);
    const [of, which] = [what.includes("another") ? other : run, what.includes("not there") ? "nobody" : name];
    const wanted = message.replace("…", name);
    await expect(resumeFlowRun(of as never, which, options)).rejects.toThrow(wanted);
  });

  test("needs the parameters that were secret, and finds those that were too large", async () => {
    let fails = true;
    const login = flow("login", async (user: string, password: string, body: string) => {
      if (fails) throw new Error("refused");
      return [user, password, body.length];
    });
    await login.run("ann", "hunter2", "x".repeat(10_000));
    fails = false;
    const { id } = await latest();
    await expect(resumeFlowRun(login, id)).rejects.toThrow("password (secret)");
    const state = await resumeFlowRun(login, id, { parameters: { password: "hunter2" } });
    expect(state.result()).toEqual(["ann", "hunter2", 10_000]);
  });
});

test("a task run that failed runs alone, with the inputs that it had", async () => {
  const options = { fails: true };
  const { run, publish, calls } = pipeline(options);
  await run.run(1);
  const history = await openHistory();
  const [failed] = await history.taskRuns.list({ of: "publish" });
  expect(failed!.inputsKey).toBe(`inputs/${failed!.id}`);
  options.fails = false;
  calls.length = 0;
  expect((await retryTaskRun(publish, failed!.name)).result()).toBe(4);
  expect(calls).toEqual(["publish"]);
  calls.length = 0;
  expect((await resumeFlowRun(run, failed!.flowRunId!)).result()).toBe(4);
  expect(calls).toEqual([]);
});

test("inputs that are too large for the history are found in the result storage", async () => {
  let fails = true;
  const count = task("count", (text: string, token: string) => {
    if (fails) throw new Error("no");
    return text.length + token.length;
  });
  await count.run("x".repeat(9000), "t");
  fails = false;
  const [failed] = await (await openHistory()).taskRuns.list({ of: "count" });
  await expect(retryTaskRun(count, failed!.id)).rejects.toThrow("token (secret)");
  expect((await retryTaskRun(count, failed!.id, { inputs: { token: "t" } })).result()).toBe(9001);
});

describe("a suspended run", () => {
  test("ends, and has its answer when it is resumed", async () => {
    const ask = flow("ask", async () => suspendFlowRun({ message: "publish?" }));
    const first = await ask.run();
    expect([first.type, first.name, first.message]).toEqual(["PAUSED", "Suspended", "publish?"]);
    await expect(ask()).rejects.toThrow("is suspended: publish?");
    const history = await openHistory();
    const [, run] = await history.flowRuns.list({ of: "ask" });
    expect((await resumeFlowRun(ask, run!.id)).name).toBe("Suspended");
    await history.questions.answer(run!.id, "pause:1", '{"yes":1}', Date.now());
    expect((await resumeFlowRun(ask, run!.id)).result()).toEqual({ yes: 1 });
  });

  test("asks again where the answer is refused", async () => {
    const number = {
      "~standard": {
        version: 1 as const,
        vendor: "test",
        validate: (value: unknown) =>
          typeof value === "number" ? { value } : { issues: [{ message: "expected a number" }] },
      },
    };
    const ask = flow("ask", async () => suspendFlowRun({ message: "how many?", input: number }));
    await ask.run();
    const history = await openHistory();
    const { id } = await latest();
    await history.questions.answer(id, "pause:1", '"three"', Date.now());
    expect((await resumeFlowRun(ask, id)).message).toBe("how many? (refused: expected a number)");
    const [question] = (await history.questions.list(id)).filter(({ answer }) => answer === undefined);
    await history.questions.answer(id, question!.name, "3", Date.now());
    expect((await resumeFlowRun(ask, id)).result()).toBe(3);
  });

  test("fails where it is resumed too late", async () => {
    const clock = new TestClock();
    const ask = flow("ask", async () => suspendFlowRun({ timeout: "1 minute" }));
    await withClock(clock, async () => ask.run());
    const { id } = await latest();
    await clock.advance(61_000);
    const state = await withClock(clock, async () => resumeFlowRun(ask, id));
    expect([state.type, state.message]).toEqual(["FAILED", expect.stringContaining("Nobody answered within 1 min")]);
  });

  test("is suspended by a task of manual trigger, and what is stored asks nobody", async () => {
    let calls = 0;
    const deploy = task("deploy", { trigger: "manual", cachePolicy: INPUTS }, (x: number) => ++calls + x);
    const release = flow("release", async () => deploy(1));
    expect((await release.run()).name).toBe("Suspended");
    expect(calls).toBe(0);
    const { id } = await latest();
    const history = await openHistory();
    const [question] = await history.questions.list(id);
    expect(question!.text).toBe("start task 'deploy' with {\"x\":1}?");
    await history.questions.answer(id, question!.name, "true", Date.now());
    expect((await resumeFlowRun(release, id)).result()).toBe(2);
    expect((await release.run()).name).toBe("Completed");
    expect(calls).toBe(1);
  });
});

test("a paused run stays, and goes on when it is answered", async () => {
  const clock = new TestClock();
  const wait = flow("wait", async () => pauseFlowRun({ message: "go on?" }));
  const running = withClock(clock, async () => wait.run());
  const history = await openHistory();
  await expect.poll(async () => (await latest())?.states.at(-1)?.name).toBe("Paused");
  const { id } = await latest();
  expect(await history.questions.answer(id, "pause:1", "42", clock.now())).toBe(true);
  let isOver = false;
  void running.then(() => (isOver = true));
  await expect.poll(async () => clock.advance(1000).then(() => isOver)).toBe(true);
  expect((await running).result()).toBe(42);
});

describe("another process", () => {
  const source = (fails: string): string => `
    import { appendFileSync } from "node:fs";
    import { flow, task, DEFAULT, resumeFlowRun, openHistory } from ${JSON.stringify(pathToFileURL(join(import.meta.dirname, "../../src/index.ts")).href)};
    const step = (name, work) => task(name, { cachePolicy: DEFAULT, version: "1", params: ["x"] }, (x) => { appendFileSync(process.env.CALLS, name + " "); return work(x); });
    const load = step("load", (x) => x + 1), publish = step("publish", (x) => { ${fails} return x; });
    const pipeline = flow("pipeline", { params: ["x"] }, async (x) => publish(await load(x)));
    if (process.argv[2] === "resume") console.log((await resumeFlowRun(pipeline, process.argv[3])).result());
    else await pipeline(1);
  `;
  const run = async (fails: string, ...args: string[]): Promise<string> => {
    const file = join(process.env["OXBOW_HOME"]!, `flow-${args.length}.mjs`);
    writeFileSync(file, source(fails));
    const child = spawn(process.execPath, [file, ...args], {
      env: { ...process.env, CALLS: join(process.env["OXBOW_HOME"]!, "calls") },
      stdio: ["ignore", "pipe", "inherit"],
    });
    let out = "";
    child.stdout.on("data", (piece: Buffer) => (out += piece.toString()));
    await once(child, "close");
    return out.trim();
  };

  test("resumes a run of one that was killed in its last step", async () => {
    await run("return new Promise(() => setTimeout(() => process.kill(process.pid, 'SIGKILL'), 300));");
    const history = await openHistory();
    const before = await latest();
    expect(before.states.at(-1)!.name).toBe("Running");
    const [crashed] = await markCrashed(history, Date.now());
    expect(crashed!.id).toBe(before.id);
    const after = await latest();
    expect(after.states.at(-1)).toMatchObject({ type: "CRASHED", message: "The process that ran it is gone" });
    const [publish] = await history.taskRuns.list({ of: "publish" });
    expect(publish!.states.at(-1)!.type).toBe("CRASHED");
    expect(await run("", "resume", after.name)).toBe("2");

    expect(readFileSync(join(process.env["OXBOW_HOME"]!, "calls"), "utf8")).toBe("load publish publish ");
    expect((await latest()).states.at(-1)!.name).toBe("Completed");
  });
});

describe("a plan", () => {
  test("says what is stored, as far as stored results take the flow, and runs nothing", async () => {
    const { run, calls } = pipeline({ fails: false });
    const shared = task("shared", { cachePolicy: INPUTS }, (x: number) => {
      calls.push("shared");
      return x;
    });
    const whole = flow("whole", async (x: number) => {
      const [a] = await Promise.all([shared(x), shared(x + 100)]);
      return shared(a + 1);
    });
    await shared(1);
    calls.length = 0;
    const first = await whole.plan(1);
    expect(first.isComplete).toBe(false);
    expect(first.tasks.map(({ outcome }) => outcome)).toEqual(["hit", "miss"]);
    await whole(1);
    calls.length = 0;
    const second = await whole.plan(1);
    expect([second.isComplete, second.count("hit"), calls]).toEqual([true, 3, []]);
    expect((await run.plan(1)).tasks).toMatchObject([{ taskName: "load", outcome: "miss" }]);
    expect(await (await openHistory()).flowRuns.list({ of: "pipeline" })).toEqual([]);
  });

  test("knows what waits for what is not stored", async () => {
    const step = task("step", { cachePolicy: INPUTS }, (x: number) => x);
    const chain = flow("chain", async () => step.submit(step.submit(step.submit(1))));
    expect((await chain.plan()).tasks.map(({ outcome }) => outcome)).toEqual(["miss", "unknown", "unknown"]);
  });
});

test("a run is cancelled from outside", async () => {
  const wait = flow("wait", async () => new Promise(() => undefined));
  const running = withSettings({ logging: { level: "off" } }, async () => wait.run());
  await expect.poll(async () => (await latest())?.states.at(-1)?.name).toBe("Running");
  const { id } = await latest();
  await (await openHistory()).requests.cancel(id, Date.now());
  const state = await running;
  expect([state.name, state.message]).toEqual(["Cancelled", expect.stringContaining("was cancelled from outside")]);
});

describe("what an earlier reader met", () => {
  test("a task that waits for somebody is Suspended, not Failed, and an answer is noted only where the run can go on", async () => {
    const deploy = task("deploy", { trigger: "manual", cachePolicy: INPUTS }, (x: number) => x);
    const release = flow("release", async (x: number, password: string) => deploy(x + password.length));
    await release.run(1, "hunter2");
    const history = await openHistory();
    expect((await history.taskRuns.list({ of: "deploy" }))[0]!.states.at(-1)!.name).toBe("Suspended");
    const { id } = await latest();
    const [question] = await history.questions.list(id);
    const answers = { [question!.name]: true };
    await expect(resumeFlowRun(release, id, { answers })).rejects.toThrow("password (secret)");
    expect((await history.questions.list(id))[0]!.answer).toBeUndefined();
    const state = await resumeFlowRun(release, id, { answers, parameters: { password: "hunter2" } });
    expect(state.result()).toBe(8);
  });

  test("a task that never ran in the flow run is no place to begin from", async () => {
    const { run } = pipeline({ fails: true });
    await run.run(1);
    await expect(resumeFlowRun(run, (await latest()).id, { from: "clear" })).rejects.toThrow("did you mean clean?");
  });

  test("two who resume one run: one does", async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    let fails = true;
    const slow = flow("slow", async () => {
      if (fails) throw new Error("no");
      await held;
      return "done";
    });
    await slow.run();
    fails = false;
    const { id } = await latest();
    const first = resumeFlowRun(slow, id);
    await expect.poll(async () => (await latest()).states.at(-1)!.name).toBe("Running");
    await expect(resumeFlowRun(slow, id)).rejects.toThrow(/is still running|is being resumed/);
    release();
    expect((await first).result()).toBe("done");
  });

  test("nothing is kept where nothing may be stored, and no secret in any case", async () => {
    const fails = task("fails", (_login: object): never => refuse());
    await withSettings({ caching: { mode: "read-only" } }, async () => fails.run({ user: "ann" }));
    await fails.run({ login: { apiKey: "hunter2" } });
    const rows = await (await openHistory()).taskRuns.list({ of: "fails" });
    expect(rows.map(({ inputsKey }) => inputsKey !== undefined)).toEqual([true, false]);
    const records = readFileSync(join(process.env["OXBOW_HOME"]!, "storage", "records.db"));
    expect(records.includes("hunter2")).toBe(false);
  });
});

describe("what a breaker found", () => {
  /** Answers what a run waits for and goes on, once. */
  async function say(yes: unknown, to: ReturnType<typeof flow>): Promise<string> {
    const history = await openHistory();
    const { id } = await latest();
    const open = (await history.questions.list(id)).filter(({ answer }) => answer === undefined);
    const state = await resumeFlowRun(to as never, id, { answers: { [open[0]!.name]: yes } });
    return state.name === "Suspended"
      ? `Suspended: ${state.message}`
      : `${state.name}: ${JSON.stringify(state.result())}`;
  }

  test("a yes is for one call: those before it that are hits now do not count", async () => {
    const calls: string[] = [];
    const deploy = task("deploy", { trigger: "manual", cachePolicy: INPUTS }, (to: string) => void calls.push(to));
    const all = flow("all", async () => {
      for (const to of ["dev", "stage", "prod"]) await deploy(to);
      return calls.length;
    });
    await all.run();
    const said = [await say(true, all), await say(true, all), await say(true, all)];
    expect(said).toEqual([
      'Suspended: start task \'deploy\' with {"to":"stage"}?',
      'Suspended: start task \'deploy\' with {"to":"prod"}?',
      "Completed: 3",
    ]);
    expect(calls).toEqual(["dev", "stage", "prod"]);
  });

  test("an answer that is not true is no yes", async () => {
    let calls = 0;
    const deploy = task("deploy", { trigger: "manual", cachePolicy: INPUTS }, (x: number) => ++calls + x);
    const release = flow("release", async () => deploy(1));
    await release.run();
    const history = await openHistory();
    const { id } = await latest();
    const [question] = await history.questions.list(id);
    const state = await resumeFlowRun(release, id, { answers: { [question!.name]: false } });
    expect([state.name, calls]).toEqual(["Failed", 0]);
    expect(state.message).toContain("Somebody answered false to: start task 'deploy'");
  });

  test("a manual task in a flow inside is asked about in the name of the outermost", async () => {
    const deploy = task("deploy", { trigger: "manual", cachePolicy: INPUTS }, (x: number) => x);
    const inner = flow("inner", async () => deploy(1));
    const outer = flow("outer", async () => inner());
    await outer.run();
    const [run] = await (await openHistory()).flowRuns.list({ of: "outer" });
    const [question] = await (await openHistory()).questions.list(run!.id);
    const state = await resumeFlowRun(outer, run!.id, { answers: { [question!.name]: true } });
    expect(state.result()).toBe(1);
  });

  test("each attempt asks the same questions", async () => {
    let isFirst = true;
    const ask = flow("ask", { retries: 1 }, async () => {
      const a = await suspendFlowRun({ message: "A?" });
      if (isFirst) {
        isFirst = false;
        throw new Error("once");
      }
      return { a, b: await suspendFlowRun({ message: "B?" }) };
    });
    await ask.run();
    expect([await say("a", ask), await say("b", ask)]).toEqual(["Suspended: B?", 'Completed: {"a":"a","b":"b"}']);
  });

  test("schemas see what was given, once", async () => {
    const addBang = {
      "~standard": {
        version: 1 as const,
        vendor: "test",
        validate: (value: unknown) => ({ value: { text: `${(value as { text: string }).text}!` } }),
      },
    };
    let fails = true;
    const check = (text: string): string => {
      if (fails) throw new Error("no");
      return text.slice(-3);
    };
    for (const text of ["ab", "x".repeat(9000)]) {
      fails = true;
      const shout = flow("shout", { parameters: addBang }, async (text: string) => check(text));
      await shout.run(text);
      const { id } = await latest();
      const one = task("one", { input: addBang }, (text: string) => check(text));
      await one.run(text);
      const [failed] = await (await openHistory()).taskRuns.list({ of: "one" });
      fails = false;
      const wanted = `${text}!`.slice(-3);
      expect((await resumeFlowRun(shout, id)).result()).toBe(wanted);
      expect((await retryTaskRun(one, failed!.id)).result()).toBe(wanted);
    }
  });

  test("arguments without names, and -0, come back", async () => {
    let fails = true;
    const sum = function (this: unknown, ...all: number[]): string {
      if (fails) throw new Error("no");
      return all.map((each) => (Object.is(each, -0) ? "-0" : String(each))).join();
    };
    const bound = flow("bound", sum.bind(undefined));
    const plain = flow("plain", async (first: number) => sum(first));
    await bound.run(1, 2);
    const { id } = await latest();
    await plain.run(-0);
    const { id: other } = await latest();
    fails = false;
    expect((await resumeFlowRun(bound, id)).result()).toBe("1,2");
    expect((await resumeFlowRun(plain, other)).result()).toBe("-0");
  });

  test("parameters that cannot be kept are no failure", async () => {
    const call = flow("call", async (fn: () => number) => fn());
    expect((await call.run(() => 1)).name).toBe("Completed");
  });

  test("what has just ended is known, and is not resumed twice", async () => {
    let fails = true;
    const once = flow("once", async () => {
      if (fails) throw new Error("no");
      return 1;
    });
    await once.run();
    fails = false;
    const { id } = await latest();
    await resumeFlowRun(once, id);
    await expect(resumeFlowRun(once, id)).rejects.toThrow("has completed");
  });

  test("a run that was cancelled goes on", async () => {
    let isStuck = true;
    const wait = flow("wait", async () =>
      isStuck ? new Promise(() => undefined) : new Promise((r) => setTimeout(r, 1500, 1)),
    );
    const running = wait.run();
    await expect.poll(async () => (await latest())?.states.at(-1)?.name).toBe("Running");
    const { id } = await latest();
    await (await openHistory()).requests.cancel(id, Date.now());
    expect((await running).name).toBe("Cancelled");
    isStuck = false;
    expect((await resumeFlowRun(wait, id)).name).toBe("Completed");
  });

  test("two pauses at once wait for two answers", async () => {
    const clock = new TestClock();
    const both = flow("both", async () =>
      Promise.all([pauseFlowRun({ message: "A?" }), pauseFlowRun({ message: "B?" })]),
    );
    let isOver = false;
    const running = withClock(clock, async () => both.run());
    void running.then(() => (isOver = true));
    await expect.poll(async () => (await latest())?.states.at(-1)?.name).toBe("Paused");
    const history = await openHistory();
    const { id } = await latest();
    await expect(resumeFlowRun(both, id)).rejects.toThrow("is paused in its own process");
    await expect.poll(async () => (await history.questions.list(id)).length).toBe(2);
    for (const { name, text } of await history.questions.list(id))
      await history.questions.answer(id, name, JSON.stringify(text), clock.now());
    await expect.poll(async () => clock.advance(1000).then(() => isOver)).toBe(true);
    expect((await running).result()).toEqual(["A?", "B?"]);
  });

  test("a refused resume keeps parameters that were too large", async () => {
    let refuses = true;
    const schema = {
      "~standard": {
        version: 1 as const,
        vendor: "test",
        validate: (value: unknown) => (refuses ? { issues: [{ message: "no" }] } : { value: value as object }),
      },
    };
    refuses = false;
    let fails = true;
    const load = flow("load", { parameters: schema }, async (text: string, n: number) => {
      if (fails) throw new Error("no");
      return text.length + n;
    });
    await load.run("x".repeat(9000), 1);
    const { id } = await latest();
    refuses = true;
    fails = false;
    expect((await resumeFlowRun(load, id)).name).toBe("Failed");
    refuses = false;
    expect((await resumeFlowRun(load, id)).result()).toBe(9001);
  });

  test("a plan calls no hooks, and waits for what the flow does itself", async () => {
    const called: string[] = [];
    const note = (name: string) => () => void called.push(name);
    const step = task("step", { cachePolicy: INPUTS, onCompletion: note("task") }, (x: number) => x);
    await step(1);
    called.length = 0;
    const slow = flow("slow", { onRunning: note("running"), onCompletion: note("completed") }, async () => {
      await new Promise((resolve) => setTimeout(resolve, 400));
      return step(1);
    });
    const plan = await slow.plan();
    expect([plan.isComplete, plan.count("hit"), called]).toEqual([true, 1, []]);
  });
});

function refuse(): never {
  throw new Error("no");
}
