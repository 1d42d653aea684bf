import { afterEach, describe, expect, it, vi } from "vitest";
import {
  CachingError,
  cacheKey,
  cacheKeyFn,
  fileInput,
  flow,
  FLOW_PARAMETERS,
  INPUTS,
  memoryStorage,
  RUN_ID,
  StorageError,
  task,
  TASK_NAME,
  TASK_SOURCE,
  withSettings,
  type Storage,
  type TaskOptions,
} from "../index.ts";
import { memorySink } from "../logging/memory-sink.ts";
import { TestClock, withClock, withLogSink } from "../testing/index.ts";

const hour = 3_600_000;

/** A task that counts its calls. */
function counting(options: TaskOptions, name = "counting") {
  const calls: number[] = [];
  const made = task(name, options, (x: number, debug = false) => {
    calls.push(debug ? -x : x);
    return x + 42;
  });
  return { made, calls };
}

/** A storage of which one method fails. */
function failing(method: "get" | "put" | "head", storage: Storage = memoryStorage()): Storage {
  return new Proxy(storage, {
    get(target, name) {
      if (name === "version") return undefined;
      const member: unknown = Reflect.get(target, name, target);
      if (name !== method) return typeof member === "function" ? member.bind(target) : member;
      return () => {
        throw new StorageError("Cannot reach the disk");
      };
    },
  });
}

describe("decisions", () => {
  it("say hit with the age, what it saved, and who wrote the record where it was another task", async () => {
    const clock = new TestClock();
    const storage = memoryStorage();
    await withClock(clock, async () => {
      const { made } = counting({ cachePolicy: INPUTS, resultStorage: storage }, "first");
      const { made: other, calls } = counting({ cachePolicy: INPUTS, resultStorage: storage }, "second");
      await made(1);
      await clock.advance(3 * hour);
      expect((await made.run(1)).decision!.reason).toMatch(/^computed 3 h ago, saved \d+ ms$/);
      expect((await other.run(1)).decision!.reason).toMatch(
        /^computed 3 h ago by another task, 'first', saved \d+ ms$/,
      );
      expect(calls).toEqual([]);
    });
  });

  it("say that a record expired, exactly at its time, and store the new one with a new expiry", async () => {
    const clock = new TestClock();
    await withClock(clock, async () => {
      const { made, calls } = counting({
        cachePolicy: INPUTS,
        cacheExpiration: "1 day",
        resultStorage: memoryStorage(),
      });
      await made(1);
      await clock.advance(24 * hour - 1);
      expect((await made.run(1)).name).toBe("Cached");
      await clock.advance(1);
      expect((await made.explain(1)).toString()).toBe("miss: the record expired 0 ms ago");
      await made(1);
      await clock.advance(24 * hour - 1);
      expect((await made.run(1)).name).toBe("Cached");
      expect(calls).toEqual([1, 1]);
    });
  });

  it("keep the expiry of the record, whatever the task that reads it says", async () => {
    const clock = new TestClock();
    const storage = memoryStorage();
    await withClock(clock, async () => {
      const { made } = counting({ cachePolicy: INPUTS, cacheExpiration: "1h", resultStorage: storage });
      const { made: lasting } = counting({ cachePolicy: INPUTS, resultStorage: storage });
      await made(1);
      await clock.advance(hour);
      expect((await lasting.explain(1)).outcome).toBe("miss");
    });
  });

  it("refresh overwrites and resets the expiry; a refresh for one call is for one call", async () => {
    const clock = new TestClock();
    await withClock(clock, async () => {
      const { made, calls } = counting({ cachePolicy: INPUTS, cacheExpiration: "2h", resultStorage: memoryStorage() });
      await made(1);
      await clock.advance(hour);
      expect((await made.withOptions({ refreshCache: true }).run(1)).decision!.toString()).toBe(
        "refreshed: refreshCache is set",
      );
      await clock.advance(1.5 * hour);
      expect((await made.run(1)).name).toBe("Cached");
      expect(calls).toEqual([1, 1]);
    });
  });

  it("are uncached for inputs that cannot be hashed, with one warning per flow run that names the path and the ways out", async () => {
    const sink = memorySink();
    const use = task(
      "use",
      { cachePolicy: INPUTS, resultStorage: memoryStorage() },
      (client: { socket: () => void }) => typeof client.socket,
    );
    const state = await withLogSink(sink, () =>
      flow("twice", async () => {
        await use({ socket: () => {} });
        return use.run({ socket: () => {} });
      })(),
    );
    expect(state).toBe("function");
    const warnings = sink.records.filter((record) => record.level === "warn");
    expect(warnings).toHaveLength(1);
    expect(warnings[0]!.message).toContain("args.client.socket");
    expect(warnings[0]!.message).toContain('.omit("client")');
    expect((await use.run({ socket: () => {} })).decision!.toString()).toMatch(/^uncached: .*args\.client\.socket/);
  });

  it("are uncached where a call has no inputs to make a key of", async () => {
    const none = task("none", { cachePolicy: INPUTS, resultStorage: memoryStorage() }, () => 1);
    expect((await none.run()).decision!.toString()).toBe("uncached: the call has no inputs to make a key of");
    const named = none.withOptions({ cachePolicy: INPUTS.and(TASK_NAME) });
    await named();
    expect((await named.run()).name).toBe("Cached");
  });

  it("are disabled, with the reason, where results are not wanted", async () => {
    const { made } = counting({});
    expect((await made.run(1)).decision!.toString()).toContain("disabled: results are not persisted");
    const { made: out } = counting({ persistResult: false });
    expect((await out.run(1)).decision!.toString()).toBe("disabled: persistResult is false");
    await withSettings({ tasks: { defaultNoCache: true } }, async () => {
      const { made: plain } = counting({ persistResult: true, resultStorage: memoryStorage() });
      expect((await plain.run(1)).decision!.outcome).toBe("disabled");
      const { made: explicit } = counting({ cachePolicy: INPUTS, resultStorage: memoryStorage() });
      expect((await explicit.run(1)).decision!.outcome).toBe("miss");
    });
  });

  it("say what changed since the nearest record of the task", async () => {
    const clock = new TestClock();
    const storage = memoryStorage();
    const options = { cachePolicy: INPUTS.and(TASK_SOURCE), resultStorage: storage };
    await withClock(clock, async () => {
      const { made } = counting(options);
      expect((await made.run(1)).decision!.reason).toBe("no record under this key");
      await clock.advance(3 * hour);
      expect((await made.run(2)).decision!.reason).toBe(
        'input "x" changed (1 of 2); source unchanged; last stored 3 h ago',
      );
      const newer = made.withOptions({ version: "2" });
      await clock.advance(hour);
      expect((await newer.explain(2)).reason).toBe("source changed; last stored 1 h ago");
      const siblings = flow("siblings", async () => {
        await newer(7);
        await clock.advance(1);
        return (await newer.run(8)).decision!.reason;
      });
      expect(await siblings()).toBe('input "x" changed (1 of 2); source changed; last stored 1 h ago');
      const perRun = made.withOptions({ cachePolicy: INPUTS.and(RUN_ID) });
      const inFlow = flow("in", async () => (await perRun.run(1)).decision!.reason);
      await inFlow();
      await clock.advance(hour);
      expect(await inFlow()).toBe("run id (RUN_ID: a record serves one run) changed; last stored 1 h ago");
    });
  });

  it("say that the run id is in the key, where that is why nothing is found", async () => {
    const clock = new TestClock();
    await withClock(clock, async () => {
      const { made } = counting({ persistResult: true, resultStorage: memoryStorage() });
      await made(1);
      await clock.advance(1);
      expect((await made.run(1)).decision!.reason).toMatch(
        /^run id \(RUN_ID: a record serves one run\) changed; source unchanged/,
      );
    });
  });
});

describe("key functions", () => {
  afterEach(() => vi.unstubAllEnvs());

  it("give the key itself when alone, and get the context and the inputs by name", async () => {
    const storage = memoryStorage();
    const seen: unknown[] = [];
    const { made } = counting({
      resultStorage: storage,
      cacheKeyFn: (context, inputs) => (seen.push(context.taskRun!.task.name, inputs), "static key/../é"),
    });
    await made(1);
    expect(await storage.head("static key/../é")).toMatchObject({ taskName: "counting" });
    expect(seen.slice(0, 2)).toEqual(["counting", { x: 1, debug: false }]);
    expect((await made.run(2)).name).toBe("Cached");
  });

  it("are called twice outside production, and reported with both keys where they differ", async () => {
    let n = 0;
    const { made } = counting({ resultStorage: memoryStorage(), cacheKeyFn: () => `key-${n++}` });
    const state = await made.run(1);
    expect(state.name).toBe("Completed");
    expect(state.decision!.toString()).toBe(
      'uncached: The key function is not deterministic: it gave "key-0" and then "key-1" for one call',
    );
    vi.stubEnv("NODE_ENV", "production");
    expect((await made.run(1)).decision!.outcome).toBe("miss");
    expect(n).toBe(3);
  });

  it("that read the clock are found, because it has moved on at the second call", async () => {
    const { made } = counting({ resultStorage: memoryStorage(), cacheKeyFn: () => `at ${Date.now()}` });
    expect((await made.run(1)).decision!.reason).toContain("The key function is not deterministic");
  });

  it("may say that a call is not cached, and may not return anything but a string", async () => {
    const returning = async (key: unknown) => {
      const { made } = counting({ resultStorage: memoryStorage(), cacheKeyFn: () => key as string });
      return String((await made.run(1)).decision);
    };
    expect(await returning(undefined)).toBe("uncached: the key function returned nothing");
    expect(await returning(42)).toBe("uncached: The key function returned a number, not a string");
    expect(await returning("")).toBe("uncached: The key function returned an empty string");
    expect(await returning("\ud800")).toContain("lone surrogate");
    expect(await returning(Promise.resolve("later"))).toBe("miss: no record under this key");
  });

  it("that throw leave the run uncached, or fail it where caching is strict", async () => {
    const { made } = counting({
      resultStorage: memoryStorage(),
      cacheKeyFn: () => {
        throw new Error("in the key function");
      },
    });
    expect(String((await made.run(1)).decision)).toBe(
      "uncached: the cache key could not be computed: Error: in the key function",
    );
    await withSettings({ caching: { strict: true } }, () => expect(made(1)).rejects.toThrow(CachingError));
  });
});

describe("keys that fail", () => {
  it("leave no rejection behind that nobody handles", async () => {
    const unhandled: unknown[] = [];
    const listen = (reason: unknown): void => void unhandled.push(reason);
    process.on("unhandledRejection", listen);
    try {
      const options = {
        cachePolicy: cacheKeyFn(() => Promise.reject(new Error("no key"))),
        resultStorage: memoryStorage(),
      };
      const { made } = counting(options);
      expect((await made.run(1)).decision!.outcome).toBe("uncached");
      expect((await made.run(1)).decision!.outcome).toBe("uncached");
      const files = task(
        "files",
        { cachePolicy: INPUTS, resultStorage: memoryStorage() },
        async (_a: unknown, _b: unknown) => 1,
      );
      const state = await files.run(fileInput("/nowhere", { by: "content" }), () => 1);
      expect(state.decision!.outcome).toBe("uncached");
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(unhandled).toEqual([]);
    } finally {
      process.off("unhandledRejection", listen);
    }
  });

  it("are not deterministic where they give a key once and nothing the other time", async () => {
    let calls = 0;
    const { made } = counting({
      resultStorage: memoryStorage(),
      cacheKeyFn: () => (calls++ % 2 === 0 ? "k" : undefined),
    });
    expect((await made.run(1)).decision!.reason).toContain('gave "k" and then undefined');
  });
});

describe("what is said of a cache that fails", () => {
  it("is said once in a flow run, with what to do", async () => {
    const sink = memorySink();
    const broken = failing("get", failing("put"));
    const { made } = counting({ cachePolicy: INPUTS, resultStorage: broken });
    await withLogSink(sink, () => flow("many", async () => made.map([1, 2, 3]))());
    expect(sink.records.filter((record) => record.level === "warn")).toHaveLength(1);
    expect(sink.records.filter((record) => record.level === "error")).toHaveLength(1);
  });

  it("stands on the state too where caching is strict, or the result is refused", async () => {
    const { made } = counting({ cachePolicy: INPUTS, resultStorage: failing("put") });
    const state = await withSettings({ caching: { strict: true } }, () => made.run(1));
    expect([state.name, state.decision?.outcome]).toEqual(["Failed", "miss"]);
    const { made: unread } = counting({ cachePolicy: INPUTS, resultStorage: failing("get") });
    const other = await withSettings({ caching: { strict: true } }, () => unread.run(1));
    expect(String(other.decision)).toMatch(/^uncached: lookup failed/);
  });
});

describe("policies in a run", () => {
  it("leave omitted inputs out of the key", async () => {
    const { made, calls } = counting({ cachePolicy: INPUTS.omit("debug"), resultStorage: memoryStorage() });
    await made(1);
    await made(1, true);
    expect(calls).toEqual([1]);
  });

  it("hold the flow's parameters, and the flow run's id", async () => {
    const byParameters = counting({ cachePolicy: FLOW_PARAMETERS, resultStorage: memoryStorage() });
    const byRun = counting({ cachePolicy: INPUTS.and(RUN_ID), resultStorage: memoryStorage() });
    const both = flow("both", async (day: string) => [
      day,
      await byParameters.made(1),
      await byRun.made(1),
      await byRun.made(1),
    ]);
    await both("monday");
    await both("monday");
    await both("tuesday");
    expect(byParameters.calls).toHaveLength(2);
    expect(byRun.calls).toHaveLength(3);
  });

  it("change with the code and the version of a task, and not with its options", async () => {
    const storage = memoryStorage();
    const options = { cachePolicy: INPUTS.and(TASK_SOURCE), resultStorage: storage };
    const one = task("code", options, (x: number) => x + 1);
    const same = task("code", { ...options, retries: 3, tags: ["t"] }, (x: number) => /* a comment */ x + 1);
    const other = task("code", options, (x: number) => x + 2);
    const newer = task("code", { ...options, version: "2" }, (x: number) => x + 1);
    await one(1);
    expect((await same.run(1)).name).toBe("Cached");
    expect(await other(1)).toBe(3);
    expect((await newer.run(1)).name).toBe("Completed");
  });

  it("join a key function with the run id", async () => {
    const { made, calls } = counting({
      cachePolicy: cacheKeyFn(() => "k").and(RUN_ID),
      resultStorage: memoryStorage(),
    });
    const twice = flow("twice", async () => [await made(1), await made(2)]);
    expect(await twice()).toEqual([43, 43]);
    await twice();
    expect(calls).toEqual([1, 1]);
  });
});

describe("failures of the cache", () => {
  it("a lookup that fails is a miss that says so, and the run completes", async () => {
    const sink = memorySink();
    const { made } = counting({ cachePolicy: INPUTS, resultStorage: failing("get") });
    const state = await withLogSink(sink, () => made.run(1));
    expect(state.result()).toBe(43);
    expect(String(state.decision)).toBe("miss: lookup failed: StorageError: Cannot reach the disk");
    expect(sink.records.find((record) => record.level === "warn")!.message).toContain("Cannot reach the disk");
  });

  it("a write that fails leaves the run completed and not persisted, with an error line", async () => {
    const sink = memorySink();
    const { made } = counting({ cachePolicy: INPUTS, resultStorage: failing("put") });
    const state = await withLogSink(sink, () => made.run(1));
    expect([state.name, state.persisted, state.result()]).toEqual(["Completed", false, 43]);
    expect((await counting({ cachePolicy: INPUTS, resultStorage: memoryStorage() }).made.run(1)).persisted).toBe(false);
    expect(sink.records.find((record) => record.level === "error")!.message).toBe(
      "The result could not be stored: StorageError: Cannot reach the disk",
    );
  });

  it("a result that cannot be serialized leaves the run completed, and names the path", async () => {
    const odd = task("odd", { cachePolicy: INPUTS, resultStorage: memoryStorage() }, (x: number) => ({
      rows: [{ fn: () => x }],
    }));
    const state = await odd.run(1);
    expect(state.persisted).toBe(false);
    expect(state.decision!.reason).toContain("rows[0].fn");
  });

  it("are fatal where caching is strict", async () => {
    for (const method of ["get", "put"] as const) {
      const { made } = counting({ cachePolicy: INPUTS, resultStorage: failing(method) });
      await withSettings({ caching: { strict: true } }, () => expect(made(1)).rejects.toThrow(CachingError));
    }
  });

  it("a record of a newer format is a miss that names both versions", async () => {
    const storage = memoryStorage();
    const { made } = counting({ cachePolicy: cacheKey("k"), resultStorage: storage });
    await made(1);
    const metadata = (await storage.head("k"))!;
    await storage.put({ ...metadata, formatVersion: 2 }, [new TextEncoder().encode("43")]);
    expect((await made.explain(1)).reason).toBe("the record is of format version 2, and this release reads up to 1");
    expect(await made(1)).toBe(43);
  });

  it("a record whose bytes are not those it was written with is a miss, never a value", async () => {
    const storage = memoryStorage();
    const { made } = counting({ cachePolicy: cacheKey("k"), resultStorage: storage });
    await made(1);
    await storage.put((await storage.head("k"))!, [new TextEncoder().encode("44")]);
    expect((await made.explain(1)).reason).toMatch(
      /^memory #\d+ \(key "k"\) has a payload that does not match its SHA-256$/,
    );
    expect(await made(1)).toBe(43);
    expect((await made.run(1)).name).toBe("Cached");
  });

  it("a validate that says no, and an output schema that refuses, make a record a miss", async () => {
    const storage = memoryStorage();
    let accepts = true;
    const { made, calls } = counting({ cachePolicy: INPUTS, resultStorage: storage, validate: () => accepts });
    await made(1);
    await made(1);
    accepts = false;
    expect((await made.run(1)).decision!.reason).toBe("`validate` refused the record");
    expect(calls).toEqual([1, 1]);
  });
});

describe("choices of a task", () => {
  it("reads with a serializer of its own, registered or not", async () => {
    const plain = {
      format: "plain",
      serialize: (value: unknown) => [new TextEncoder().encode(String(value))],
      deserialize: (bytes: Uint8Array) => Number(new TextDecoder().decode(bytes)),
    };
    const { made } = counting({ cachePolicy: INPUTS, resultStorage: memoryStorage(), resultSerializer: plain });
    expect(await made(1)).toBe(43);
    const state = await made.run(1);
    expect([state.name, state.result()]).toEqual(["Cached", 43]);
  });

  it("asks the storage each time where results are not kept in memory", async () => {
    const storage = memoryStorage();
    let reads = 0;
    const watched = new Proxy(storage, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name, target);
        if (name === "get") reads += 1;
        return typeof member === "function" ? member.bind(target) : member;
      },
    });
    const { made } = counting({ cachePolicy: INPUTS, resultStorage: watched });
    const without = made.withOptions({ cacheResultInMemory: false });
    reads = 0;
    for (let n = 0; n < 4; n++) await made(1);
    expect(reads).toBe(2);
    for (let n = 0; n < 4; n++) await without(1);
    expect(reads).toBe(6);
  });

  it("fails with a settings error where results.defaultSerializer names nothing", async () => {
    const { made } = counting({ cachePolicy: INPUTS, resultStorage: memoryStorage() });
    const state = await withSettings({ results: { defaultSerializer: "yaml" } }, () => made.run(1));
    expect(String(state.error)).toMatch(/results.defaultSerializer in .*: Unknown serializer format "yaml"/);
  });

  it("keeps outer settings where inner ones are laid over them inside a flow", async () => {
    const { made } = counting({ cachePolicy: INPUTS, resultStorage: memoryStorage() });
    await made(1);
    const outcome = await withSettings({ tasks: { refreshCache: true } }, () =>
      flow("inner", async () =>
        withSettings({ caching: { strict: true } }, async () => (await made.run(1)).decision!.outcome),
      )(),
    );
    expect(outcome).toBe("refreshed");
  });
});

describe("key storage", () => {
  it("keeps metadata apart from values, and each survives the other", async () => {
    const [keys, values] = [memoryStorage(), memoryStorage()];
    const { made, calls } = counting({
      cachePolicy: cacheKey("k").configure({ keyStorage: keys }),
      resultStorage: values,
    });
    await made(1);
    expect((await made.run(1)).name).toBe("Cached");
    expect(await values.head("k")).toBeUndefined();
    expect(new TextDecoder().decode(await values.values.get("k"))).toBe("43");

    await keys.delete("k");
    expect((await made.explain(1)).outcome).toBe("miss");
    expect(await values.values.get("k")).toBeDefined();

    await made(1);
    await values.values.delete("k");
    expect((await made.explain(1)).reason).toBe("the key is there, but its value is gone");
    expect(await made(1)).toBe(43);
    expect(calls).toHaveLength(3);
  });
});
