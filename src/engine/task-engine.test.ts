import { describe, expect, it } from "vitest";
import { getRunContext, INPUTS, memoryStorage, NO_CACHE, task, TimeoutError, withSettings } from "../index.ts";
import { memorySink } from "../logging/memory-sink.ts";
import { TestClock, withClock, withLogSink } from "../testing/index.ts";

const names = (states: ReadonlyArray<{ name: string }>): string[] => states.map((state) => state.name);

describe("a task call", () => {
  it("gives the value of the function, synchronous or not", async () => {
    expect(await task("sync", (x: number) => x + 1)(1)).toBe(2);
    expect(await task("async", async (x: number) => x + 1)(1)).toBe(2);
  });

  it("throws the function's own error", async () => {
    const error = new TypeError("no");
    const broken = task("broken", () => {
      throw error;
    });
    await expect(broken()).rejects.toBe(error);
    const state = await broken.run();
    expect(state.name).toBe("Failed");
    expect(state.message).toBe("Task run encountered an exception TypeError: no");
    expect(() => state.result()).toThrow(error);
  });

  it.each([
    ["undefined", undefined],
    ["null", null],
    ["a string", "text"],
    ["an error whose message is no string", Object.assign(new Error("x"), { message: ["a"] })],
    [
      "an error that cannot be looked at",
      new Proxy(new Error("x"), {
        getPrototypeOf: () => {
          throw new Error("no");
        },
      }),
    ],
  ])("fails with what was thrown, be it %s, after all attempts", async (_, thrown) => {
    let calls = 0;
    const odd = task("odd", { retries: 1 }, () => {
      calls += 1;
      throw thrown;
    });
    const state = await odd.run();
    expect([state.name, calls]).toEqual(["Failed", 2]);
    const caught = await odd().then(
      () => "nothing",
      (error: unknown) => ({ error }),
    );
    expect((caught as { error: unknown }).error === thrown).toBe(true);
    expect((await odd.submit().state()).name).toBe("Failed");
  });

  it("completes where a hook throws something odd", async () => {
    const odd = Object.assign(new Error("x"), { message: 5 });
    const hooked = task(
      "hooked",
      {
        onCompletion: () => {
          throw odd;
        },
      },
      () => 1,
    );
    expect((await hooked.run()).name).toBe("Completed");
    expect((await hooked.submit().state()).name).toBe("Completed");
  });

  it("goes from Pending over Running to Completed, and to Cached on a hit", async () => {
    const seen: string[][] = [];
    const add = task(
      "add",
      {
        cachePolicy: INPUTS,
        resultStorage: memoryStorage(),
        onCompletion: (_, run) => void seen.push(names(run.states)),
      },
      (x: number) => x + 1,
    );
    expect(await add(1)).toBe(2);
    expect(await add(1)).toBe(2);
    expect(seen).toEqual([
      ["Pending", "Running", "Completed"],
      ["Pending", "Running", "Cached"],
    ]);
  });

  it("gives its states strictly increasing times, also where the clock stands still", async () => {
    await withClock(new TestClock(), async () => {
      const times: number[] = [];
      const still = task(
        "still",
        { onCompletion: (_, run) => void times.push(...run.states.map((state) => state.timestamp)) },
        () => 1,
      );
      await still();
      expect(times).toHaveLength(3);
      expect(times[0]).toBeLessThan(times[1]!);
      expect(times[1]).toBeLessThan(times[2]!);
    });
  });

  it("has a context with its run, its inputs and its attempt", async () => {
    const look = task("look", { version: "2", tags: ["a"] }, (x: number, y = 3) => {
      const context = getRunContext()!;
      return [context.taskRun!.task.name, context.taskRun!.inputs, context.attempt, context.flowRun, x + y];
    });
    expect(await look(1)).toEqual(["look", { x: 1, y: 3 }, 1, undefined, 4]);
    expect(getRunContext()).toBeUndefined();
  });

  it("names its run after the task and the id", async () => {
    const run = task("add-one", () => getRunContext()!.taskRun!);
    const view = await run();
    expect(view.name).toBe(`add-one-${view.id.slice(0, 3)}`);
  });

  it("never hands out one object twice", async () => {
    const rows = task("rows", { cachePolicy: INPUTS, resultStorage: memoryStorage() }, (n: number) => [{ n }]);
    await rows(1);
    const first = await rows(1);
    first[0]!.n = 99;
    const second = await rows(1);
    expect(second).toEqual([{ n: 1 }]);
  });

  it("stores null and undefined as results", async () => {
    let calls = 0;
    const nothing = task("nothing", { cachePolicy: INPUTS, resultStorage: memoryStorage() }, (x: number) => {
      calls += 1;
      return x === 1 ? null : undefined;
    });
    expect(await nothing(1)).toBeNull();
    expect(await nothing(1)).toBeNull();
    expect(await nothing(2)).toBeUndefined();
    expect(await nothing(2)).toBeUndefined();
    expect(calls).toBe(2);
  });

  it("never stores a failure", async () => {
    let calls = 0;
    const flaky = task("flaky", { cachePolicy: INPUTS, resultStorage: memoryStorage() }, (_x: number) => {
      calls += 1;
      if (calls === 1) throw new Error("first");
      return "ok";
    });
    expect((await flaky.run(1)).name).toBe("Failed");
    expect(await flaky(1)).toBe("ok");
    expect((await flaky.run(1)).name).toBe("Cached");
  });

  it("writes the lines of Prefect's log, with the decision", async () => {
    const sink = memorySink();
    await withLogSink(sink, async () => {
      const add = task("add", { cachePolicy: INPUTS, resultStorage: memoryStorage() }, (x: number) => x + 1);
      await add(1);
      await add(1);
      await task("plain", () => 1)();
    });
    expect(sink.records.map((record) => record.message).filter((message) => !message.startsWith("Created"))).toEqual([
      "Finished in state Completed() - miss: no record under this key",
      expect.stringMatching(/^Finished in state Cached\(type=COMPLETED\) - hit: computed \d+ m?s ago, saved \d+ m?s$/),
      "Finished in state Completed()",
    ]);
    expect(sink.records[0]!.message).toMatch(/^Created task run 'add-[0-9a-f]{3}' for task 'add'$/);
    expect(sink.records[0]!.source).toMatch(/^Task run 'add-[0-9a-f]{3}'$/);
  });

  it("runs the other hooks and completes where a hook throws", async () => {
    const called: string[] = [];
    const sink = memorySink();
    const hooked = task(
      "hooked",
      {
        onCompletion: [
          function bad() {
            throw new Error("hook");
          },
          () => void called.push("second"),
        ],
        onRunning: () => void called.push("running"),
      },
      () => 1,
    );
    expect(await withLogSink(sink, () => hooked())).toBe(1);
    expect(called).toEqual(["running", "second"]);
    expect(sink.records.map((record) => record.message)).toContain(
      "An error was encountered while running hook 'bad': Error: hook",
    );
  });

  it("keeps options and hooks with withOptions, and changes what is named", async () => {
    const called: string[] = [];
    const base = task(
      "base",
      {
        cachePolicy: INPUTS,
        resultStorage: memoryStorage(),
        version: "7",
        onCompletion: () => void called.push("done"),
      },
      (x: number) => x,
    );
    await base(1);
    const refreshing = base.withOptions({ refreshCache: true });
    const state = await refreshing.run(1);
    expect(state.decision?.outcome).toBe("refreshed");
    expect(refreshing.options.version).toBe("7");
    expect(called).toHaveLength(2);
    expect((await base.run(1)).name).toBe("Cached");
  });

  it("explains a call without running it, and forgets its result", async () => {
    let calls = 0;
    const add = task(
      "add",
      { cachePolicy: INPUTS, resultStorage: memoryStorage() },
      (x: number) => ((calls += 1), x + 1),
    );
    expect(String(await add.explain(1))).toBe("miss: no record under this key");
    expect(await add.invalidate(1)).toBe(false);
    await add(1);
    expect((await add.explain(1)).outcome).toBe("hit");
    expect(await add.invalidate(1)).toBe(true);
    expect((await add.explain(1)).outcome).toBe("miss");
    expect(calls).toBe(1);
    expect((await task("no", { cachePolicy: NO_CACHE }, () => 1).explain()).toString()).toBe(
      "disabled: the cache policy is NO_CACHE",
    );
  });

  it("takes settings of its surroundings", async () => {
    const add = task("add", { cachePolicy: INPUTS, resultStorage: memoryStorage() }, (x: number) => x + 1);
    await add(1);
    const outcomes = await withSettings({ tasks: { refreshCache: true } }, async () => [
      (await add.run(1)).decision?.outcome,
      (await add.withOptions({ refreshCache: false }).run(1)).decision?.outcome,
      (await add.withOptions({ refreshCache: false }).run(2)).decision?.outcome,
      await withSettings({ tasks: { disableCaching: true } }, async () => (await add.run(1)).decision?.toString()),
    ]);
    expect(outcomes).toEqual(["refreshed", "hit", "miss", "disabled: tasks.disableCaching is on"]);
  });

  it("ends in TimedOut when an attempt takes too long, with its signal aborted", async () => {
    const clock = new TestClock();
    let signal: AbortSignal | undefined;
    const slow = task("slow", { timeout: "30s" }, () => {
      signal = getRunContext()!.signal;
      return new Promise(() => {});
    });
    await withClock(clock, async () => {
      const running = slow.run();
      await clock.advance(29_999);
      expect(signal!.aborted).toBe(false);
      await clock.advance(1);
      const state = await running;
      expect(String(state)).toBe("TimedOut('Task run exceeded timeout of 30 second(s)', type=FAILED)");
      expect(signal!.aborted).toBe(true);
      expect(signal!.reason).toBeInstanceOf(TimeoutError);
    });
    expect(clock.pending).toBe(0);
  });

  it("is Failed and not TimedOut where the function itself throws a TimeoutError", async () => {
    const state = await task("own", { timeout: "1h" }, async () => {
      throw new TimeoutError("of my own");
    }).run();
    expect(state.name).toBe("Failed");
  });
});
