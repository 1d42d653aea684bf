import type { Summary } from "./aggregate.ts";
import type { Tally } from "./clean.ts";

/** What the report says about where its figures come from. */
export interface Provenance {
  readonly departures: Tally;
  readonly flights: Tally;
  readonly firstDay: string;
  readonly lastDay: string;
}

/** The settings of a run, as the report names them. */
export interface ReportOptions {
  readonly top: number;
  readonly late: number;
  readonly minFlights: number;
  readonly maxDelay: number;
  readonly resamples: number;
}

/** The report in Markdown. */
export function writeReport(
  hours: readonly Summary[],
  routes: readonly Summary[],
  airports: readonly Summary[],
  provenance: Provenance,
  options: ReportOptions,
): string {
  const whole = (value: number) => value.toLocaleString("en");
  const minutes = (value: number, digits = 1) => value.toFixed(digits).replace("-", "−");
  const interval = ([from, to]: readonly [number, number], digits = 1) =>
    `${minutes(from, digits)} to ${minutes(to, digits)}`;
  const columns = ["flights", "mean", "95 %", "median", "90th pct.", "95 %", `${options.late} min late or more`];
  const figures = (group: Summary) => [
    whole(group.flights),
    minutes(group.mean),
    interval(group.meanInterval),
    minutes(group.median, 0),
    minutes(group.p90, 0),
    interval(group.p90Interval, 0),
    `${(group.lateShare * 100).toFixed(1)} %`,
  ];
  const table = (names: string[], rows: string[][]) =>
    [[...names, ...columns], [...names.map(() => "---"), ...columns.map(() => "---:")], ...rows]
      .map((cells) => `| ${cells.join(" | ")} |`)
      .join("\n");
  const places = (groups: readonly Summary[]) => groups.map((group) => [group.label, group.name, ...figures(group)]);
  const byMean = (groups: readonly Summary[]) => [...groups].sort((a, b) => b.mean - a.mean);
  const { departures, flights } = provenance;
  const punctual = (groups: readonly Summary[]) => byMean(groups).toReversed().slice(0, options.top);

  return `# Flight delays in the United States

Minutes of delay on arrival; less than zero is early. Intervals are 95 % bootstrap intervals from
${whole(options.resamples)} resamples. Groups of fewer than ${options.minFlights} flights are left out.

![Delays by hour, route and airport](delays.svg)

| file | flights | left out | used for |
| --- | ---: | ---: | --- |
| \`flights-200k.json\` | ${whole(departures.read)} | ${whole(departures.dropped)} | hours |
| \`flights-20k.json\` (${provenance.firstDay} to ${provenance.lastDay}) | ${whole(flights.read)} | ${whole(flights.dropped)} | routes, airports |

Left out are delays of more than ${whole(options.maxDelay / 60)} hours, and flights whose airports are unknown or too far apart for the
distance that they report. Cancelled flights are not in the files. The 200,000 flights carry no date.

## By hour of departure

The hour is the one at which a flight really left, not the planned one. An evening flight that is held up for long
leaves in the night, so the hours around midnight hold more than their share of late flights.

${table(
  ["hour"],
  hours.map((group) => [group.label, ...figures(group)]),
)}

## By route

Both directions together. ${whole(routes.length)} routes have at least ${options.minFlights} flights. With so few flights on
a route the intervals are wide and overlap: the order within a table is uncertain.

### The ${options.top} most delayed

${table(["route", "cities"], places(byMean(routes).slice(0, options.top)))}

### The ${options.top} most punctual

${table(["route", "cities"], places(punctual(routes)))}

## By airport of departure

${whole(airports.length)} airports have at least ${options.minFlights} flights.

### The ${options.top} most delayed

${table(["airport", "city"], places(byMean(airports).slice(0, options.top)))}

### The ${options.top} most punctual

${table(["airport", "city"], places(punctual(airports)))}

## By carrier

None of the flight files says which airline flew, so there is no such table.
`;
}
