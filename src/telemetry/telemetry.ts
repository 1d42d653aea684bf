/*
 * DESIGN. Runs as OpenTelemetry sees them: a span and numbers for each (run-report.ts), from the moment in which the program has
 * registered a provider, which may be long after oxbow was imported. A run that began before that is not reported.
 *
 * What it promises: while nothing is registered, nothing is loaded, and a run costs one look at one property.
 */
import { FlowRun } from "../engine/flow-run.ts";
import { TaskRun } from "../engine/task-run.ts";
import type { RunWatcher } from "../engine/watchers.ts";
import { registeredOtel } from "./otel.ts";
import { RunReport } from "./run-report.ts";
import { SpanPlaces } from "./span-places.ts";

const reports = new WeakMap<object, RunReport>();
const places = new SpanPlaces();
let hasBegun = false;

function begin(run: FlowRun | TaskRun): void {
  const otel = registeredOtel(() => run.logger);
  if (!otel) return;
  hasBegun = true;
  const around = run instanceof TaskRun ? (run.parent ?? run.flowRun) : run.around;
  reports.set(run, new RunReport(otel, run, around && reports.get(around), places));
}

/** Reports runs to the OpenTelemetry providers of this process. */
export const telemetry: RunWatcher = {
  entered(run, state) {
    if (run.states.length > 1) {
      if (hasBegun) reports.get(run)?.entered(state);
    } else if (run instanceof TaskRun || run instanceof FlowRun) begin(run);
  },
  around(run, body) {
    const report = hasBegun ? reports.get(run) : undefined;
    return report ? report.call(body) : body();
  },
};
