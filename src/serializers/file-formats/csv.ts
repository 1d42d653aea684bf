import type * as papaparse from "papaparse";
import { checkList } from "../../kernel/plain-json.ts";
import { Refusal, segmentOf, typeName, withArticle } from "../../kernel/refusal.ts";
import { unreadable } from "../internal/refusals.ts";
import type { FileFormat } from "./file-format.ts";
import { checkWellFormed, refused, textOf } from "./refused.ts";
import { inCell, tableOf } from "./rows.ts";

/*
 * DESIGN: RFC 4180 with line feeds, and a first line of names.
 *
 * What it does: writes an array of objects that have the same fields, or an array of arrays whose first one holds the names. Reads an array
 * of objects.
 * What it promises: the text of each cell comes back as it was. Types do not: a file of this kind has none, so 12 comes back as "12". What
 * has no text that says what it was is refused: objects, dates, NaN, `null` and `undefined` (an empty cell is the empty string).
 * What its caller must do: see `keeps`.
 */

/** @param delimiter between two cells */
function separated(name: string, delimiter: string): FileFormat {
  return {
    name,
    keeps: (value) => Array.isArray(value) && value.every(hasOnlyText),

    async write(value) {
      const { unparse } = await load();
      try {
        const lines = linesOf(value) as string[][];
        if (lines.length === 0) return [];
        // Without quotes an empty line is nothing, not a row of one empty cell.
        const quotes = (cell: unknown): boolean => cell === "";
        return [Buffer.from(`${unparse(lines, { delimiter, newline: "\n", quotes })}\n`)];
      } catch (error) {
        throw refused(error, name);
      }
    },

    async read(file) {
      const { parse } = await load();
      const text = textOf(await file.bytes(), name);
      return objectsOf(parse<string[]>(text, { delimiter, skipEmptyLines: false }), name);
    },
  };
}

/** A table of text, separated by commas: `.csv`. */
export const csvFile: FileFormat = separated("csv", ",");
/** A table of text, separated by tabulators: `.tsv`. */
export const tsvFile: FileFormat = separated("tsv", "\t");

async function load(): Promise<typeof papaparse> {
  const { default: loaded } = (await import("papaparse")) as unknown as { default: typeof papaparse };
  return loaded;
}

function hasOnlyText(row: unknown): boolean {
  return typeof row === "object" && row !== null && !Array.isArray(row) && Object.values(row).every(isText);
}

const isText = (value: unknown): boolean => typeof value === "string";

function linesOf(value: unknown): ReadonlyArray<readonly string[]> {
  if (Array.isArray(value) && Array.isArray(value[0])) return ofArrays(value);
  const table = tableOf(value);
  if (table.columns.length === 0) return [];
  const rows = table.rows.map((_, row) => table.columns.map((column) => inCell(row, column, table, textOfCell)));
  return [table.columns, ...rows];
}

function ofArrays(value: readonly unknown[]): ReadonlyArray<readonly string[]> {
  checkList(value);
  const lines: string[][] = [];
  for (let row = 0; row < value.length; row++) {
    try {
      lines.push(ofArray(value[row], lines[0]));
    } catch (error) {
      throw Refusal.through(error, segmentOf(row));
    }
  }
  return lines;
}

function ofArray(line: unknown, names: readonly string[] | undefined): string[] {
  if (!Array.isArray(line)) throw new Refusal(typeName(line), "the first row is an array, and this one is not");
  checkList(line);
  if (line.length === 0) throw new Refusal("Array", "a row without columns");
  if (names !== undefined && line.length !== names.length)
    throw new Refusal("Array", `it has ${line.length} cells, and the first row ${names.length}`);
  const cells = Array.from(line as readonly unknown[], (cell, column) => {
    try {
      return textOfCell(cell);
    } catch (error) {
      throw Refusal.through(error, segmentOf(column));
    }
  });
  const twice = names === undefined ? firstTwice(cells) : undefined;
  if (twice === undefined) return cells;
  throw new Refusal("Array", `the first row names the columns, and two are called ${JSON.stringify(twice)}`);
}

function textOfCell(cell: unknown): string {
  switch (typeof cell) {
    case "string":
      checkWellFormed(cell);
      return cell;
    case "bigint":
    case "boolean":
      return `${cell}`;
    case "number":
      if (Number.isFinite(cell)) return Object.is(cell, -0) ? "-0" : `${cell}`;
      throw new Refusal("number", `${cell} is no number in a table`, { hint: 'write "" where there is none' });
    default:
      throw noText(cell);
  }
}

function noText(cell: unknown): Refusal {
  const type = typeName(cell);
  if (cell === null || cell === undefined)
    return new Refusal(type, `${type} would come back as an empty string`, { hint: 'write "" where there is nothing' });
  const hint =
    cell instanceof Date ? "write date.toISOString()" : "write its text, or give the target the extension .ndjson";
  return new Refusal(type, `${withArticle(type)} has no text that it could be made of again`, { hint });
}

function objectsOf({ data, errors }: papaparse.ParseResult<string[]>, name: string): unknown {
  const damage = errors.find(({ type }) => type === "Quotes");
  if (damage) throw unreadable(name, `line ${(damage.row ?? 0) + 1}: a quote without its partner`);
  // What stands behind the last line feed is no line.
  const lines = isEmpty(data.at(-1)) ? data.slice(0, -1) : data;
  const [names, ...rows] = lines;
  if (names === undefined) return [];
  const twice = firstTwice(names);
  if (twice !== undefined) throw unreadable(name, `two columns are called ${JSON.stringify(twice)}`);
  return rows.map((row, index) => {
    if (row.length !== names.length)
      throw unreadable(name, `row ${index + 1} has ${row.length} cells, and there are ${names.length} columns`);
    return Object.fromEntries(names.map((column, i) => [column, row[i]]));
  });
}

function isEmpty(line: readonly string[] | undefined): boolean {
  return line?.length === 1 && line[0] === "";
}

function firstTwice(names: readonly string[]): string | undefined {
  const met = new Set<string>();
  return names.find((name) => met.size === met.add(name).size);
}
