import { describe, expect, test } from "vitest";
import { services } from "../defaults.ts";
import { flow } from "../authoring/flow.ts";
import { task } from "../authoring/task.ts";
import type { Batch, RunStore } from "../history/run-store.ts";
import { systemClock } from "../kernel/clock.ts";
import { memorySink } from "../logging/memory-sink.ts";
import { TestClock } from "../testing/test-clock.ts";
import { FlowRun } from "./flow-run.ts";
import { Recorder } from "./recorder.ts";
import { TaskRun } from "./task-run.ts";

/** A recorder of what `work` runs, on a store that does with batches what it is told. */
async function recorded(
  write: (batch: Batch) => void | Promise<void>,
  work: (recorder: Recorder) => Promise<unknown>,
): Promise<{ readonly lines: readonly string[]; readonly recorder: Recorder }> {
  const sink = memorySink();
  const cacheEvents = { list: () => Promise.resolve([]) };
  const open = (): Promise<RunStore> => Promise.resolve({ write, cacheEvents } as unknown as RunStore);
  const recorder = new Recorder({ open, write: JSON.stringify, process: "me", clock: systemClock, sink });
  const stop = services.watchers.add({
    entered: (run, state) => {
      if (run instanceof TaskRun || run instanceof FlowRun) recorder.note(run, state);
    },
  });
  try {
    await work(recorder);
    await recorder.flush();
  } finally {
    stop();
  }
  return { lines: sink.records.map(({ level, message }) => `${level}: ${message}`), recorder };
}

const one = task("one", (x: number) => x);

describe("a recorder", () => {
  test("writes a run that has begun and ended between two batches once", async () => {
    const batches: Batch[] = [];
    await recorded(
      (batch) => void batches.push(batch),
      async () => flow("all", async () => one.map([1, 2, 3]))(),
    );
    expect(batches.flatMap(({ taskRuns }) => taskRuns.map(({ states }) => states.at(-1)!.name))).toEqual(
      Array.from({ length: 3 }, () => "Completed"),
    );
    expect(batches.flatMap(({ flowRuns }) => flowRuns)).toHaveLength(1);
  });

  test("says once that the history fails, and once that it is written again", async () => {
    let isBroken = true;
    const { lines } = await recorded(
      () => {
        if (isBroken) throw new Error("disk full");
      },
      async (recorder) => {
        for (let x = 0; x < 5; x++) {
          await one(x);
          await recorder.flush();
        }
        isBroken = false;
        await one(9);
      },
    );
    expect(lines).toEqual([
      "error: The run history cannot be written: disk full. Runs go on, and are not recorded",
      "warn: The run history is written again; 5 rows are missing in it",
    ]);
  });

  test("leaves task runs out where the history is slower than the runs, keeps flow runs, and says so", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const written: Batch[] = [];
    const { lines } = await recorded(
      (batch) => {
        written.push(batch);
        return written.length === 1 ? promise : undefined;
      },
      async (recorder) => {
        await one(0);
        const first = recorder.flush();
        await flow("many", async () => {
          let sum = 0;
          for await (const x of one.map(Array.from({ length: 30_000 }, (_, x) => x))) sum += x;
          return sum;
        })();
        resolve();
        await first;
      },
    );
    expect(lines[0]).toBe(
      "error: The run history cannot be written: it is slower than the runs. Runs go on, and are not recorded",
    );
    const [flowRuns, taskRuns] = [
      written.flatMap((batch) => batch.flowRuns),
      written.flatMap((batch) => batch.taskRuns),
    ];
    expect(flowRuns.map(({ flowName }) => flowName)).toContain("many");
    expect(taskRuns.length).toBeLessThanOrEqual(20_001);
    expect(lines.at(-1)).toBe(
      `warn: The run history is written again; ${30_001 - taskRuns.length} rows are missing in it`,
    );
  });

  test("sees that another process has removed records, some seconds later", async () => {
    const clock = new TestClock();
    const events: object[] = [];
    const store = { write: () => undefined, cacheEvents: { list: () => Promise.resolve(events) } };
    const open = (): RunStore => store as unknown as RunStore;
    const recorder = new Recorder({ open, write: JSON.stringify, process: "me", clock, sink: memorySink() });
    await recorder.store();
    expect(recorder.hasRemovals).toBe(false);
    events.push({ kind: "removed" });
    await clock.advance(9999);
    expect(recorder.hasRemovals).toBe(false);
    await clock.advance(1);
    expect(recorder.hasRemovals).toBeUndefined();
    await recorder.store();
    expect(recorder.hasRemovals).toBe(true);
  });
});
