/*
 * DESIGN. Tables without lines, as `ls -l` has them. On a terminal a row is never wider than a line: the widest columns give way
 * first. Into a pipe or a file everything is written whole.
 */
import { type Look, oneLine, paint, widthOf } from "./text.ts";
import type { Output } from "./terminal.ts";

/** One column of a table of rows. */
export interface Column<T> {
  readonly head: string;
  readonly value: (row: T) => string | undefined;
  readonly align?: "right";
  readonly look?: (row: T) => Look | undefined;
}

const gap = 2;
const least = 6;

/** Writes rows with a head. Rows are text of others: control characters in them are taken out. */
export async function writeTable<T>(output: Output, rows: readonly T[], columns: readonly Column<T>[]): Promise<void> {
  const { default: Table } = await import("cli-table3");
  const cells = rows.map((row) => columns.map((column) => oneLine(column.value(row) ?? "")));
  // A column that has nothing to say is left out.
  const shown = columns.flatMap((column, index) => (cells.some((row) => row[index] !== "") ? [{ column, index }] : []));
  const natural = shown.map(({ column, index }) =>
    Math.max(widthOf(column.head), ...cells.map((row) => widthOf(row[index]!))),
  );
  const table = new Table({
    head: shown.map(({ column }) => paint(output, "bold", column.head)),
    colWidths: (output.isTTY ? fit(natural, output.columns) : natural).map((width) => width + gap),
    colAligns: shown.map(({ column }) => column.align ?? "left"),
    truncate: "…",
    chars: noLines,
    style: { head: [], border: [], "padding-left": 0, "padding-right": gap },
  });
  for (const [position, row] of rows.entries()) {
    table.push(
      shown.map(({ column, index }) => {
        const look = column.look?.(row);
        const text = cells[position]![index]!;
        return look ? paint(output, look, text) : text;
      }),
    );
  }
  output.write(`${table.toString().replace(/ +$/gm, "")}\n`);
}

const noLines = Object.fromEntries(
  [
    ...["top", "top-mid", "top-left", "top-right", "bottom", "bottom-mid", "bottom-left", "bottom-right"],
    ...["left", "left-mid", "mid", "mid-mid", "right", "right-mid", "middle"],
  ].map((name) => [name, ""]),
);

/** Widths that fit into a line: the widest column gives way first, none below a few letters. */
export function fit(natural: readonly number[], columns: number): number[] {
  const widths = [...natural];
  let excess = widths.reduce((sum, width) => sum + width + gap, -gap) - columns;
  while (excess > 0) {
    const widest = widths.indexOf(Math.max(...widths));
    if (widths[widest]! <= least) break;
    widths[widest]! -= 1;
    excess -= 1;
  }
  return widths;
}

/** Writes names and values below one another; what is `undefined` is left out. */
export function writePairs(
  output: Output,
  pairs: ReadonlyArray<readonly [name: string, value: string | undefined]>,
): void {
  const said = pairs.filter((pair): pair is [string, string] => pair[1] !== undefined && pair[1] !== "");
  const width = Math.max(0, ...said.map(([name]) => widthOf(name)));
  for (const [name, value] of said) {
    output.write(
      `${paint(output, "bold", name)}${" ".repeat(width - widthOf(name) + gap)}${value.replaceAll("\n", `\n${" ".repeat(width + gap)}`)}\n`,
    );
  }
}
