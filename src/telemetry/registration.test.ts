import { metrics, trace, type Attributes } from "@opentelemetry/api";
import { setImmediate as turn } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { registerProviders, type Providers } from "../../tests/telemetry/providers.ts";
import { flow, INPUTS, memoryStorage, task } from "../index.ts";
import { memorySink, withLogSink } from "../testing/index.ts";

let providers: Providers;

beforeEach(() => {
  providers = registerProviders();
});

afterEach(() => providers.unregister());

const names = (): string[] => providers.spans().map(({ name }) => name);

const add = task("add", { persistResult: false }, async (x: number) => x + 1);

describe("metrics", () => {
  it("count runs by state and outcome, and add up what was saved", async () => {
    const { measurements } = providers;
    const square = task("square", { cachePolicy: INPUTS, resultStorage: memoryStorage() }, async (x: number) => {
      await turn();
      if (x < 0) throw new Error("negative");
      return x * x;
    });
    const whole = flow("whole", async () => {
      await square(2);
      await square(2);
      await square.run(-1);
    });
    await whole();
    expect(measurements.of("oxbow.task_runs").map(({ value, attributes }) => [value, attributes])).toEqual([
      [1, of("square", "COMPLETED", "Completed", "miss")],
      [1, of("square", "COMPLETED", "Cached", "hit")],
      [1, of("square", "FAILED", "Failed", "miss")],
    ]);
    expect(measurements.of("oxbow.flow_runs")).toMatchObject([
      { value: 1, attributes: { "oxbow.flow.name": "whole", "oxbow.state.type": "COMPLETED" } },
    ]);
    const durations = measurements.of("oxbow.task.duration");
    expect(durations.map(({ attributes }) => attributes["oxbow.cache.outcome"])).toEqual(["miss", "hit", "miss"]);
    for (const { value } of durations) expect(value > 0 && value < 5, `${value} s`).toBe(true);
    const [saved, ...more] = measurements.of("oxbow.cache.saved_time");
    expect(more).toEqual([]);
    expect(saved!.value).toBe((providers.spans()[1]!.attributes["oxbow.cache.saved_ms"] as number) / 1000);
    expect(Object.fromEntries(measurements.units)).toEqual({
      "oxbow.task_runs": "{run}",
      "oxbow.flow_runs": "{run}",
      "oxbow.task.duration": "s",
      "oxbow.cache.saved_time": "s",
    });
  });

  it("are there without traces, and traces without them", async () => {
    trace.disable();
    await add(1);
    expect(names()).toEqual([]);
    expect(providers.measurements.of("oxbow.task_runs")).toHaveLength(1);
    providers.unregister();
    providers = registerProviders();
    metrics.disable();
    await add(1);
    expect(names()).toEqual(["task run add"]);
    expect(providers.measurements.all).toEqual([]);
  });
});

describe("registration", () => {
  it("counts from the next run on, and until it is taken back", async () => {
    const { spans, unregister } = providers;
    unregister();
    const late = flow("late", async () => {
      await add(1);
      providers = registerProviders();
      await add(2);
    });
    await late();
    expect(spans()).toEqual([]);
    expect(names()).toEqual(["task run add"]);
    providers.unregister();
    await add(3);
    expect(names()).toEqual(["task run add"]);
  });

  it("that nobody can use is said once, and runs go on", async () => {
    providers.unregister();
    const place = Symbol.for("opentelemetry.js.api.1");
    const process = globalThis as { [place]?: object };
    process[place] = { version: "1.0.0", trace: {} };
    const log = memorySink();
    expect(await withLogSink(log, async () => (await add(1)) + (await add(2)))).toBe(5);
    delete process[place];
    const warnings = log.records.filter(({ level }) => level === "warn");
    expect(warnings.map(({ message }) => message)).toEqual([
      expect.stringContaining("registered through @opentelemetry/api 1.0.0, but runs are not reported to it"),
    ]);
  });
});

function of(task: string, type: string, name: string, outcome: string): Attributes {
  return {
    "oxbow.task.name": task,
    "oxbow.state.type": type,
    "oxbow.state.name": name,
    "oxbow.cache.outcome": outcome,
  };
}
