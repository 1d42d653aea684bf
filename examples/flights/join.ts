import type { Flights, Tally } from "./clean.ts";
import type { Airport } from "./load.ts";

/** Flights whose airports are known; `origin` and `destination` are positions in `airports`. */
export interface LocatedFlights extends Tally {
  readonly airports: readonly Airport[];
  readonly origin: Uint16Array;
  readonly destination: Uint16Array;
  readonly delay: Int16Array;
}

/**
 * Looks up both airports of every flight. A flight is left out where one is unknown, or where the distance between
 * the two and the distance that the flight reports differ by more than `tolerance` (0.05 is 5 %): a wrong code.
 */
export function joinAirports(flights: Flights, airports: readonly Airport[], tolerance: number): LocatedFlights {
  const earthRadius = 3958.8; // statute miles
  const radians = (degrees: number) => (degrees * Math.PI) / 180;
  const greatCircle = (a: Airport, b: Airport) => {
    const north = Math.sin(radians(b.latitude - a.latitude) / 2) ** 2;
    const east = Math.sin(radians(b.longitude - a.longitude) / 2) ** 2;
    const scale = Math.cos(radians(a.latitude)) * Math.cos(radians(b.latitude));
    return 2 * earthRadius * Math.asin(Math.sqrt(north + scale * east));
  };

  const byCode = new Map(airports.map((airport) => [airport.code, airport]));
  const known = flights.codes.map((code) => byCode.get(code));
  const kept = Uint32Array.from(flights.delay.keys()).filter((row) => {
    const from = known[flights.origin[row]!];
    const to = known[flights.destination[row]!];
    if (from === undefined || to === undefined) return false;
    const miles = greatCircle(from, to);
    return Math.abs(miles - flights.distance[row]!) <= Math.max(10, tolerance * miles);
  });

  const used = known.filter((airport) => airport !== undefined);
  const position = known.map((airport) => (airport === undefined ? -1 : used.indexOf(airport)));
  return {
    airports: used,
    origin: Uint16Array.from(kept, (row) => position[flights.origin[row]!]!),
    destination: Uint16Array.from(kept, (row) => position[flights.destination[row]!]!),
    delay: Int16Array.from(kept, (row) => flights.delay[row]!),
    read: flights.delay.length,
    dropped: flights.delay.length - kept.length,
  };
}
