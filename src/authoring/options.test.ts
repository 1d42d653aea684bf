import { describe, expect, expectTypeOf, it } from "vitest";
import {
  ConfigurationError,
  flow,
  getRunContext,
  inProcess,
  INPUTS,
  memoryStorage,
  task,
  type FlowOptions,
  type Task,
  type TaskFuture,
  type TaskOptions,
} from "../index.ts";
import { memorySink } from "../logging/memory-sink.ts";
import { withLogSink } from "../testing/index.ts";
import { optionNames } from "./check-options.ts";

const make = (options: unknown): unknown => task("t", options as TaskOptions, (x: number) => x);
const makeFlow = (options: object): unknown => flow("f", options as FlowOptions, (x: number) => x);

describe("options", () => {
  it.each([
    [{ retrys: 3 }, 'Task "t" has no option "retrys"\n  hint: did you mean "retries"?'],
    [{ cachepolicy: INPUTS }, 'did you mean "cachePolicy"?'],
    [{ retry: 1 }, 'did you mean "retries"?'],
    [{ retry_delay_seconds: 1 }, 'did you mean "retryDelay"?'],
    [{ zzzzzzzzzzzzzz: 1 }, "the options are "],
    [{ timeout: { days: 1n } }, "is not a duration"],
    [{ retries: Object.create(null) }, "must be a whole number"],
    [{ resultStorage: "" }, "must be a storage, the path of a folder, or a block"],
    [null, "null stands in the place of options"],
    ["a description", '"a description" stands in the place of options'],
    [{ retries: -1 }, 'Task "t", retries: -1 must be a whole number, not negative'],
    [{ retries: 1.5 }, "must be a whole number"],
    [{ retryDelay: 5 }, 'Task "t", retryDelay: 5 is not a duration'],
    [{ retryDelay: [] }, "must be a duration, a list of durations or a function"],
    [{ retryDelay: ["1s", "soon"] }, '"soon" is not a duration'],
    [{ cacheExpiration: "1 fortnight" }, '"1 fortnight" is not a duration'],
    [{ cacheExpiration: 60 }, "is not a duration"],
    [{ cacheExpiration: "60" }, "is not a duration"],
    [{ timeout: { hours: -1 } }, "is not a duration"],
    [{ timeout: { horus: 1 } }, "is not a duration"],
    [{ cachePolicy: "INPUTS" }, "must be a cache policy, such as INPUTS"],
    [{ cacheKeyFn: "key" }, "must be a function"],
    [{ retryJitter: -0.1 }, "must be a number, not negative"],
    [{ tags: "a" }, "must be a list of strings"],
    [{ onCompletion: [1] }, "must be a function or a list of functions"],
    [{ input: {} }, "must be a Standard Schema"],
    [{ resultStorage: {} }, "must be a storage, the path of a folder, or a block"],
    [{ persistResult: "yes" }, "must be true or false"],
  ])("%o are refused where they are written", (options, message) => {
    expect(() => make(options)).toThrow(ConfigurationError);
    expect(() => make(options)).toThrow(message);
  });

  it("of flows are refused too, with the names of flows", () => {
    expect(() => makeFlow({ cachePolicy: INPUTS })).toThrow('Flow "f" has no option "cachePolicy"');
    expect(() => makeFlow({ taskRunner: {} })).toThrow("must be a task runner, such as inProcess()");
    expect(() => inProcess({ concurrency: 0 })).toThrow("is not a whole number of at least 1");
  });

  it("need a name and a function", () => {
    expect(() => task("", () => 1)).toThrow("is not a name");
    expect(() => task((() => 1) as never, undefined as never)).toThrow("is not a name");
    expect(() => task("t", { retries: 1 } as never)).toThrow("has no function");
  });

  it("that are undefined are as good as not there", async () => {
    expect(await task("t", { retries: undefined, cachePolicy: undefined } as never, () => 1)()).toBe(1);
  });

  it("are checked for every name that the types have", () => {
    const taskOptions: Record<keyof TaskOptions, true> = {
      version: true,
      description: true,
      tags: true,
      params: true,
      retries: true,
      retryDelay: true,
      retryJitter: true,
      timeout: true,
      persistResult: true,
      resultStorage: true,
      resultSerializer: true,
      cacheMode: true,
      cachePolicy: true,
      cacheKeyFn: true,
      cacheExpiration: true,
      resultStorageKey: true,
      target: true,
      refreshCache: true,
      cacheResultInMemory: true,
      trigger: true,
      validate: true,
      retryWhen: true,
      input: true,
      output: true,
      waitFor: true,
      onCommit: true,
      onRollback: true,
      onRunning: true,
      onCompletion: true,
      onFailure: true,
    };
    const flowOptions: Record<keyof FlowOptions, true> = {
      version: true,
      description: true,
      tags: true,
      params: true,
      retries: true,
      retryDelay: true,
      retryJitter: true,
      timeout: true,
      persistResult: true,
      resultStorage: true,
      resultSerializer: true,
      cacheMode: true,
      parameters: true,
      taskRunner: true,
      onRunning: true,
      onCompletion: true,
      onFailure: true,
      onCancellation: true,
      onCrashed: true,
    };
    expect([...optionNames.Task].sort()).toEqual(Object.keys(taskOptions).sort());
    expect([...optionNames.Flow].sort()).toEqual(Object.keys(flowOptions).sort());
  });

  it("warn about a policy that persistResult: false makes useless, and about two ways to a key", () => {
    const warnings: string[] = [];
    const sink = memorySink();
    withLogSink(sink, () => {
      task("unused", { cachePolicy: INPUTS, persistResult: false }, (x: number) => x);
      task("two", { cachePolicy: INPUTS, cacheKeyFn: () => "k" }, (x: number) => x);
    });
    warnings.push(...sink.records.map((record) => `${record.source}: ${record.message}`));
    expect(warnings).toEqual([
      "Task 'unused': Ignoring the cache policy, because persistResult is false",
      "Task 'two': Both cachePolicy and cacheKeyFn are set; cacheKeyFn is used",
    ]);
  });

  it("say that two tasks of one name have different code, and nothing where the code is the same", () => {
    const sink = memorySink();
    withLogSink(sink, () => {
      task("twin", (x: number) => x + 1);
      task("twin", (x: number) => /* the same */ x + 1);
      task("twin", (x: number) => x + 2);
    });
    expect(sink.records.map((record) => record.message)).toEqual([
      expect.stringContaining("Defined twice with different code"),
    ]);
  });
});

describe("types", () => {
  it("follow from the function", () => {
    const fetchPage = task("fetch-page", { retries: 1 }, async (url: string, debug = false) => [url, debug] as const);
    expectTypeOf(fetchPage).toExtend<Task<[url: string, debug?: boolean], readonly [string, boolean]>>();
    expectTypeOf(fetchPage("x")).resolves.toEqualTypeOf<readonly [string, boolean]>();
    expectTypeOf(fetchPage.submit("x", true)).toEqualTypeOf<TaskFuture<readonly [string, boolean]>>();
    // @ts-expect-error a number is not a string
    void (() => fetchPage(1));
    // @ts-expect-error an unknown option
    void (() => task("t", { retrys: 1 }, () => 1));
    // @ts-expect-error a bare number is no duration
    void (() => task("t", { timeout: 5 }, () => 1));
  });

  it("let futures stand for arguments, and groups for lists", () => {
    const one = task("one", (x: number) => x);
    const sum = task("sum", (xs: number[]) => xs.length);
    void (() => one(one.submit(1)));
    void (() => sum([one.submit(1), 2]));
    void (() => sum(one.map([1, 2])));
    // @ts-expect-error a future of a number is not a list
    void (() => sum(one.submit(1)));
  });

  it("of a flow are those of what it gives back in the end", () => {
    const one = task("one", async (x: number) => x);
    const group = flow("group", async (xs: number[]) => one.map(xs));
    expectTypeOf(group([1])).resolves.toEqualTypeOf<number[]>();
    const list = flow("list", async () => [one.submit(1), one.submit(2)]);
    expectTypeOf(list()).resolves.toEqualTypeOf<number[]>();
    const state = flow("state", async () => one.run(1));
    expectTypeOf(state()).resolves.toEqualTypeOf<number>();
  });
});

describe("input and output schemas", () => {
  it("see inputs by name, and what they make of them is what the function gets", async () => {
    const { z } = await import("zod");
    const typed = task(
      "typed",
      { input: z.object({ n: z.coerce.number(), word: z.string().default("w") }) },
      (n: number, word?: string) => [n, word],
    );
    expect(await typed("3" as never)).toEqual([3, "w"]);
    expect((await typed.run("x" as never)).message).toMatch(/Validation of task inputs failed with error: n: /);
    const named = task("named", { input: z.object({ a: z.string() }) }, ({ a }: { a: string }) => a);
    expect(await named({ a: "ok" })).toBe("ok");
  });

  it("are asked about stored results too", async () => {
    const { z } = await import("zod");
    const resultStorage = memoryStorage();
    let calls = 0;
    const fn = (x: number): unknown => ((calls += 1), { id: x });
    await task("shape", { cachePolicy: INPUTS, resultStorage }, fn)(1);
    const strict = task("shape", { cachePolicy: INPUTS, resultStorage, output: z.object({ id: z.string() }) }, fn);
    const state = await strict.run(1);
    expect(state.name).toBe("Failed");
    expect(calls).toBe(2);
    const fine = task("shape", { cachePolicy: INPUTS, resultStorage, output: z.object({ id: z.number() }) }, fn);
    expect((await fine.run(1)).name).toBe("Cached");
    expect(getRunContext()).toBeUndefined();
  });
});
