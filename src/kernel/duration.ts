import ms from "ms";
import { ConfigurationError } from "./errors.ts";

type Unit =
  | "ms"
  | "msec"
  | "msecs"
  | "millisecond"
  | "milliseconds"
  | "s"
  | "sec"
  | "secs"
  | "second"
  | "seconds"
  | "m"
  | "min"
  | "mins"
  | "minute"
  | "minutes"
  | "h"
  | "hr"
  | "hrs"
  | "hour"
  | "hours"
  | "d"
  | "day"
  | "days"
  | "w"
  | "week"
  | "weeks"
  | "y"
  | "yr"
  | "yrs"
  | "year"
  | "years";

/** A duration by its parts; they add up. */
export interface DurationParts {
  readonly days?: number;
  readonly hours?: number;
  readonly minutes?: number;
  readonly seconds?: number;
  readonly milliseconds?: number;
}

/**
 * A length of time: `"30s"`, `"1 day"`, `"1.5 hours"` (the grammar of the package `ms`) or
 * `{ hours: 1, minutes: 30 }`. A bare number is refused, because nobody can tell its unit.
 */
export type Duration = `${number}${Unit}` | `${number} ${Unit}` | DurationParts;

const factors = { days: 86_400_000, hours: 3_600_000, minutes: 60_000, seconds: 1000, milliseconds: 1 } as const;

/**
 * The length of a duration in milliseconds.
 *
 * @param duration what the user wrote
 * @param where the option it was written for, named in the error
 * @throws {ConfigurationError} `OXBOW_DURATION_INVALID` where it is not a duration, not finite or negative
 */
export function toMs(duration: Duration, where: string): number {
  const length = typeof duration === "string" ? parse(duration) : sum(duration);
  if (length === undefined || !Number.isFinite(length) || length < 0) {
    throw new ConfigurationError("OXBOW_DURATION_INVALID", `${where}: ${show(duration)} is not a duration`, {
      hint: 'write "30s", "1 day" or { hours: 1, minutes: 30 }, not negative',
    });
  }
  return length;
}

function parse(text: string): number | undefined {
  // A string of digits would be read as milliseconds: the unit is what the reader needs.
  if (!/[a-z]/i.test(text)) return undefined;
  try {
    return ms(text as ms.StringValue);
  } catch {
    return undefined;
  }
}

function sum(parts: unknown): number | undefined {
  if (typeof parts !== "object" || parts === null || Array.isArray(parts)) return undefined;
  let total = 0;
  let known = 0;
  for (const [unit, count] of Object.entries(parts)) {
    if (count === undefined) continue;
    if (!Object.hasOwn(factors, unit) || typeof count !== "number") return undefined;
    total += count * factors[unit as keyof typeof factors];
    known += 1;
  }
  return known === 0 ? undefined : total;
}

function show(value: unknown): string {
  if (Object.values(Object(value) as object).some((part) => typeof part === "bigint")) return "an object with a bigint";
  return typeof value === "string"
    ? JSON.stringify(value)
    : typeof value === "object"
      ? JSON.stringify(value)
      : `${value as number}`;
}

const steps: ReadonlyArray<readonly [limit: number, unit: number, name: string]> = [
  [1, 1, "ms"],
  [1000, 1, "ms"],
  [60_000, 1000, "s"],
  [3_600_000, 60_000, "min"],
  [86_400_000, 3_600_000, "h"],
  [Number.POSITIVE_INFINITY, 86_400_000, "d"],
];

/** A length of time for people: `340 ms`, `3.2 s`, `12 min`, `5 h`, `3 d`. */
export function formatMs(length: number): string {
  for (const [limit, unit, name] of steps) {
    if (length >= limit) continue;
    const count = length / unit;
    return `${count < 10 && unit >= 1000 ? count.toFixed(1).replace(/\.0$/, "") : Math.round(count)} ${name}`;
  }
  return `${length} ms`;
}
