/* Runs of the history as tables, as pairs, and as JSON. */
import { inspect } from "node:util";
import { readShown } from "../../defaults/history.ts";
import type { FlowRunRow, LogRow, Shown, StateRow, TaskRunRow } from "../../history/run-store.ts";
import { formatMs } from "../../kernel/duration.ts";
import type { Column } from "../table.ts";
import type { Output } from "../terminal.ts";
import { ago, type Look, paint, severalLines, timeOf } from "../text.ts";

type Row = FlowRunRow | TaskRunRow;

const looks: Readonly<Record<string, Look>> = {
  COMPLETED: "green",
  FAILED: "red",
  CRASHED: "red",
  RUNNING: "cyan",
  PAUSED: "yellow",
  CANCELLED: "yellow",
};

/** The state that a run is in, or ended in. */
export function stateOf({ states }: Row): StateRow {
  return states.at(-1)!;
}

/** When a run began. */
export function beginOf({ states }: Row): number {
  return (states.find(({ type }) => type === "RUNNING") ?? states[0]!).timestamp;
}

/** Whether a run has ended. */
export function isOver(row: Row): boolean {
  return ["COMPLETED", "FAILED", "CRASHED", "CANCELLED"].includes(stateOf(row).type);
}

/** How long a run took, or has taken so far. */
export function tookMs(row: Row, now: number): number {
  const { type, timestamp } = stateOf(row);
  const end = isOver(row) || type === "PAUSED" ? timestamp : now;
  return Math.max(0, end - beginOf(row));
}

function lookOf(row: Row): Look | undefined {
  return looks[stateOf(row).type];
}

/** The columns of a list of flow runs. */
export function flowRunColumns(now: number): readonly Column<FlowRunRow>[] {
  return [
    { head: "NAME", value: ({ name }) => name },
    { head: "ID", value: ({ id }) => id.slice(0, 8), look: () => "dim" },
    { head: "FLOW", value: ({ flowName }) => flowName },
    { head: "STATE", value: (row) => stateOf(row).name, look: lookOf },
    { head: "BEGAN", value: (row) => ago(beginOf(row), now) },
    { head: "TOOK", value: (row) => formatMs(tookMs(row, now)), align: "right" },
    { head: "TASKS", value: ({ counts }) => (counts.tasks > 0 ? String(counts.tasks) : ""), align: "right" },
    { head: "HITS", value: ({ counts }) => (counts.hit > 0 ? String(counts.hit) : ""), align: "right" },
    {
      head: "FAILED",
      value: ({ counts }) => (counts.failed > 0 ? String(counts.failed) : ""),
      align: "right",
      look: () => "red",
    },
    { head: "SAVED", value: ({ counts }) => (counts.savedMs > 0 ? formatMs(counts.savedMs) : ""), align: "right" },
  ];
}

/** The columns of a list of task runs. */
export function taskRunColumns(now: number): readonly Column<TaskRunRow>[] {
  return [
    { head: "NAME", value: ({ name }) => name },
    { head: "ID", value: ({ id }) => id.slice(0, 8), look: () => "dim" },
    { head: "TASK", value: ({ taskName }) => taskName },
    { head: "STATE", value: (row) => stateOf(row).name, look: lookOf },
    { head: "BEGAN", value: (row) => ago(beginOf(row), now) },
    { head: "TOOK", value: (row) => formatMs(tookMs(row, now)), align: "right" },
    {
      head: "CACHE",
      value: ({ outcome }) => outcome ?? "",
      look: ({ outcome }) => (outcome === "hit" ? "green" : undefined),
    },
    { head: "SAVED", value: ({ savedMs }) => (savedMs > 0 ? formatMs(savedMs) : ""), align: "right" },
    { head: "REASON", value: ({ reason }) => reason ?? "" },
  ];
}

type Pairs = ReadonlyArray<readonly [name: string, value: string | undefined]>;

/** What is said of any run: names, states, times. */
export function runPairs(row: Row, output: Output, now: number): Pairs {
  const { type, name, message } = stateOf(row);
  const state = name.toUpperCase() === type ? name : `${name} (${type})`;
  return [
    ["Id", row.id],
    [
      "State",
      `${paint(output, lookOf(row) ?? "bold", state)}${message === undefined ? "" : `: ${severalLines(message)}`}`,
    ],
    ["Began", `${timeOf(beginOf(row))} (${ago(beginOf(row), now)})`],
    ["Took", formatMs(tookMs(row, now))],
    ["Attempt", row.attempt > 1 ? String(row.attempt) : undefined],
    ["Version", row.version],
    ["Tags", row.tags.join(", ")],
    ["Around it", row.parentId],
    [
      "States",
      row.states
        .map(
          (each) => `${timeOf(each.timestamp)}  ${each.name}${each.message ? `: ${severalLines(each.message)}` : ""}`,
        )
        .join("\n"),
    ],
    ["Error", row.error === undefined ? undefined : severalLines(row.error)],
  ];
}

/** Values as they are shown to people: one a line, with what was left out and why. */
export function shownText(shown: Shown): string {
  const { left = {} } = shown;
  const values = Object.entries(readShown(shown)).map(([name, value]) => `${name} = ${inspect(value, { depth: 5 })}`);
  return severalLines(
    [...values, ...Object.entries(left).map(([name, why]) => `${name}: not kept (${why})`)].join("\n"),
  );
}

/** A row as JSON: values are values, and the state is there by itself. */
export function rowJson(row: Row): object {
  const state = stateOf(row);
  if ("inputs" in row) return { ...row, state, inputs: parsed(row.inputs.json), inputsLeft: row.inputs.left };
  return { ...row, state, parameters: parsed(row.parameters.json), parametersLeft: row.parameters.left };
}

function parsed(json: string): object {
  try {
    return JSON.parse(json) as object;
  } catch {
    // Bytes stand behind the text.
    return { json };
  }
}

const levels: Readonly<Record<string, Look | undefined>> = { debug: "dim", warn: "yellow", error: "red" };

/** Writes lines of a log, as they were when they were said. */
export function writeLog(output: Output, rows: readonly LogRow[]): void {
  for (const { time, level, message } of rows) {
    const look = levels[level];
    const name = level.toUpperCase().padEnd(5);
    output.write(
      `${timeOf(time)} | ${look ? paint(output, look, name) : name} | ${severalLines(message).replaceAll("\n", "\n  ")}\n`,
    );
  }
}
