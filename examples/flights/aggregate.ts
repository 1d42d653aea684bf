import type { Departures } from "./clean.ts";
import type { LocatedFlights } from "./join.ts";

/** Delays, each with the group that it belongs to: `group` holds positions in `labels`. */
export interface Grouped {
  readonly labels: readonly string[];
  /** A longer name per label. */
  readonly names: readonly string[];
  readonly group: Uint16Array;
  readonly delay: Int16Array;
}

/** The delays of one group. Minutes on arrival; an interval covers 95 %. */
export interface Summary {
  readonly label: string;
  readonly name: string;
  readonly flights: number;
  readonly mean: number;
  readonly meanInterval: readonly [number, number];
  readonly median: number;
  /** Nine flights in ten are at most this late. */
  readonly p90: number;
  readonly p90Interval: readonly [number, number];
  /** The share of flights that are late, 0 to 1. */
  readonly lateShare: number;
}

/** Groups by the hour at which a flight really left, in the order of an airport's day: from 05:00 to 04:59. */
export function byHour(departures: Departures): Grouped {
  const firstHour = 5;
  const hours = Array.from({ length: 24 }, (_, index) => String((firstHour + index) % 24).padStart(2, "0"));
  return {
    labels: hours,
    names: hours.map((hour) => `${hour}:00 to ${hour}:59`),
    group: departures.minute.map((minute) => (Math.floor(minute / 60) + 24 - firstHour) % 24),
    delay: departures.delay,
  };
}

/** Groups by pair of airports; the two directions of a route are one group. */
export function byRoute(flights: LocatedFlights): Grouped {
  const labels: string[] = [];
  const names: string[] = [];
  const routes = new Map<string, number>();
  const group = flights.origin.map((origin, row) => {
    const ends = [flights.airports[origin]!, flights.airports[flights.destination[row]!]!];
    ends.sort((a, b) => (a.code < b.code ? -1 : 1));
    const label = ends.map((airport) => airport.code).join(" – ");
    const found = routes.get(label);
    if (found !== undefined) return found;
    names.push(ends.map((airport) => `${airport.city}, ${airport.state}`).join(" – "));
    routes.set(label, labels.length);
    return labels.push(label) - 1;
  });
  return { labels, names, group, delay: flights.delay };
}

/** Groups by the airport that a flight leaves from. */
export function byAirport(flights: LocatedFlights): Grouped {
  return {
    labels: flights.airports.map((airport) => airport.code),
    names: flights.airports.map((airport) => `${airport.city}, ${airport.state}`),
    group: flights.origin,
    delay: flights.delay,
  };
}

/**
 * Describes the delays of every group that has at least `minFlights`, with bootstrap intervals: the group is drawn
 * again from itself, with replacement, `resamples` times, and the middle 95 % of what comes out is the interval.
 * Delays are far from normal (a few are hours long) and there is no formula for the spread of a 90th percentile, so
 * drawing is the plain way; it is also what makes this step worth caching.
 */
export function describeDelays(grouped: Grouped, minFlights: number, late: number, resamples: number): Summary[] {
  /** The smallest value that a share `q` of the values does not exceed, in a histogram that starts at `lowest`. */
  const quantile = (histogram: Uint32Array, lowest: number, total: number, q: number) => {
    let seen = 0;
    for (let index = 0; index < histogram.length; index++) {
      seen += histogram[index]!;
      if (seen >= q * total) return lowest + index;
    }
    return Number.NaN;
  };
  const middle = (values: Float64Array): [number, number] => {
    values.sort();
    return [values[Math.floor(0.025 * values.length)]!, values[Math.ceil(0.975 * values.length) - 1]!];
  };

  const describe = (delays: Int16Array) => {
    const lowest = delays.reduce((least, delay) => Math.min(least, delay));
    const highest = delays.reduce((most, delay) => Math.max(most, delay));
    const histogram = new Uint32Array(highest - lowest + 1);
    const means = new Float64Array(resamples);
    const p90s = new Float64Array(resamples);
    let random = 2_463_534_242; // xorshift32 from a fixed seed: the same report every time
    for (let resample = 0; resample < resamples; resample++) {
      let sum = 0;
      histogram.fill(0);
      for (let flight = 0; flight < delays.length; flight++) {
        random ^= random << 13;
        random ^= random >>> 17;
        random ^= random << 5;
        const delay = delays[Math.floor(((random >>> 0) / 2 ** 32) * delays.length)]!;
        sum += delay;
        histogram[delay - lowest]!++;
      }
      means[resample] = sum / delays.length;
      p90s[resample] = quantile(histogram, lowest, delays.length, 0.9);
    }
    histogram.fill(0);
    for (const delay of delays) histogram[delay - lowest]!++;
    return {
      flights: delays.length,
      mean: delays.reduce((sum, delay) => sum + delay, 0) / delays.length,
      meanInterval: middle(means),
      median: quantile(histogram, lowest, delays.length, 0.5),
      p90: quantile(histogram, lowest, delays.length, 0.9),
      p90Interval: middle(p90s),
      lateShare: delays.filter((delay) => delay >= late).length / delays.length,
    };
  };

  const members: number[][] = grouped.labels.map(() => []);
  grouped.group.forEach((group, row) => members[group]!.push(grouped.delay[row]!));
  return members.flatMap((delays, group) => {
    if (delays.length < minFlights) return [];
    return { label: grouped.labels[group]!, name: grouped.names[group]!, ...describe(Int16Array.from(delays)) };
  });
}
