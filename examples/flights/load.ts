import { readFileSync } from "node:fs";

/*
 * Each function here is the whole body of a task: TASK_SOURCE sees the function's own code and nothing around it,
 * so what a function computes with is written inside it or comes in as an argument. The same holds for clean.ts,
 * join.ts, aggregate.ts, plot.ts and report.ts.
 */

/** Departures as the file has them; a value that is missing is `NaN`. */
export interface RawDepartures {
  /** Hour of the day at which the flight really left, with decimals: 6.5 is 06:30. */
  readonly time: Float64Array;
  /** Minutes late on arrival; negative is early. */
  readonly delay: Float64Array;
}

/** Flights between named airports; `origin` and `destination` are positions in `codes`. */
export interface RawFlights {
  readonly codes: readonly string[];
  readonly origin: Uint16Array;
  readonly destination: Uint16Array;
  readonly delay: Float64Array;
  /** Statute miles. */
  readonly distance: Float64Array;
  readonly firstDay: string;
  readonly lastDay: string;
}

export interface Airport {
  readonly code: string;
  readonly city: string;
  readonly state: string;
  readonly latitude: number;
  readonly longitude: number;
}

interface Source {
  readonly path: string;
}

/** `flights-200k.json`: time, delay and distance of 200,000 flights, without airports. */
export function loadDepartures(file: Source): RawDepartures {
  const rows = JSON.parse(readFileSync(file.path, "utf8")) as { time?: number; delay?: number }[];
  return {
    time: Float64Array.from(rows, (row) => row.time ?? Number.NaN),
    delay: Float64Array.from(rows, (row) => row.delay ?? Number.NaN),
  };
}

/** `flights-20k.json`: 20,000 flights with a date and both airports. */
export function loadFlights(file: Source): RawFlights {
  type Row = { date: string; delay?: number; distance?: number; origin: string; destination: string };
  const rows = JSON.parse(readFileSync(file.path, "utf8")) as Row[];
  const codes = [...new Set(rows.flatMap((row) => [row.origin, row.destination]))].sort();
  const position = new Map(codes.map((code, index) => [code, index]));
  const days = rows.map((row) => row.date.slice(0, 10).replaceAll("/", "-")).sort();
  return {
    codes,
    origin: Uint16Array.from(rows, (row) => position.get(row.origin)!),
    destination: Uint16Array.from(rows, (row) => position.get(row.destination)!),
    delay: Float64Array.from(rows, (row) => row.delay ?? Number.NaN),
    distance: Float64Array.from(rows, (row) => row.distance ?? Number.NaN),
    firstDay: days[0] ?? "",
    lastDay: days.at(-1) ?? "",
  };
}

/** `airports.csv`: where each airport code is. A field may be quoted and then hold commas and doubled quotes. */
export function loadAirports(file: Source): Airport[] {
  const [header = "", ...lines] = readFileSync(file.path, "utf8").trim().split(/\r?\n/);
  const names = header.split(",");
  return lines.map((line) => {
    const fields = Array.from(line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g), ([, quoted, plain]) =>
      quoted === undefined ? (plain ?? "") : quoted.replaceAll('""', '"'),
    );
    const field = (name: string) => fields[names.indexOf(name)] ?? "";
    return {
      code: field("iata"),
      city: field("city"),
      state: field("state"),
      latitude: Number(field("latitude")),
      longitude: Number(field("longitude")),
    };
  });
}
