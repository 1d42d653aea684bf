import { mkdir, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { fileInput, flow, INPUTS, TASK_SOURCE, task, type TaskFuture, withSettings } from "oxbow";
import { byAirport, byHour, byRoute, describeDelays } from "./aggregate.ts";
import { cleanDepartures, cleanFlights } from "./clean.ts";
import { joinAirports } from "./join.ts";
import { loadAirports, loadDepartures, loadFlights } from "./load.ts";
import { picture, plotHours, plotRanking, theme } from "./plot.ts";
import { type ReportOptions, writeReport } from "./report.ts";

// A result is used again while the inputs and the code of the function are the same. Each function is passed as it
// is, so that its code is the task's source.
const remembered = { cachePolicy: INPUTS.and(TASK_SOURCE), cacheExpiration: "30 days" } as const;

const tasks = {
  loadDepartures: task("load-departures", remembered, loadDepartures),
  loadFlights: task("load-flights", remembered, loadFlights),
  loadAirports: task("load-airports", remembered, loadAirports),
  cleanDepartures: task("clean-departures", remembered, cleanDepartures),
  cleanFlights: task("clean-flights", remembered, cleanFlights),
  joinAirports: task("join-airports", remembered, joinAirports),
  byHour: task("by-hour", remembered, byHour),
  byRoute: task("by-route", remembered, byRoute),
  byAirport: task("by-airport", remembered, byAirport),
  describeDelays: task("describe-delays", remembered, describeDelays),
  plotHours: task("plot-hours", remembered, plotHours),
  plotRanking: task("plot-ranking", remembered, plotRanking),
  writeReport: task("write-report", remembered, writeReport),
};

interface Options extends ReportOptions {
  /** The folder with the data files. */
  readonly data: string;
  /** The folder for the report. */
  readonly out: string;
}

/** Runs the pipeline, writes the report and tells what the cache did for each step. */
const flightDelays = flow("flight-delays", async ({ data, out, ...options }: Options) => {
  const { top, late, minFlights, maxDelay, resamples } = options;
  const runs = new Map<string, TaskFuture<unknown>>();
  const step = <R>(name: string, future: TaskFuture<R>): TaskFuture<R> => {
    runs.set(name, future);
    return future;
  };

  // Every step starts at once and waits for the futures among its arguments: the graph needs no other description.
  const rawDepartures = step(
    "load-departures",
    tasks.loadDepartures.submit(fileInput(join(data, "flights-200k.json"))),
  );
  const rawFlights = step("load-flights", tasks.loadFlights.submit(fileInput(join(data, "flights-20k.json"))));
  const airports = step("load-airports", tasks.loadAirports.submit(fileInput(join(data, "airports.csv"))));
  const departures = step("clean-departures", tasks.cleanDepartures.submit(rawDepartures, maxDelay));
  const flights = step("clean-flights", tasks.cleanFlights.submit(rawFlights, maxDelay));
  const located = step("join-airports", tasks.joinAirports.submit(flights, airports, 0.05));

  const describe = tasks.describeDelays;
  const byHour = step("by-hour", tasks.byHour.submit(departures));
  const byRoute = step("by-route", tasks.byRoute.submit(located));
  const byAirport = step("by-airport", tasks.byAirport.submit(located));
  const hours = step("describe-delays: hours", describe.submit(byHour, minFlights, late, resamples));
  const routes = step("describe-delays: routes", describe.submit(byRoute, minFlights, late, resamples));
  const origins = step("describe-delays: airports", describe.submit(byAirport, minFlights, late, resamples));

  const plot = tasks.plotRanking;
  const panels = [
    step("plot-hours", tasks.plotHours.submit(hours, theme)),
    step("plot-ranking: routes", plot.submit(routes, `The ${top} most delayed routes`, top, theme)),
    step("plot-ranking: airports", plot.submit(origins, `The ${top} most delayed airports of departure`, top, theme)),
  ];
  const [{ read, dropped, firstDay, lastDay }, joined] = await Promise.all([flights, located]);
  const provenance = {
    departures: { read: (await departures).read, dropped: (await departures).dropped },
    flights: { read, dropped: dropped + joined.dropped },
    firstDay,
    lastDay,
  };
  const report = step("write-report", tasks.writeReport.submit(hours, routes, origins, provenance, options));

  // Files are written here and not in a task: a hit would skip the writing, and the file may be gone.
  await mkdir(out, { recursive: true });
  await writeFile(join(out, "report.md"), await report);
  await writeFile(
    join(out, "delays.svg"),
    picture("Flight delays by hour, route and airport", await Promise.all(panels), theme),
  );
  return Promise.all(Array.from(runs, async ([name, future]) => ({ name, decision: (await future.state()).decision })));
});

const { values } = parseArgs({
  options: {
    data: { type: "string", default: fileURLToPath(new URL("../data", import.meta.resolve("vega-datasets"))) },
    late: { type: "string", default: "15" },
    top: { type: "string", default: "10" },
    resamples: { type: "string", default: "5000" },
    log: { type: "boolean", default: false },
  },
});
const whole = (name: "late" | "top" | "resamples"): number => {
  const value = Number(values[name]);
  if (!Number.isInteger(value) || value < 1)
    throw new RangeError(`--${name} takes a whole number above 0, not "${values[name]}"`);
  return value;
};
const out = join(import.meta.dirname, "out");
const started = performance.now();
// The table below says what the log would say, so the log is quiet here unless it is asked for.
const settings = {
  home: join(import.meta.dirname, ".oxbow"),
  logging: { level: values.log ? "info" : "warn" },
} as const;
const steps = await withSettings(settings, () =>
  flightDelays({
    data: values.data,
    out,
    late: whole("late"),
    top: whole("top"),
    resamples: whole("resamples"),
    minFlights: 30,
    maxDelay: 12 * 60,
  }),
);

const hits = steps.filter(({ decision }) => decision?.outcome === "hit");
const saved = hits.reduce((sum, { decision }) => sum + (decision?.savedMs ?? 0), 0);
const seconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(2)} s`;
// npm runs scripts in the package's folder, and says in INIT_CWD where the user is.
const here = process.env["INIT_CWD"] ?? process.cwd();
const written = (name: string) => relative(here, join(out, name));

for (const { name, decision } of steps) console.log(`${name.padEnd(26)} ${decision?.toString() ?? ""}`);
console.log(`
${steps.length} steps: ${steps.length - hits.length} computed, ${hits.length} from the cache
took ${seconds(performance.now() - started)}${hits.length > 0 ? `; the cache saved ${seconds(saved)} of computing` : ""}
report: ${written("report.md")}, plot: ${written("delays.svg")}`);
