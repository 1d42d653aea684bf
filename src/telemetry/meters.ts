/* The metrics of runs. Names of runs and keys are no attributes here: each value of one is a time series. */
import type { Context, Counter, Histogram, Meter } from "@opentelemetry/api";
import type { FlowRun } from "../engine/flow-run.ts";
import type { TaskRun } from "../engine/task-run.ts";
import type { State } from "../states/state.ts";
import { outcomeOf, stateOf } from "./attributes.ts";

// From a hit in memory to a night's work, in seconds.
const bucketsS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 600, 1800, 3600, 14_400];

export class Meters {
  readonly #taskRuns: Counter;
  readonly #flowRuns: Counter;
  readonly #taskDuration: Histogram;
  readonly #savedTime: Counter;

  constructor(meter: Meter) {
    this.#taskRuns = meter.createCounter("oxbow.task_runs", {
      description: "Task runs that have ended, by task, state and what the cache did",
      unit: "{run}",
    });
    this.#flowRuns = meter.createCounter("oxbow.flow_runs", {
      description: "Flow runs that have ended, by flow and state",
      unit: "{run}",
    });
    this.#taskDuration = meter.createHistogram("oxbow.task.duration", {
      description: "How long task runs took, with lookup, attempts and waits between them",
      unit: "s",
      advice: { explicitBucketBoundaries: bucketsS },
    });
    this.#savedTime = meter.createCounter("oxbow.cache.saved_time", {
      description: "How long what hits have saved had taken to compute",
      unit: "s",
    });
  }

  /** A task run has ended. @param context of its span: what is measured may lead to it */
  taskRun({ task }: TaskRun, state: State, durationMs: number, context: Context): void {
    const { decision } = state;
    const attributes = { "oxbow.task.name": task.name, ...stateOf(state), ...outcomeOf(decision) };
    this.#taskRuns.add(1, attributes, context);
    this.#taskDuration.record(durationMs / 1000, attributes, context);
    if (decision && decision.savedMs > 0)
      this.#savedTime.add(decision.savedMs / 1000, { "oxbow.task.name": task.name }, context);
  }

  /** A flow run has ended. */
  flowRun({ flow }: FlowRun, state: State, context: Context): void {
    this.#flowRuns.add(1, { "oxbow.flow.name": flow.name, ...stateOf(state) }, context);
  }
}
