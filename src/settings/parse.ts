import { homedir } from "node:os";
import { resolve } from "node:path";
import { toMs, type Duration } from "../kernel/duration.ts";
import type { Delays, SettingDeclaration } from "./schema.ts";

/** What relative paths and `{home}` in a value mean. */
export interface Place {
  /** The folder of the file that the value stands in; the working folder where it stands in none. */
  readonly base: string;
  /** The setting `home`. */
  readonly home: string;
}

/**
 * What a user wrote, as the value of a setting. Text from the environment and typed values from files are both taken.
 *
 * @returns `undefined` where it cannot be one: see {@link expectationOf}
 */
export function parseValue(declaration: SettingDeclaration, raw: unknown, place: Place): unknown {
  const written = typeof raw === "string" ? raw.trim() : raw;
  const word = typeof written === "string" || typeof written === "number" ? String(written).toLowerCase() : "";
  switch (declaration.type) {
    case "boolean":
      return typeof written === "boolean" ? written : booleans.get(word);
    case "integer":
      return integer(written, declaration.least);
    case "bytes":
      return typeof written === "string" ? bytes(written) : integer(written, 0);
    case "choice":
      return declaration.choices.find((choice) => choice === word);
    case "duration":
      return duration(written);
    case "delays":
      return delays(written);
    case "path":
      return typeof written === "string" && written !== "" ? path(written, place) : undefined;
    case "string":
      return typeof written === "string" && written !== "" ? written : undefined;
  }
}

/** What a value of a setting has to look like, to complete "expected …". */
export function expectationOf(declaration: SettingDeclaration): string {
  switch (declaration.type) {
    case "boolean":
      return "true or false (or 1, 0, yes, no, on, off)";
    case "integer":
      return `a whole number from ${declaration.least}`;
    case "bytes":
      return 'a size such as "64MiB" or "10GB"';
    case "choice":
      return `one of ${declaration.choices.join(", ")}`;
    case "duration":
      return 'a duration such as "30s" or "5 min"';
    case "delays":
      return 'a duration such as "30s", or a list such as "1s, 10s, 1 min"';
    case "path":
      return "a path";
    case "string":
      return "a text that is not empty";
  }
}

/** A path as the operating system takes it: `~` is the user's folder, `{home}` the setting `home`. */
export function path(written: string, place: Place): string {
  const named = written.replaceAll("{home}", () => place.home);
  return resolve(place.base, /^~(?=$|[/\\])/.test(named) ? homedir() + named.slice(1) : named);
}

// Keyed by text; what comes as a number (1, 0) is taken as its text is.
const booleans: ReadonlyMap<string, boolean> = new Map([
  ...["true", "1", "yes", "on"].map((word) => [word, true] as const),
  ...["false", "0", "no", "off"].map((word) => [word, false] as const),
]);

function integer(written: unknown, least: number): number | undefined {
  const number =
    typeof written === "string" && /^\d[\d_]*$/.test(written) ? Number(written.replaceAll("_", "")) : written;
  return typeof number === "number" && Number.isSafeInteger(number) && number >= least ? number : undefined;
}

const units: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
};

function bytes(written: string): number | undefined {
  const [, count, unit] = /^(\d+(?:\.\d+)?)\s*([kmgt]?i?b|)$/i.exec(written) ?? [];
  const factor = unit === undefined ? undefined : units[unit.toLowerCase()];
  return factor === undefined ? undefined : integer(Math.round(Number(count) * factor), 0);
}

function duration(written: unknown): number | undefined {
  try {
    return toMs(written as Duration, "duration");
  } catch {
    return undefined;
  }
}

function delays(written: unknown): Delays | undefined {
  const list =
    typeof written === "string"
      ? written.split(",").map((each) => each.trim())
      : Array.isArray(written)
        ? written
        : [written];
  if (list.length === 0) return undefined;
  try {
    const lengths = list.map((each) => toMs(each as Duration, "delay"));
    return (failures) => lengths[Math.min(failures, lengths.length) - 1]!;
  } catch {
    return undefined;
  }
}
