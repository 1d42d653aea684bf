import type { RawDepartures, RawFlights } from "./load.ts";

/** How many rows a step was given, and how many it left out. */
export interface Tally {
  readonly read: number;
  readonly dropped: number;
}

export interface Departures extends Tally {
  /** Minutes after midnight. */
  readonly minute: Uint16Array;
  readonly delay: Int16Array;
}

export interface Flights extends Tally {
  readonly codes: readonly string[];
  readonly origin: Uint16Array;
  readonly destination: Uint16Array;
  readonly delay: Int16Array;
  readonly distance: Uint16Array;
  readonly firstDay: string;
  readonly lastDay: string;
}

/** Keeps the departures with a time of day and a delay of at most `maxDelay` minutes, early or late. */
export function cleanDepartures(raw: RawDepartures, maxDelay: number): Departures {
  const kept = Uint32Array.from(raw.delay.keys()).filter((row) => {
    const time = raw.time[row]!;
    return time >= 0 && time < 24 && Math.abs(raw.delay[row]!) <= maxDelay;
  });
  return {
    minute: Uint16Array.from(kept, (row) => Math.round(raw.time[row]! * 60)),
    delay: Int16Array.from(kept, (row) => raw.delay[row]!),
    read: raw.delay.length,
    dropped: raw.delay.length - kept.length,
  };
}

/** Keeps the flights that go somewhere, with a delay of at most `maxDelay` minutes, early or late. */
export function cleanFlights(raw: RawFlights, maxDelay: number): Flights {
  const kept = Uint32Array.from(raw.delay.keys()).filter(
    (row) =>
      raw.origin[row] !== raw.destination[row] && raw.distance[row]! > 0 && Math.abs(raw.delay[row]!) <= maxDelay,
  );
  return {
    codes: raw.codes,
    origin: Uint16Array.from(kept, (row) => raw.origin[row]!),
    destination: Uint16Array.from(kept, (row) => raw.destination[row]!),
    delay: Int16Array.from(kept, (row) => raw.delay[row]!),
    distance: Uint16Array.from(kept, (row) => raw.distance[row]!),
    firstDay: raw.firstDay,
    lastDay: raw.lastDay,
    read: raw.delay.length,
    dropped: raw.delay.length - kept.length,
  };
}
