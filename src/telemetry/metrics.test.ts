/* The metrics, as the SDK's own reader collects them. */
import { metrics } from "@opentelemetry/api";
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import { afterAll, expect, test } from "vitest";
import { flow, INPUTS, memoryStorage, task } from "../index.ts";

const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
const provider = new MeterProvider({ readers: [reader] });
metrics.setGlobalMeterProvider(provider);
afterAll(async () => {
  await provider.shutdown();
  metrics.disable();
});

test("runs are counted by what the cache did, and durations are in seconds", async () => {
  process.env["OXBOW_LOGGING_LEVEL"] = "off";
  const double = task("double", { cachePolicy: INPUTS, resultStorage: memoryStorage() }, (x: number) => x * 2);
  await flow("doubles", async () => [await double(1), await double(1), await double(2)])();
  await provider.forceFlush();
  const found = exporter
    .getMetrics()
    .at(-1)!
    .scopeMetrics.flatMap((scope) => scope.metrics);
  const pointsOf = (name: string) => found.find(({ descriptor }) => descriptor.name === name)!.dataPoints;
  const counts = pointsOf("oxbow.task_runs").map(({ attributes, value }) => [attributes["oxbow.cache.outcome"], value]);
  expect(Object.fromEntries(counts as Array<[string, number]>)).toEqual({ hit: 1, miss: 2 });
  expect(pointsOf("oxbow.flow_runs").map(({ value }) => value)).toEqual([1]);
  const durations = pointsOf("oxbow.task.duration").map(({ value }) => value as { count: number; sum: number });
  expect(durations.reduce((sum, { count }) => sum + count, 0)).toBe(3);
  expect(durations.every(({ sum }) => sum >= 0 && sum < 30)).toBe(true);
});
