import { describeError } from "../kernel/errors.ts";
import type { LogFields, LogLevel, LogRecord } from "./logger.ts";

const names: Readonly<Record<LogLevel, string>> = {
  debug: "DEBUG  ",
  info: "INFO   ",
  warn: "WARN   ",
  error: "ERROR  ",
};
// SGR parameters (ECMA-48, 8.3.117): grey, green, yellow, red.
const colorOf: Readonly<Record<LogLevel, string>> = { debug: "90", info: "32", warn: "33", error: "31" };

/** `11:34:00.402 | INFO    | Task run 'add-one-d85' - Finished in state Completed()`, without a line end. */
export function formatText(record: LogRecord, colors: boolean): string {
  const { level, fields } = record;
  const text = `${record.source} - ${record.message}${fields === undefined ? "" : fieldsText(fields)}`;
  const line = oneRecord(text);
  if (!colors) return `${timeOfDay(record.time)} | ${names[level]} | ${line}`;
  return `\x1b[2m${timeOfDay(record.time)}\x1b[22m | \x1b[${colorOf[level]}m${names[level]}\x1b[39m | ${line}`;
}

/** A record as one line of JSON, without a line end: `{"time":"…","level":"info","source":"…","message":"…","fields":{…}}`. */
export function formatJson({ time, level, source, message, fields }: LogRecord): string {
  const head = `{"time":"${isoTime(time)}","level":"${level}","source":${JSON.stringify(source)},"message":${JSON.stringify(message)}`;
  return fields === undefined ? `${head}}` : `${head},"fields":${fieldsJson(fields)}}`;
}

const lineEnds = /\r\n|[\n\r\v\f\u0085\u2028\u2029]/g;

/** Text from outside cannot begin a line that looks like one of ours: what continues a record is indented. */
function oneRecord(text: string): string {
  return text.search(lineEnds) < 0 ? text : text.replace(lineEnds, "\n  ");
}

// Most lines fall into the same second as the one before; Date knows the time zone and is slow.
let lastSecond = Number.NaN;
let lastSecondText = "";

function timeOfDay(time: number): string {
  const second = Math.floor(time / 1000);
  if (second !== lastSecond) {
    const date = new Date(time);
    lastSecond = second;
    lastSecondText = `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
  }
  const rest = Math.floor(time) - second * 1000;
  return `${lastSecondText}.${rest < 100 ? "0" : ""}${pad(rest)}`;
}

function pad(number: number): string {
  return number < 10 ? `0${number}` : String(number);
}

function isoTime(time: number): string {
  // A clock of a test may say what no calendar has.
  return Number.isFinite(time) && Math.abs(time) <= 8.64e15 ? new Date(time).toISOString() : String(time);
}

function fieldsText(fields: LogFields): string {
  let text = "";
  for (const [name, value] of Object.entries(fields)) text += ` ${name}=${fieldText(value)}`;
  return text;
}

function fieldText(value: unknown): string {
  if (value instanceof Error) return JSON.stringify(describeError(value));
  if (typeof value === "string") return /^[\w./:@+-]+$/.test(value) ? value : JSON.stringify(value);
  return toJson(value);
}

function fieldsJson(fields: LogFields): string {
  try {
    return JSON.stringify(fields, plain);
  } catch {
    // One field that JSON cannot write does not take the others with it.
    return `{${Object.entries(fields)
      .map(([name, value]) => `${JSON.stringify(name)}:${toJson(value)}`)
      .join(",")}}`;
  }
}

function toJson(value: unknown): string {
  try {
    return JSON.stringify(value, plain) ?? JSON.stringify(typeof value === "symbol" ? String(value) : typeof value);
  } catch {
    return JSON.stringify(Object.prototype.toString.call(value));
  }
}

function plain(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return `${value}n`;
  return value instanceof Error ? { name: value.name, message: value.message, stack: value.stack } : value;
}

/**
 * Whether lines are coloured. `auto` follows `FORCE_COLOR` (`0` and `false` mean no), then `NO_COLOR`
 * (https://no-color.org), then whether the lines go to a terminal.
 */
export function usesColors(choice: "auto" | "always" | "never", isTTY: boolean): boolean {
  if (choice !== "auto") return choice === "always";
  const { FORCE_COLOR: force, NO_COLOR: refuse } = process.env;
  if (force !== undefined) return force !== "0" && force !== "false";
  return refuse ? false : isTTY;
}
