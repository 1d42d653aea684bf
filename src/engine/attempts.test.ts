import { describe, expect, it } from "vitest";
import { exponentialBackoff, getRunContext, task, type TaskOptions } from "../index.ts";
import { memorySink } from "../logging/memory-sink.ts";
import { TestClock, withClock, withLogSink } from "../testing/index.ts";

/** Runs a task that always fails, and gives the delays between its attempts in milliseconds. */
async function delaysOf(options: TaskOptions): Promise<number[]> {
  const clock = new TestClock(0);
  const times: number[] = [];
  const failing = task("failing", options, async () => {
    times.push(clock.now());
    throw new Error("no");
  });
  await withClock(clock, async () => {
    const running = failing.run();
    await clock.advance(24 * 3_600_000);
    await running;
  });
  return times.slice(1).map((time, index) => time - times[index]!);
}

describe("retries", () => {
  it("are as many as asked for, at once by default", async () => {
    expect(await delaysOf({ retries: 3 })).toEqual([0, 0, 0]);
    expect(await delaysOf({})).toEqual([]);
  });

  it("wait for one delay, for each of a list with the last repeated, or by a function", async () => {
    expect(await delaysOf({ retries: 2, retryDelay: "2s" })).toEqual([2000, 2000]);
    expect(await delaysOf({ retries: 3, retryDelay: ["1s", { minutes: 1 }] })).toEqual([1000, 60_000, 60_000]);
    expect(await delaysOf({ retries: 3, retryDelay: (failures) => `${failures}s` })).toEqual([1000, 2000, 3000]);
    expect(await delaysOf({ retries: 4, retryDelay: exponentialBackoff("1s", { max: "5s" }) })).toEqual([
      1000, 2000, 4000, 5000,
    ]);
  });

  it("make delays longer by jitter, up to the factor and at random", async () => {
    const delays = await delaysOf({ retries: 40, retryDelay: "10s", retryJitter: 0.5 });
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(10_000);
    expect(Math.max(...delays)).toBeLessThanOrEqual(15_000);
    expect(new Set(delays).size).toBeGreaterThan(10);
  });

  it("go through AwaitingRetry and Retrying, and are counted", async () => {
    const clock = new TestClock();
    const attempts: number[] = [];
    let states: string[] = [];
    const flaky = task(
      "flaky",
      {
        retries: 2,
        retryDelay: ["0s", "1s"],
        onCompletion: (_, run) => void (states = run.states.map((each) => each.name)),
      },
      () => {
        attempts.push(getRunContext()!.attempt);
        if (attempts.length < 3) throw new Error("again");
        return "ok";
      },
    );
    await withClock(clock, async () => {
      const running = flaky();
      await clock.advance(1000);
      expect(await running).toBe("ok");
    });
    expect(attempts).toEqual([1, 2, 3]);
    expect(states).toEqual(["Pending", "Running", "Retrying", "AwaitingRetry", "Retrying", "Completed"]);
  });

  it("ask retryWhen about the error, and stop where it says no or throws", async () => {
    const kinds: string[] = [];
    const sink = memorySink();
    await withLogSink(sink, async () => {
      expect(
        await delaysOf({ retries: 5, retryWhen: (error) => kinds.push((error as Error).message) < 3 }),
      ).toHaveLength(2);
      expect(await delaysOf({ retries: 5, retryWhen: async () => false })).toHaveLength(0);
      expect(
        await delaysOf({
          retries: 5,
          retryWhen: () => {
            throw new Error("in retryWhen");
          },
        }),
      ).toHaveLength(0);
    });
    expect(kinds).toEqual(["no", "no", "no"]);
    const lines = sink.records.map((record) => record.message);
    expect(lines).toContain("Task run failed with exception: Error: no - 'retryWhen' wants no retry");
    expect(lines).toContain(
      "An error was encountered while running 'retryWhen', so there is no retry: Error: in retryWhen",
    );
  });

  it("end with the error of the body where retryDelay throws", async () => {
    const bad = task("bad", { retries: 2, retryDelay: () => "soon" as never }, () => {
      throw new Error("of the body");
    });
    await expect(bad()).rejects.toThrow("of the body");
  });

  it("say in the log what failed, when the next attempt comes, and when none is left", async () => {
    const sink = memorySink();
    await withLogSink(sink, () => delaysOf({ retries: 2, retryDelay: ["0s", "3s"] }));
    expect(sink.records.slice(1).map((record) => record.message)).toEqual([
      "Task run failed with exception: Error: no - Retry 1/2 will start immediately",
      "Task run failed with exception: Error: no - Retry 2/2 will start 3 second(s) from now",
      "Task run failed with exception: Error: no - Retries are exhausted",
      "Finished in state Failed('Task run encountered an exception Error: no')",
    ]);
  });

  it("give each attempt its own time limit and its own signal", async () => {
    const clock = new TestClock();
    const signals: AbortSignal[] = [];
    const slow = task("slow", { timeout: "1s", retries: 1 }, () => {
      signals.push(getRunContext()!.signal);
      return signals.length === 1 ? new Promise<string>(() => {}) : "second";
    });
    await withClock(clock, async () => {
      const running = slow();
      await clock.advance(1000);
      expect(await running).toBe("second");
    });
    expect(signals.map((signal) => signal.aborted)).toEqual([true, false]);
  });
});
