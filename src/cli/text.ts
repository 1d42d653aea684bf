/* Text on a terminal: how wide it is, cut to a width, painted. */
import { styleText } from "node:util";
import { formatMs } from "../kernel/duration.ts";
import type { Output } from "./terminal.ts";

/** How a piece of text looks. */
export type Look = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";

/** Colours a text, where the output wants colours. */
export function paint(output: Output, look: Look, text: string): string {
  return output.colors && text !== "" ? styleText(look, text, { validateStream: false }) : text;
}

// oxlint-disable-next-line no-control-regex
const controls = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g;

/** Text of others in one line: what could move the cursor or begin a line of its own becomes a space. */
export function oneLine(text: string): string {
  return text.replace(controls, " ").trim();
}

/** Text of others in several lines, which keep their ends and lose all other control characters. */
export function severalLines(text: string): string {
  return text
    .split(/\r\n|[\n\r]/)
    .map((line) => line.replaceAll("\t", "  ").replace(controls, ""))
    .join("\n");
}

const wide =
  /\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/u;
const nothing = /^(?:\p{Mark}|[\u200b-\u200f])$/u;

/** How many columns a text without control characters takes. */
export function widthOf(text: string): number {
  // oxlint-disable-next-line no-control-regex
  if (/^[\u0020-\u007e]*$/.test(text)) return text.length;
  let width = 0;
  for (const letter of text) width += letterWidth(letter);
  return width;
}

/** The text, or its beginning and `…`, in no more than so many columns. */
export function cut(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  let width = 1;
  let kept = "";
  for (const letter of text) {
    width += letterWidth(letter);
    if (width > columns) break;
    kept += letter;
  }
  return columns < 1 ? "" : `${kept}…`;
}

function letterWidth(letter: string): number {
  return nothing.test(letter) ? 0 : wide.test(letter) ? 2 : 1;
}

/** `3 min ago`, `in 2 h`; nothing for what is unknown. */
export function ago(time: number | undefined, now: number): string {
  if (time === undefined) return "";
  return time > now ? `in ${formatMs(time - now)}` : `${formatMs(now - time)} ago`;
}

/** `2026-03-01 12:34:56`, in the time zone of this machine. */
export function timeOf(time: number): string {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return String(time);
  const [year, ...rest] = [date.getFullYear(), date.getMonth() + 1, date.getDate()];
  const clock = [date.getHours(), date.getMinutes(), date.getSeconds()];
  const two = (part: number): string => String(part).padStart(2, "0");
  return `${year}-${rest.map(two).join("-")} ${clock.map(two).join(":")}`;
}

/** `3 runs`, `1 run`. */
export function count(number: number, one: string, many: string = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}

const steps = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

/** `340 B`, `1.5 MiB`. */
export function sizeOf(bytes: number): string {
  let size = bytes;
  let step = 0;
  for (; size >= 1024 && step < steps.length - 1; step++) size /= 1024;
  return `${step > 0 && size < 10 ? size.toFixed(1).replace(/\.0$/, "") : Math.round(size)} ${steps[step]}`;
}
