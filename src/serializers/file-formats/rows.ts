import { hasSymbolFields } from "../../kernel/built-ins.ts";
import { checkList } from "../../kernel/plain-json.ts";
import { Refusal, segmentOf, typeName, withArticle } from "../../kernel/refusal.ts";

/** A table: the same columns in each row. */
export interface Table {
  readonly columns: readonly string[];
  readonly rows: ReadonlyArray<Readonly<Record<string, unknown>>>;
}

/**
 * An array of objects as a table. Cells are not looked at.
 *
 * @throws {Refusal} for all else, and where a row has other columns than the first
 */
export function tableOf(value: unknown): Table {
  if (!Array.isArray(value)) {
    const type = typeName(value);
    const what = value === null || value === undefined ? type : withArticle(type);
    throw new Refusal(type, `${what} is no table`, { hint: "return an array of objects: one per row" });
  }
  checkList(value);
  const rows: readonly unknown[] = value;
  let columns: readonly string[] | undefined;
  for (const [index, row] of rows.entries()) {
    try {
      columns ??= columnsOf(row);
      checkColumns(row, columns);
    } catch (error) {
      throw Refusal.through(error, segmentOf(index));
    }
  }
  return { columns: columns ?? [], rows: rows as Table["rows"] };
}

function columnsOf(row: unknown): readonly string[] {
  const columns = Object.keys(plainRow(row));
  if (columns.length === 0) throw new Refusal("object", "a row without columns");
  for (const column of columns)
    if (!column.isWellFormed()) throw new Refusal("string", `the name of a column has half a character`);
  return columns;
}

function checkColumns(row: unknown, columns: readonly string[]): void {
  const names = Object.keys(plainRow(row));
  if (names.length === columns.length && names.every((name, index) => name === columns[index])) return;
  const [known, found] = [new Set(columns), new Set(names)];
  const more = names.find((name) => !known.has(name));
  if (more !== undefined) throw new Refusal("object", `the first row has no column ${JSON.stringify(more)}`);
  const less = columns.find((name) => !found.has(name));
  if (less !== undefined) throw new Refusal("object", `the column ${JSON.stringify(less)} is missing`);
}

function plainRow(row: unknown): object {
  if (typeof row !== "object" || row === null || Object.getPrototypeOf(row) !== Object.prototype) {
    const type = typeName(row);
    throw new Refusal(type, `${row === null || row === undefined ? type : withArticle(type)} is no row`, {
      hint: "return an array of plain objects: one per row",
    });
  }
  if (hasSymbolFields(row)) throw new Refusal("symbol", "it has a key that is a symbol");
  return row;
}

/** The value of a cell, with its path where reading it or what follows is refused. */
export function inCell<T>(row: number, column: string, { rows }: Table, work: (cell: unknown) => T): T {
  try {
    return work(rows[row]![column]);
  } catch (error) {
    throw Refusal.through(Refusal.through(error, segmentOf(column)), segmentOf(row));
  }
}
