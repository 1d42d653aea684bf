import { compileDateFormat } from "./date-format.ts";
import { ConfigurationError } from "./errors.ts";
import { typeName, withArticle } from "./refusal.ts";
import { nearest } from "./suggest.ts";

/*
 * DESIGN: names with holes in them, for files and keys: `reports/{date:yyyy-MM}/{inputs.city}.json`.
 *
 *   {name}           the text of a value
 *   {name.path.0}    of a part of it: a field, an item
 *   {name:format}    a date in a format (date-format.ts); a number with zeros in front, {page:03}
 *   {{  }}           a brace
 *
 * What it promises: two different values of a hole have different texts, as far as their texts differ: nothing is cut off, and what has
 * no text of its own (nothing at all, an object, a function) is refused instead of becoming `undefined` or `[object Object]`, which
 * would be one name for all.
 * What the caller must do: give `escape` where the text becomes a path.
 */

/** What a template says of itself, and what it makes. */
export interface Template {
  /** As it was written. */
  readonly text: string;
  /** The holes, each once, without their formats: `inputs.city`. */
  readonly variables: readonly string[];
  /**
   * The template with its holes filled. Strings, numbers, bigints, booleans, dates and URLs have a text; a date without a format is its
   * day, `2026-11-21`, in UTC.
   *
   * @throws {ConfigurationError} `OXBOW_OPTION_INVALID` where a value is not there, or has no text
   */
  format(values: Readonly<Record<string, unknown>>, options?: TemplateFormatOptions): string;
}

/** How {@link Template.format} writes. */
export interface TemplateFormatOptions {
  /**
   * What becomes of each text before it is put in. Text of dates is left alone where the template has a format for it: what is special in
   * it, the template says, as in `{date:yyyy/MM}`.
   *
   * @default nothing: texts go in as they are
   */
  readonly escape?: (text: string, variable: string) => string;
}

/** How {@link compileTemplate} understands values. */
export interface TemplateOptions {
  /** Variables whose numbers are moments, in milliseconds since 1970. @default ["date"] */
  readonly dates?: readonly string[];
}

interface Hole {
  readonly variable: string;
  readonly path: readonly string[];
  readonly width: number | undefined;
  readonly date: ((date: Date) => string) | undefined;
  readonly takesNumbersAsDates: boolean;
}

/**
 * Reads a template.
 *
 * @param who whose template it is, for errors: `Task "load": target`
 * @throws {ConfigurationError} `OXBOW_OPTION_INVALID` for a brace without its partner, a variable that cannot be one, an unknown format
 */
export function compileTemplate(text: string, who: string, { dates = ["date"] }: TemplateOptions = {}): Template {
  const parts = partsOf(text, who, dates);
  return {
    text,
    variables: [...new Set(parts.flatMap((part) => (typeof part === "string" ? [] : [part.variable])))],
    format: (values, { escape } = {}) =>
      parts
        .map((part) => {
          if (typeof part === "string") return part;
          const filled = textFor(part, values, { text, who });
          return escape && part.date === undefined ? escape(filled, part.variable) : filled;
        })
        .join(""),
  };
}

/**
 * A text as part of one name in a path: whatever it says, it leads nowhere. `/`, `\`, control characters, `%` itself, a drive letter's
 * colon and the beginning of a text of dots and spaces alone are percent-escaped; nothing at all becomes `%`. Different texts stay
 * different.
 */
export function escapePathPart(text: string): string {
  // Nothing else gives a lone `%`.
  if (text === "") return "%";
  return text.replace(/[\u0000-\u001f\u007f-\u009f%/\\]|(?<=^[A-Za-z]):/g, percent).replace(/^[. ](?=[. ]*$)/, percent);
}

function percent(character: string): string {
  return Buffer.from(character).toString("hex").toUpperCase().replace(/../g, "%$&");
}

interface Place {
  readonly text: string;
  readonly who: string;
}

const invalid = ({ text, who }: Place, reason: string, hint: string, cause?: { cause: unknown }): ConfigurationError =>
  new ConfigurationError("OXBOW_OPTION_INVALID", `${who}: the template "${text}" ${reason}`, { hint, ...cause });

function partsOf(text: string, who: string, dates: readonly string[]): ReadonlyArray<string | Hole> {
  return (text.match(/\{\{|\}\}|\{[^{}]*\}|[{}]|[^{}]+/g) ?? []).map((part) => {
    if (part === "{{" || part === "}}") return part[0]!;
    if (part === "{" || part === "}")
      throw invalid({ text, who }, `has a "${part}" without its partner`, "write {{ or }} for a brace");
    return part.startsWith("{") ? holeOf(part, { text, who }, dates) : part;
  });
}

const grammar = /^\{([\p{ID_Start}_$][\p{ID_Continue}$]*(?:\.[^.:{}[\]\s]+)*)(?::(.+))?\}$/u;

function holeOf(part: string, place: Place, dates: readonly string[]): Hole {
  const [, variable, format] = grammar.exec(part) ?? [];
  if (variable === undefined) {
    const plain = part.replaceAll(/\[["']?([^\]"']*)["']?\]/g, ".$1").replaceAll(/\s/g, "");
    const hint =
      plain !== part && grammar.test(plain) ? `write ${plain}` : "write {name}, {name.path.0} or {name:format}";
    throw invalid(place, `has ${part}, which names no variable`, hint);
  }
  const width = /^0([1-9]\d?)$/.exec(format ?? "")?.[1];
  if (width === undefined && format !== undefined && !/[A-Za-z%]/.test(format))
    throw invalid(place, `has ${part}, whose format has no meaning`, "write {name:03} for at least three digits");
  return {
    variable,
    path: variable.split("."),
    width: width === undefined ? undefined : Number(width),
    date:
      width === undefined && format !== undefined
        ? compileDateFormat(format, `${place.who}: the template "${place.text}"`)
        : undefined,
    takesNumbersAsDates: dates.includes(variable),
  };
}

function textFor(hole: Hole, values: Readonly<Record<string, unknown>>, place: Place): string {
  const value = valueAt(hole, values, place);
  const time = typeof value === "number" && hole.takesNumbersAsDates ? new Date(value) : value;
  if (time instanceof Date) return dateText(hole, time, place);
  if (hole.date) throw invalid(place, `writes ${hole.variable} as a date: it is ${kindOf(value)}`, "give it a Date");
  if (typeof value === "number" || typeof value === "bigint") return numberText(hole, value, place);
  if (hole.width !== undefined)
    throw invalid(
      place,
      `writes ${hole.variable} with ${hole.width} digits: it is ${kindOf(value)}`,
      "give it a number",
    );
  if (typeof value === "string") {
    if (!value.isWellFormed())
      throw invalid(place, `names ${hole.variable}, which has half a character`, "give it well-formed Unicode");
    return value;
  }
  if (typeof value === "boolean") return `${value}`;
  if (value instanceof URL) return value.href;
  throw invalid(
    place,
    `names ${hole.variable}, which is ${kindOf(value)} and has no text`,
    typeof value === "object" && value !== null
      ? `name a part of it, {${hole.variable}.field}`
      : "give it a string, a number, a boolean or a Date",
  );
}

function dateText({ variable, date, width }: Hole, value: Date, place: Place): string {
  if (Number.isNaN(value.getTime()))
    throw invalid(place, `names ${variable}, which is no date`, "give it a valid Date");
  if (width !== undefined)
    throw invalid(place, `writes ${variable} with ${width} digits: it is a date`, "write {date:yyyy-MM-dd}");
  return date ? date(value) : value.toISOString().slice(0, -"T00:00:00.000Z".length);
}

function numberText({ variable, width = 0 }: Hole, value: number | bigint, place: Place): string {
  if (typeof value === "number" && !Number.isFinite(value))
    throw invalid(place, `names ${variable}, which is ${value}`, "give it a finite number");
  const digits = `${value}`.replace(/^-/, "");
  const sign = value < 0 ? "-" : "";
  return sign + digits.padStart(width - sign.length, "0");
}

function valueAt({ path, variable }: Hole, values: Readonly<Record<string, unknown>>, place: Place): unknown {
  let value: unknown = values;
  for (const [depth, name] of path.entries()) {
    if (!hasPart(value, name)) throw missing(variable, path.slice(0, depth), name, value, place);
    try {
      value = value[name];
    } catch (cause) {
      throw invalid(place, `names ${variable}, and reading it failed`, "look at the cause", { cause });
    }
  }
  return value;
}

/** A field or an item, a getter of a class too; nothing that every object has. */
function hasPart(value: unknown, name: string): value is Record<string, unknown> {
  return (
    typeof value === "object" &&
    value !== null &&
    (Object.hasOwn(value, name) || (name in value && !(name in Object.prototype)))
  );
}

function missing(
  variable: string,
  before: readonly string[],
  name: string,
  value: unknown,
  place: Place,
): ConfigurationError {
  const inside = before.join(".");
  const known = typeof value === "object" && value !== null ? Object.keys(value) : [];
  const meant = nearest(name, known);
  const shown = (each: string): string => (inside === "" ? each : `${inside}.${each}`);
  const list = known.slice(0, 30).map(shown).join(", ") + (known.length > 30 ? ", …" : "");
  const there =
    known.length > 0
      ? `there are ${list}`
      : `${inside === "" ? "there are no variables" : `${inside} is ${kindOf(value)}`}`;
  return invalid(
    place,
    `names ${variable}, which is not there`,
    meant === undefined ? there : `did you mean "${shown(meant)}"? ${there}`,
  );
}

function kindOf(value: unknown): string {
  if (value === undefined || value === null) return `${value}`;
  return withArticle(typeName(value));
}
