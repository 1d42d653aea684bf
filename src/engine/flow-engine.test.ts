import { describe, expect, it } from "vitest";
import { z } from "zod";
import {
  CancelledError,
  flow,
  getLogger,
  getRunContext,
  INPUTS,
  memoryStorage,
  task,
  ValidationError,
} from "../index.ts";
import { memorySink } from "../logging/memory-sink.ts";
import { TestClock, withClock, withLogSink } from "../testing/index.ts";

const addOne = task("add-one", { persistResult: true, resultStorage: memoryStorage() }, async (x: number) => x + 1);

describe("a flow call", () => {
  it("gives the value, computes equal calls once, and writes the lines of the documents", async () => {
    const sink = memorySink();
    const mine = flow("my-flow", async () => {
      await addOne(1);
      await addOne(1);
      return addOne(2);
    });
    expect(await withLogSink(sink, () => mine())).toBe(3);
    const [begin, first, second, third, summary, end] = sink.records;
    const name = /^Flow run '([a-z]+-[a-z]+)'$/.exec(begin!.source)![1]!;
    expect(begin!.message).toBe(`Beginning flow run '${name}' for flow 'my-flow'`);
    expect(first!.message).toMatch(/^Finished in state Completed\(\) - miss: /);
    expect(second!.message).toMatch(/^Finished in state Cached\(type=COMPLETED\) - hit: /);
    expect(third!.message).toMatch(/^Finished in state Completed\(\) - miss: /);
    expect(summary!.message).toMatch(/^3 task runs: 1 hit, 2 misses; saved \d+ ms$/);
    expect(end!.message).toBe("Finished in state Completed()");
  });

  it("fails with the error of its function", async () => {
    const error = new Error("no");
    const broken = flow("broken", async () => {
      throw error;
    });
    await expect(broken()).rejects.toBe(error);
    expect(String(await broken.run())).toBe("Failed('Flow run encountered an exception Error: no')");
  });

  it("retries with the same run id, so that finished tasks are hits", async () => {
    const ids: string[] = [];
    const outcomes: string[] = [];
    const flaky = flow("flaky", { retries: 1 }, async (x: number) => {
      ids.push(getRunContext()!.flowRun!.id);
      outcomes.push((await addOne.run(x)).name);
      if (ids.length === 1) throw new Error("first");
      return "ok";
    });
    expect(await flaky(7)).toBe("ok");
    expect(ids[0]).toBe(ids[1]);
    expect(outcomes).toEqual(["Completed", "Cached"]);
  });

  it("contains other flows, each with its own id, parameters and count", async () => {
    const seen: unknown[] = [];
    const sink = memorySink();
    const inner = flow("inner", async (y: string) => {
      seen.push(getRunContext()!.flowRun!.parameters);
      await addOne(100);
      return y;
    });
    const outer = flow("outer", async (x: number) => {
      seen.push(getRunContext()!.flowRun!.parameters);
      const id = getRunContext()!.flowRun!.id;
      const value = await inner("a");
      return [value, x, getRunContext()!.flowRun!.id === id];
    });
    expect(await withLogSink(sink, () => outer(1))).toEqual(["a", 1, true]);
    expect(seen).toEqual([{ x: 1 }, { y: "a" }]);
    expect(sink.records.filter((record) => /1 task run: 1 miss/.test(record.message))).toHaveLength(2);
  });

  it("waits for futures in what it returns, and fails where one failed", async () => {
    const broken = task("broken", async () => {
      throw new Error("in a future");
    });
    expect(await flow("list", async () => [addOne.submit(1), addOne.submit(2)])()).toEqual([2, 3]);
    await expect(flow("bad", async () => [addOne.submit(1), broken.submit()])()).rejects.toThrow("in a future");
    await expect(flow("bad", async () => broken.submit())()).rejects.toThrow("in a future");
    expect((await flow("unwatched", async () => void broken.submit()).run()).name).toBe("Completed");
  });

  it("takes states that it returns for its own", async () => {
    const broken = task("broken", async () => {
      throw new Error("no");
    });
    expect((await flow("one", async () => broken.run()).run()).name).toBe("Failed");
    expect((await flow("several", async () => [await addOne.run(1), await broken.run()]).run()).message).toBe(
      "1/2 states failed",
    );
    expect((await flow("good", async () => [await addOne.run(1)]).run()).message).toBe("All states completed");
  });

  it("fails with the reason where a state that it returns is not final", async () => {
    const broken = task("broken", async (_x: number): Promise<number> => {
      throw new Error("upstream broke");
    });
    const state = await flow("not-ready", async () => addOne.run(broken.submit(1))).run();
    expect([state.name, (state.error as Error).message]).toEqual([
      "Failed",
      expect.stringContaining("did not reach a completed state"),
    ]);
  });

  it("checks its parameters by a schema, and passes on what the schema made of them", async () => {
    const typed = flow("typed", { parameters: z.object({ n: z.coerce.number().int() }) }, async (n: number) => n + 1);
    expect(await typed("41" as never)).toBe(42);
    const state = await typed.run("x" as never);
    expect(state.name).toBe("Failed");
    expect(state.error).toBeInstanceOf(ValidationError);
    expect(state.message).toMatch(/Validation of flow parameters failed with error: n: /);
  });

  it("ends in TimedOut, and cancels the tasks inside", async () => {
    const clock = new TestClock();
    let aborted = false;
    const stuck = task("stuck", async () => {
      const { signal } = getRunContext()!;
      await new Promise((_, reject) =>
        signal.addEventListener("abort", () => {
          aborted = true;
          reject(signal.reason);
        }),
      );
    });
    const slow = flow("slow", { timeout: "10s" }, async () => stuck());
    await withClock(clock, async () => {
      const running = slow.run();
      await clock.advance(10_000);
      expect(String(await running)).toBe("TimedOut('Flow run exceeded timeout of 10 second(s)', type=FAILED)");
    });
    expect(aborted).toBe(true);
  });

  it("runs the hooks of its final state with the flow and the run", async () => {
    const called: unknown[] = [];
    const record =
      (word: string) =>
      (subject: { name: string }, run: { name: string }, state: { name: string }): void =>
        void called.push(word, subject.name, typeof run.name, state.name);
    const options = { onRunning: record("running"), onCompletion: [record("done")], onFailure: record("failed") };
    await flow("hooked", options, async () => 1)();
    await flow("hooked", options, async () => Promise.reject(new CancelledError("mine"))).run();
    expect(called).toEqual([
      "running",
      "hooked",
      "string",
      "Running",
      "done",
      "hooked",
      "string",
      "Completed",
      "running",
      "hooked",
      "string",
      "Running",
      "failed",
      "hooked",
      "string",
      "Failed",
    ]);
  });

  it("gives its logger to the code inside", async () => {
    const sink = memorySink();
    await withLogSink(sink, () => flow("logs", async () => getLogger().info("hello"))());
    expect(sink.records.find((record) => record.message === "hello")!.source).toMatch(/^Flow run '/);
  });

  it("passes results on to tasks by default storage and serializer of the flow", async () => {
    const storage = memoryStorage();
    const inherit = flow("inherit", { resultStorage: storage }, async () => {
      await task("inner", { cachePolicy: INPUTS }, (x: number) => x)(1);
      return (await task("plain", (x: number) => x).run(2)).decision?.outcome;
    });
    expect(await inherit()).toBe("miss");
    const keys: string[] = [];
    for await (const record of storage.list()) keys.push(record.taskName);
    expect(keys.sort()).toEqual(["inner", "plain"]);
  });
});
