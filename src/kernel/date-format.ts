import { ConfigurationError } from "./errors.ts";

/*
 * DESIGN: dates as text, for names of files and keys. Always in UTC and in English: the same moment has the same text on every
 * machine. Two notations, told apart by a `%`:
 *
 *   yyyy-MM-dd'T'HH   the date fields of Unicode (UTS 35); text between single quotes, '' for one quote
 *   %Y-%m-%dT%H       strftime, as C and Python have it
 *
 * What has no meaning here is refused when it is compiled, and so is what nearly always means something else than what was
 * written: YYYY is the year of the week, mm are the minutes. A key that is right on most days is worse than none.
 */

type Field = (date: Date) => string;

const unicodeFields: Readonly<Record<string, Field>> = {
  yyyy: (date) => padded(date.getUTCFullYear(), 4),
  yy: (date) => padded(modulo(date.getUTCFullYear(), 100), 2),
  YYYY: (date) => padded(isoWeek(date).year, 4),
  MMMM: (date) => named(date, { month: "long" }),
  MMM: (date) => named(date, { month: "short" }),
  MM: (date) => padded(date.getUTCMonth() + 1, 2),
  M: (date) => `${date.getUTCMonth() + 1}`,
  ww: (date) => padded(isoWeek(date).week, 2),
  w: (date) => `${isoWeek(date).week}`,
  DDD: (date) => padded(dayOfYear(date), 3),
  dd: (date) => padded(date.getUTCDate(), 2),
  d: (date) => `${date.getUTCDate()}`,
  EEEE: (date) => named(date, { weekday: "long" }),
  EEE: (date) => named(date, { weekday: "short" }),
  HH: (date) => padded(date.getUTCHours(), 2),
  H: (date) => `${date.getUTCHours()}`,
  hh: (date) => padded(halfDayHour(date), 2),
  h: (date) => `${halfDayHour(date)}`,
  mm: (date) => padded(date.getUTCMinutes(), 2),
  ss: (date) => padded(date.getUTCSeconds(), 2),
  SSS: (date) => padded(date.getUTCMilliseconds(), 3),
  a: (date) => (date.getUTCHours() < 12 ? "AM" : "PM"),
};

const strftimeFields: Readonly<Record<string, readonly string[]>> = {
  Y: ["yyyy"],
  y: ["yy"],
  G: ["YYYY"],
  m: ["MM"],
  B: ["MMMM"],
  b: ["MMM"],
  h: ["MMM"],
  d: ["dd"],
  j: ["DDD"],
  V: ["ww"],
  A: ["EEEE"],
  a: ["EEE"],
  H: ["HH"],
  I: ["hh"],
  M: ["mm"],
  S: ["ss"],
  p: ["a"],
  f: ["SSS", "'000'"],
  F: ["yyyy", "'-'", "MM", "'-'", "dd"],
  T: ["HH", "':'", "mm", "':'", "ss"],
  Z: ["'UTC'"],
  z: ["'+0000'"],
  "%": ["'%'"],
};

/**
 * What writes dates in a format; in UTC, names in English.
 *
 * @param format `yyyy-MM-dd` (fields of UTS 35) or `%Y-%m-%d` (strftime)
 * @param who whose format it is, for the error: `Task "load": target`
 * @throws {ConfigurationError} `OXBOW_OPTION_INVALID` for a format that has no meaning, or hardly the one that was meant
 */
export function compileDateFormat(format: string, who: string): (date: Date) => string {
  const refuse = (reason: string, hint: string): ConfigurationError =>
    new ConfigurationError("OXBOW_OPTION_INVALID", `${who}: the date format "${format}" ${reason}`, { hint });
  const names = format.includes("%") ? strftimeNames(format, refuse) : unicodeNames(format, refuse);
  checkMeaning(new Set(names), refuse);
  const fields = names.map((name) => (name.startsWith("'") ? name.slice(1, -1) : unicodeFields[name]!));
  return (date) => fields.map((field) => (typeof field === "string" ? field : field(date))).join("");
}

type Refuse = (reason: string, hint: string) => ConfigurationError;

/** The fields of a format in order; text stands between single quotes. */
function unicodeNames(format: string, refuse: Refuse): readonly string[] {
  const parts = format.match(/''|'(?:[^']|'')*'|([A-Za-z])\1*|[^A-Za-z']+|'/g) ?? [];
  return parts.map((part) => {
    if (part === "'") throw refuse("has a quote without an end", "write '' for a single quote");
    if (part === "''") return "'''";
    if (part.startsWith("'")) return `'${part.slice(1, -1).replaceAll("''", "'")}'`;
    if (!/^[A-Za-z]/.test(part)) return `'${part}'`;
    if (Object.hasOwn(unicodeFields, part)) return part;
    const hint = /^[YD]+$/.test(part)
      ? "yyyy is the year, dd the day of the month, DDD the day of the year, YYYY the year that a week ww belongs to"
      : `the fields are ${Object.keys(unicodeFields).join(", ")}; text stands between single quotes`;
    throw refuse(`has no meaning for "${part}"`, hint);
  });
}

function strftimeNames(format: string, refuse: Refuse): readonly string[] {
  const parts = format.match(/%[^]?|[^%]+/g) ?? [];
  return parts.flatMap((part) => {
    if (!part.startsWith("%")) return [`'${part}'`];
    const letter = part.slice(1);
    if (Object.hasOwn(strftimeFields, letter)) return strftimeFields[letter]!;
    const known = Object.keys(strftimeFields).map((each) => `%${each}`);
    throw refuse(`has no meaning for "${part}"`, `there are ${known.join(" ")}`);
  });
}

/** Refuses what is legal and means something else: such a name is right for months, and then twice there. */
function checkMeaning(names: ReadonlySet<string>, refuse: Refuse): void {
  const hasYear = names.has("yyyy") || names.has("yy");
  const hasWeek = names.has("ww") || names.has("w");
  if (names.has("YYYY") !== hasWeek && (names.has("YYYY") || hasYear)) {
    throw refuse(
      hasWeek ? "puts a week beside the year of the calendar" : "has the year of a week, and no week",
      "with a week write the year it belongs to, YYYY-ww or %G-%V: they differ around New Year; without, yyyy or %Y",
    );
  }
  const hasHour = ["HH", "H", "hh", "h"].some((name) => names.has(name));
  if (hasYear && names.has("mm") && !hasHour)
    throw refuse("has minutes and no hour", "the month is MM, or %m; minutes are mm, or %M");
}

/** @param digits how many at least */
function padded(value: number, digits: number): string {
  return (value < 0 ? "-" : "") + `${Math.abs(value)}`.padStart(digits, "0");
}

function modulo(value: number, by: number): number {
  return ((value % by) + by) % by;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function named(date: Date, options: Intl.DateTimeFormatOptions): string {
  const name = Object.entries(options).join();
  let format = formats.get(name);
  if (!format) formats.set(name, (format = new Intl.DateTimeFormat("en-US", { ...options, timeZone: "UTC" })));
  return format.format(date);
}

function halfDayHour(date: Date): number {
  return date.getUTCHours() % 12 || 12;
}

const dayMs = 86_400_000;

function dayOfYear(date: Date): number {
  const midnight = new Date(date.getTime()).setUTCHours(0, 0, 0, 0);
  return Math.round((midnight - firstOfJanuary(date.getUTCFullYear())) / dayMs) + 1;
}

/** The week of ISO 8601: it begins on a Monday, and belongs to the year that its Thursday is in. */
function isoWeek(date: Date): { readonly year: number; readonly week: number } {
  const thursday = new Date(date.getTime() + (3 - modulo(date.getUTCDay() - 1, 7)) * dayMs);
  return { year: thursday.getUTCFullYear(), week: Math.ceil(dayOfYear(thursday) / 7) };
}

function firstOfJanuary(year: number): number {
  // Date.UTC takes the years 0 to 99 for those of the last century.
  return new Date(0).setUTCFullYear(year, 0, 1);
}
