/* `oxbow cache show`, `why` and `diff`. */
import type { TaskRunRow } from "../../history/run-store.ts";
import { formatMs } from "../../kernel/duration.ts";
import { diff, show, why } from "../../maintenance/index.ts";
import { findKey } from "../../maintenance/find-key.ts";
import { exitCodes, refuse, writeJson } from "../output.ts";
import { writePairs, writeTable } from "../table.ts";
import type { Terminal } from "../terminal.ts";
import { ago, oneLine, severalLines, sizeOf, timeOf } from "../text.ts";
import { numberOf } from "../history/filters.ts";
import { type PlaceOptions, withPlace } from "./place.ts";

interface JsonOption extends PlaceOptions {
  readonly json?: true;
}

export interface ShowOptions extends JsonOption {
  readonly length: string;
}

export async function showRecord(key: string, options: ShowOptions, terminal: Terminal): Promise<number> {
  const { stdout } = terminal;
  const previewLength = numberOf(options.length, "--length");
  const found = await withPlace(options, terminal, (place) => show(place, key, { previewLength }));
  if (!found) return refuse(terminal, `There is no record ${key}`, "oxbow cache ls shows those that there are");
  if (options.json) {
    writeJson(stdout, found);
    return exitCodes.done;
  }
  const { metadata, status, value, writtenBy, usedBy, lastUsedAt, events } = found;
  const now = terminal.now();
  writePairs(stdout, [
    ["Key", found.key],
    ["Task", oneLine(metadata.taskName)],
    ["Status", status],
    ["Storage", found.storage],
    [
      "Written",
      `${timeOf(metadata.createdAt)} (${ago(metadata.createdAt, now)})${writtenBy ? ` by ${writtenBy.name}` : ""}`,
    ],
    [
      "Expires",
      metadata.expiresAt === undefined ? undefined : `${timeOf(metadata.expiresAt)} (${ago(metadata.expiresAt, now)})`,
    ],
    ["Took", formatMs(metadata.durationMs)],
    ["Size", `${sizeOf(metadata.size)}, ${metadata.serializer}`],
    ["Tags", oneLine(metadata.tags.join(", "))],
    [
      "Of",
      Object.entries(metadata.components)
        .map(([name, digest]) => `${oneLine(name)} ${digest}`)
        .join("\n"),
    ],
    ["Used", lastUsedAt === undefined ? "never" : `${ago(lastUsedAt, now)}${usedText(usedBy)}`],
    ["Events", events.map(({ time, kind, detail }) => `${timeOf(time)}  ${kind}: ${oneLine(detail)}`).join("\n")],
    [
      "Value",
      "unavailable" in value ? `(${value.unavailable})` : `${severalLines(value.text)}${value.isCut ? "…" : ""}`,
    ],
  ]);
  return exitCodes.done;
}

function usedText(runs: readonly TaskRunRow[]): string {
  return runs.length === 0
    ? ""
    : `, by ${runs
        .slice(0, 5)
        .map(({ name }) => name)
        .join(", ")}${runs.length > 5 ? ", …" : ""}`;
}

export async function explain(what: string, options: JsonOption, terminal: Terminal): Promise<number> {
  const { stdout } = terminal;
  const found = await withPlace(options, terminal, (place) => why(place, what));
  if (!found) {
    return refuse(
      terminal,
      `There is no task, task run or key "${what}" that is known`,
      "oxbow task-run ls shows what has run",
    );
  }
  if (options.json) writeJson(stdout, found);
  else for (const line of found.lines) stdout.write(`${oneLine(line)}\n`);
  return exitCodes.done;
}

export async function compare(left: string, right: string, options: JsonOption, terminal: Terminal): Promise<number> {
  const { stdout } = terminal;
  const found = await withPlace(options, terminal, async (place) => {
    for (const text of [left, right])
      if ((await findKey(place, text)) === undefined)
        return refuse(terminal, `There is no record ${text}`, "oxbow cache ls shows those that there are");
    return diff(place, left, right);
  });
  if (typeof found === "number") return found;
  if (options.json) {
    writeJson(stdout, found);
    return exitCodes.done;
  }
  await writeTable(stdout, found.components, [
    { head: "COMPONENT", value: ({ name }) => name, look: ({ isEqual }) => (isEqual ? "dim" : "yellow") },
    { head: "", value: ({ isEqual }) => (isEqual ? "=" : "≠") },
    { head: found.left.key.slice(0, 12), value: ({ left: digest, leftValue }) => leftValue ?? digest ?? "(has none)" },
    {
      head: found.right.key.slice(0, 12),
      value: ({ right: digest, rightValue }) => rightValue ?? digest ?? "(has none)",
    },
  ]);
  stdout.write(`\nThe results are ${found.isSameValue ? "the same, byte for byte" : "different"}\n`);
  return exitCodes.done;
}
