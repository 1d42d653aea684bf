import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, expectTypeOf, it } from "vitest";
import { cacheKey, DEFAULT, INPUTS, memoryStorage, task as modernTask, withSettings, type Storage } from "../index.ts";
import { memorySink } from "../logging/memory-sink.ts";
import { compressed, json } from "../serializers/index.ts";
import { TestClock, withClock, withLogSink } from "../testing/index.ts";
import {
  allInputs,
  allParameters,
  durationOnly,
  flow,
  LocalResult,
  neverUse,
  partialInputsOnly,
  partialParametersOnly,
  S3Result,
  task,
  type ClassicTaskOptions,
} from "./index.ts";

let folder: string;
let storage: Storage;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "oxbow-classic-"));
  storage = memoryStorage();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const make = (options: unknown): unknown => task("t", options as ClassicTaskOptions, (x: number) => x);

/** A task of two inputs that says how often it has run. */
function counted(options: ClassicTaskOptions, name = "counted") {
  let calls = 0;
  return task(name, { result: storage, ...options }, (_x: number, _y = 0) => ++calls);
}

describe("cacheFor", () => {
  it("uses a result for so long, whatever the inputs", async () => {
    const made = counted({ cacheFor: "1 hour" });
    const clock = new TestClock(0);
    await withClock(clock, async () => {
      expect([await made(1), await made(2)]).toEqual([1, 1]);
      await clock.advance(3_600_000);
      expect([await made(1), await made(2)]).toEqual([2, 2]);
    });
  });

  it("keeps null and undefined, as all results", async () => {
    const made = task("nothing", { cacheFor: "1 hour", result: storage }, () => null);
    expect([(await made.run()).name, (await made.run()).name]).toEqual(["Completed", "Cached"]);
  });

  it("stores under the name of the task, which a cacheKey and the newer cacheKey() share", async () => {
    const made = counted({ cacheFor: "1 hour" }, "rates");
    expect((await made.run(1)).decision?.key).toBe("rates");
    expect(await counted({ cacheFor: "1 hour", cacheKey: "rates" }, "other")(9)).toBe(1);
    expect(await modernTask("newer", { cachePolicy: cacheKey("rates"), resultStorage: storage }, () => 0)()).toBe(1);
    expect(await counted({ cacheFor: "1 hour" }, "else")(1)).toBe(1);
  });
});

describe("a built-in validator", () => {
  it.each([
    [durationOnly, [1, 1, 1, 1]],
    [allInputs, [1, 2, 3, 1]],
    [partialInputsOnly(["_x"]), [1, 2, 1, 1]],
    [partialInputsOnly([]), [1, 1, 1, 1]],
    [partialInputsOnly(), [1, 1, 1, 1]],
    [allParameters, [1, 1, 1, 1]],
    [neverUse, [1, 2, 3, 4]],
  ])("looks at what it says: $0.name", async (cacheValidator, expected) => {
    const made = counted({ cacheFor: "1 hour", cacheValidator });
    expect([await made(1), await made(2), await made(1, 5), await made(1)]).toEqual(expected);
  });

  it.each([
    [allParameters, [1, 2, 3, 1]],
    [partialParametersOnly(["day"]), [1, 2, 1, 1]],
    [partialParametersOnly(["day", "nobody"]), [1, 2, 1, 1]],
    [partialParametersOnly(), [1, 1, 1, 1]],
    [durationOnly, [1, 1, 1, 1]],
  ])("looks at the parameters of the flow: $0.name", async (cacheValidator, expected) => {
    const made = counted({ cacheFor: "1 hour", cacheValidator });
    const main = flow("main", async (day: string, _n: number) => made(day.length));
    expect([await main("mo", 1), await main("tu", 1), await main("mo", 2), await main("mo", 1)]).toEqual(expected);
  });

  it("neverUse stores what others may use", async () => {
    const writer = counted({ cacheFor: "1 hour", cacheValidator: neverUse, cacheKey: "shared" });
    expect([await writer(1), await writer(1)]).toEqual([1, 2]);
    expect(await counted({ cacheFor: "1 hour", cacheKey: "shared" })(1)).toBe(2);
  });

  it("names parameters that the task has", () => {
    expect(() => counted({ cacheFor: "1 hour", cacheValidator: partialInputsOnly(["z"]) })).toThrow('no parameter "z"');
  });

  it("may stand beside validate", async () => {
    const made = counted({ cacheFor: "1 hour", cacheValidator: allInputs, validate: () => false });
    expect([await made(1), await made(1)]).toEqual([1, 2]);
  });
});

describe("a validator of one's own", () => {
  it("is asked about the record, with the inputs and the parameters of the flow", async () => {
    const asked: unknown[] = [];
    const made = counted({
      cacheFor: "1 hour",
      cacheValidator: async (record, inputs, parameters) => {
        asked.push([record.taskName, inputs, parameters]);
        return inputs["_x"] !== 3;
      },
    });
    expect([await made(1), await flow("main", async (day: string) => made(2, day.length))("mo")]).toEqual([1, 1]);
    expect((await made.run(3)).decision?.reason).toBe("`validate` refused the record");
    expect(await made(1)).toBe(2);
    expect(asked.slice(0, 2)).toEqual([
      ["counted", { _x: 2, _y: 2 }, { day: "mo" }],
      ["counted", { _x: 3, _y: 0 }, {}],
    ]);
  });

  it("is asked about no record that is too old", async () => {
    const made = counted({ cacheFor: "1 hour", cacheValidator: () => true });
    const clock = new TestClock(0);
    await withClock(clock, async () => {
      await made(1);
      await clock.advance(3_600_000);
      expect(await made(1)).toBe(2);
    });
  });
});

describe("checkpoint", () => {
  it("stores each successful run, and uses none", async () => {
    const made = counted({ checkpoint: true, result: LocalResult({ dir: folder }) });
    const main = flow("main", async () => [await made(1), await made(1)]);
    expect(await main()).toEqual([1, 2]);
    expect(readdirSync(folder).filter((name) => !name.startsWith("."))).toHaveLength(1);
    const state = await made.run(1);
    expect([state.name, state.persisted]).toEqual(["Completed", true]);
  });

  it("with a policy is used as that says", async () => {
    const made = counted({ checkpoint: true, cachePolicy: DEFAULT });
    expect(await flow("main", async () => [await made(1), await made(1)])()).toEqual([1, 1]);
  });

  it("false stores nothing, whatever the flow says", async () => {
    const made = counted({ checkpoint: false, result: LocalResult({ dir: folder }) });
    expect(await flow("main", { persistResult: true }, async () => made.run(1).then((s) => s.persisted))()).toBe(false);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("stores nothing where the flow around or the settings say so", async () => {
    const made = counted({ checkpoint: true });
    const file = counted({ result: LocalResult({ dir: folder, location: "sum.json" }) }, "file");
    const states = async () => [await made.run(1), await file.run(1)];
    for (const cacheMode of ["read-only", "off"] as const) {
      for (const state of await flow("main", { cacheMode }, states)()) expect(state.persisted).toBe(false);
      await withSettings({ caching: { mode: cacheMode } }, async () => {
        for (const state of await states()) expect(state.persisted).toBe(false);
      });
    }
    expect(readdirSync(folder)).toEqual([]);
    expect((await states()).map(({ persisted }) => persisted)).toEqual([false, true]);
  });

  it("that is not said leaves it to what is around, and results are not used then either", async () => {
    const plain = task("plain", () => 1);
    expect((await plain.run()).decision?.outcome).toBe("disabled");
    const main = flow("main", { resultStorage: storage }, async () => [await plain.run(), await plain.run()]);
    expect((await main()).map(({ name, persisted }) => [name, persisted])).toEqual([
      ["Completed", false],
      ["Completed", false],
    ]);
    await withSettings({ results: { persistByDefault: true, storagePath: folder } }, async () => {
      expect((await plain.run()).persisted).toBe(true);
    });
  });
});

describe("target", () => {
  const noon = Date.UTC(2026, 10, 21, 12);

  it("is a file that means done, its path made of the older names", async () => {
    let calls = 0;
    const options = { target: "{date:%A}/{task_name}.txt", checkpoint: true, result: LocalResult({ dir: folder }) };
    const funcTask = task("func_task", options, () => 98 + ++calls);
    await withClock(new TestClock(noon), async () => {
      expect([await funcTask(), await funcTask()]).toEqual([99, 99]);
    });
    expect(readFileSync(join(folder, "Saturday/func_task.txt"), "utf8")).toBe("99\n");
    await withClock(new TestClock(noon + 24 * 3_600_000), async () => expect(await funcTask()).toBe(100));
  });

  it.each([
    ["{flow_name}-{task_full_name}-{n}", "main-t-5"],
    ["{today}-{today_nodash}-{yesterday_nodash}-{tomorrow_nodash}", "2026-11-21-20261121-20261120-20261122"],
    ["{date:%Y-%m-%d}-{yesterday}-{parameters.day}-{day}", "2026-11-21-2026-11-20-mo-mo"],
    ["{taskName}-{flowName}", "t-main"],
    ["{task_run_id}.{flow_run_id}.{task_run_name}.{flow_run_name}", /^[\w-]+\.[\w-]+\.t-[0-9a-f]{3}\.\w+-\w+$/],
  ])("knows %s", async (target, expected) => {
    const t = task("t", { target: `${target}.json`, result: folder }, (n: number) => n);
    await withClock(new TestClock(noon), () => flow("main", async (day: string) => [day, await t(5)])("mo"));
    const [file] = readdirSync(folder).filter((name) => name.endsWith(".json"));
    expect(file?.slice(0, -".json".length)).toMatch(expected);
  });

  it("means an input of an older name before the run, and lets none lead out", async () => {
    const t = task("t", { target: "{task_name}.json", result: folder }, (task_name: string) => task_name);
    expect(await t("../x")).toBe("../x");
    expect(existsSync(join(folder, "..%2Fx.json"))).toBe(true);
  });

  it("may be a function; a variable that there is not fails the run", async () => {
    const made = task("t", { target: (_, { n }) => `n-${String(n)}.json`, result: folder }, (n: number) => n);
    await made(4);
    expect(readdirSync(folder)).toContain("n-4.json");
    const state = await task("t", { target: "{map_index}.json", result: folder }, () => 1).run();
    expect([state.name, state.message]).toEqual(["Failed", expect.stringContaining("map_index, which is not there")]);
    expect(() => task("t", { target: "{open", result: folder }, () => 1)).toThrow('Task "t", target: the template');
  });

  it("takes what another program has written", async () => {
    writeFileSync(join(folder, "given.txt"), "41\n");
    expect(await task("given", { target: "given.txt", result: LocalResult({ dir: folder }) }, () => 0)()).toBe(41);
  });
});

describe("result", () => {
  it("with a location writes that file each time, and reads it never", async () => {
    const result = LocalResult({ dir: folder, location: "{task_name}.txt" });
    const made = counted({ result, checkpoint: true });
    expect([await made(1), await made(1)]).toEqual([1, 2]);
    expect(readFileSync(join(folder, "counted.txt"), "utf8")).toBe("2\n");
    const sink = memorySink();
    await withLogSink(sink, () => counted({ result, target: "target.txt" })(1));
    expect(readdirSync(folder)).toContain("target.txt");
    expect(sink.records.map(({ message }) => message)).toContain(
      "Both target and the location of result are set; target is used",
    );
  });

  it("with a serializer writes records by it", async () => {
    const result = LocalResult({ dir: folder, serializer: compressed(json(), "gzip") });
    const state = await counted({ result, cacheFor: "1 hour" }).run(1);
    expect(readFileSync(join(folder, state.decision!.key!), "latin1")).toContain('"gzip(json)"');
  });

  it("is a folder of the user, or one below the home of Oxbow", () => {
    expect(LocalResult({ dir: "~/x" }).storage).toBe(join(homedir(), "x"));
    expect(LocalResult({ dir: "~x" }).storage).toBe(join(process.cwd(), "~x"));
    expect(withSettings({ home: folder }, () => LocalResult().storage)).toBe(join(folder, "results"));
  });

  it("is a bucket of S3, by the options of s3Storage", () => {
    const { storage: bucket } = S3Result({ bucket: "acme", prefix: "p", region: "eu-central-1", location: "x.json" });
    expect((bucket as Storage).location).toContain("acme");
    expect(() => S3Result({ bucket: "" })).toThrow("bucket");
  });
});

describe("options", () => {
  it.each([
    [{ cache_for: "1 hour" }, 'Task "t" has no option "cache_for"\n  hint: did you mean "cacheFor"?'],
    [{ retrys: 1 }, 'did you mean "retries"?'],
    [{ cacheFor: 60 }, 'Task "t", cacheFor: 60 is not a duration'],
    [{ cacheFor: "1 hour", cacheValidator: partialInputsOnly }, "has to be told names"],
    [{ cacheFor: "1 hour", cacheValidator: "allInputs" }, "must be a validator such as allInputs"],
    [{ cacheFor: "1 hour", cacheKey: "" }, "must be a text that is not empty"],
    [{ checkpoint: "yes" }, "must be true or false"],
    [{ result: {} }, "must say where results go"],
    [{ result: { storage: {} } }, "must say where results go"],
    [{ result: null }, "must say where results go"],
    [{ result: "" }, "must say where results go"],
    [{ maxRetries: -1 }, 'Task "t", maxRetries: it must be a whole number'],
    [{ cacheFor: "1 hour", cacheExpiration: "1 hour" }, "cacheFor and cacheExpiration exclude each other"],
    [{ cacheFor: "1 hour", cachePolicy: INPUTS }, "cacheFor and cachePolicy exclude each other"],
    [{ cacheKey: "k", cacheKeyFn: () => "k" }, "cacheKey and cacheKeyFn exclude each other"],
    [{ cacheFor: "1 hour", target: "t.json" }, "counts for ever"],
    [{ cacheValidator: allInputs, resultStorageKey: "k" }, "exclude each other"],
    [{ cacheFor: "1 hour", cacheValidator: () => true, validate: () => true }, "cacheValidator and validate"],
    [{ checkpoint: true, persistResult: true }, "checkpoint and persistResult exclude each other"],
    [{ checkpoint: false, cacheFor: "1 hour" }, "nothing is stored that cacheFor could use"],
    [{ checkpoint: false, target: "t.json" }, "nothing is stored that target could use"],
    [{ result: "a", resultStorage: "b" }, "result and resultStorage exclude each other"],
    [{ result: { storage: "a", serializer: json() }, resultSerializer: json() }, "exclude each other"],
    [{ result: { storage: "a", location: "b.json" }, cacheFor: "1 hour" }, "the location of result is a file"],
    [{ maxRetries: 1, retries: 1 }, "maxRetries and retries exclude each other"],
    [null, "null stands in the place of options"],
    ["a description", "stands in the place of options"],
  ])("%o are refused where they are written", (options, message) => {
    expect(() => make(options)).toThrow(message);
  });

  it.each([
    [{ cacheValidator: allInputs }, "cacheValidator without cacheFor: this task will not be cached"],
    [{ cacheValidator: () => true }, "cacheValidator without cacheFor: this task will not be cached"],
    [{ cacheKey: "k" }, "cacheKey without cacheFor: this task will not be cached"],
    [{ cacheValidator: neverUse }, undefined],
    [{ cacheFor: "1 hour", cacheValidator: allInputs, cacheKey: "k" }, undefined],
  ] as Array<[ClassicTaskOptions, string | undefined]>)("%o are warned of: %s", async (options, message) => {
    const sink = memorySink();
    const made = withLogSink(sink, () => counted({ ...options, checkpoint: true }));
    expect(sink.records.map((record) => record.message)).toEqual(message === undefined ? [] : [message]);
    if (message !== undefined) expect([await made(1), await made(1)]).toEqual([1, 2]);
  });

  it("that are undefined are as good as not there", async () => {
    const none = { cacheFor: undefined, cacheValidator: undefined, cacheKey: undefined, result: undefined } as never;
    expect(await task("t", none, () => 1)()).toBe(1);
  });

  it("retry by the older name", async () => {
    let attempts = 0;
    const flaky = task("flaky", { maxRetries: 2, retryDelay: "0s" }, () => {
      attempts += 1;
      if (attempts < 3) throw new Error("busy");
      return attempts;
    });
    expect(await flaky()).toBe(3);
  });

  it("can be changed by either name", async () => {
    const made = counted({ cacheFor: "1 hour", cacheValidator: allInputs });
    const shorter = made.withOptions({ cacheFor: "1 min" }).withOptions({ tags: ["x"] });
    expect(shorter.options).toMatchObject({ cacheFor: "1 min", cacheValidator: allInputs, tags: ["x"] });
    expect([await made(1), await shorter(1), await shorter.withOptions({ refreshCache: true })(1)]).toEqual([1, 1, 2]);
    expect(() => made.withOptions({ cachePolicy: INPUTS })).toThrow("exclude each other");
  });
});

describe("the types", () => {
  it("are those of the function", () => {
    const add = task("add", { cacheFor: "1 hour" }, async (a: number, b = 1) => a + b);
    expectTypeOf(add).parameter(0).toExtend<unknown>();
    expectTypeOf(add(1)).toEqualTypeOf<Promise<number>>();
    expectTypeOf(add.withOptions({ cacheFor: "2 hours" })(1, 2)).toEqualTypeOf<Promise<number>>();
    const items = task("items", { cacheFor: "1 hour", result: storage }, function* () {
      yield "a";
    });
    expectTypeOf(items()).toEqualTypeOf<AsyncGenerator<string, void>>();
    expectTypeOf(items.withOptions({ checkpoint: true })()).toEqualTypeOf<AsyncGenerator<string, void>>();
    // @ts-expect-error a number is no string
    void (() => add("1"));
    // @ts-expect-error names have to be told
    void (() => task("t", { cacheFor: "1 hour", cacheValidator: "allInputs" }, () => 1));
    // @ts-expect-error a number has no unit
    void (() => task("t", { cacheFor: 60 }, () => 1));
  });

  it("keep a generator a generator", async () => {
    let calls = 0;
    const items = task("items", { cacheFor: "1 hour", result: storage }, function* () {
      calls += 1;
      yield* ["a", "b"];
    });
    expect(await Array.fromAsync(items())).toEqual(["a", "b"]);
    expect(await Array.fromAsync(items.withOptions({ tags: ["x"] })())).toEqual(["a", "b"]);
    expect(calls).toBe(1);
  });
});
