import { createRequire } from "node:module";
import { types } from "node:util";
import { OxbowError } from "../../kernel/errors.ts";
import { Refusal, typeName, withArticle } from "../../kernel/refusal.ts";
import { unreadable } from "../internal/refusals.ts";
import type { FileFormat } from "./file-format.ts";
import { checkWellFormed, refused } from "./refused.ts";
import { inCell, type Table, tableOf } from "./rows.ts";

/*
 * DESIGN: an array of objects with the same fields, each field a column of one type.
 *
 *   string → STRING   boolean → BOOLEAN   number → INT32, DOUBLE where one is no such integer   bigint → INT64
 *   Date → TIMESTAMP (milliseconds)   Uint8Array → BYTE_ARRAY   null → null, in a column of any type
 *
 * What it promises: what is written comes back equal and of the same types; all else is refused: objects and lists in cells, columns of
 * two types, `undefined`, dates that are none, bigints beyond 64 bits.
 * Files of other programs are read as far as hyparquet knows them; what is an INT64 there comes back as a bigint.
 */

/** A table with types: `.parquet`. */
export const parquetFile: FileFormat = {
  name: "parquet",
  keeps: () => true,

  async write(value) {
    const { parquetWriteBuffer } = await loadWriter();
    try {
      const table = tableOf(value);
      const columnData = table.columns.map((name) => columnOf(name, table));
      return [new Uint8Array(parquetWriteBuffer({ columnData }))];
    } catch (error) {
      throw refused(error, "parquet");
    }
  },

  async read(file) {
    const { parquetMetadataAsync, parquetRead } = await loadReader();
    const { buffer, byteOffset, byteLength } = await file.bytes();
    // Of a Buffer, slice() would give the whole memory that it is a part of.
    const bytes = new Uint8Array(buffer, byteOffset, byteLength);
    try {
      const source = {
        byteLength,
        slice: (from: number, to?: number) => bytes.slice(from, to).buffer,
      };
      const metadata = await parquetMetadataAsync(source);
      const columns = columnNames(metadata.schema);
      let rows: unknown[][] = [];
      // Objects of the package's own making would lose a column that is called __proto__.
      await parquetRead({
        file: source,
        metadata,
        columns,
        utf8: false,
        onComplete: (all: unknown[][]) => {
          rows = all;
        },
      });
      if (rows.length !== Number(metadata.num_rows)) throw new Error("it has fewer rows than it says");
      return rows.map((row) => Object.fromEntries(columns.map((name, index) => [name, row[index]])));
    } catch (error) {
      throw unreadable("parquet", error);
    }
  },
};

const packages = ["hyparquet", "hyparquet-writer"];

/** @throws {OxbowError} `OXBOW_DRIVER_MISSING` where the packages are not installed */
export function checkParquet(): void {
  const { resolve } = createRequire(import.meta.url);
  try {
    for (const name of packages) resolve(name);
  } catch (cause) {
    throw missing(cause);
  }
}

const loadReader = (): Promise<typeof import("hyparquet")> => import("hyparquet").catch(failed);
const loadWriter = (): Promise<typeof import("hyparquet-writer")> => import("hyparquet-writer").catch(failed);

function failed(cause: unknown): never {
  throw (cause as NodeJS.ErrnoException).code === "ERR_MODULE_NOT_FOUND" ? missing(cause) : cause;
}

function missing(cause: unknown): OxbowError {
  return new OxbowError("OXBOW_DRIVER_MISSING", "Parquet files need the packages hyparquet and hyparquet-writer", {
    cause,
    hint: `npm install ${packages.join(" ")}`,
  });
}

/** The direct children of the root; deeper ones belong to columns of lists and objects. */
function columnNames([root, ...elements]: ReadonlyArray<{
  readonly name: string;
  readonly num_children?: number | undefined;
}>): string[] {
  const names: string[] = [];
  for (let at = 0; at < elements.length && names.length < (root?.num_children ?? 0); ) {
    names.push(elements[at]!.name);
    for (let open = 1; open > 0 && at < elements.length; open -= 1) open += elements[at++]?.num_children ?? 0;
  }
  return names;
}

type ColumnType = "STRING" | "BOOLEAN" | "INT32" | "DOUBLE" | "INT64" | "TIMESTAMP" | "BYTE_ARRAY";

interface Column {
  readonly name: string;
  readonly data: unknown[];
  readonly type: ColumnType;
  readonly encoding?: "PLAIN";
}

function columnOf(name: string, table: Table): Column {
  const data: unknown[] = [];
  let type: ColumnType | undefined;
  let isInteger = true;
  for (let row = 0; row < table.rows.length; row++) {
    data[row] = inCell(row, name, table, (cell) => {
      const found = typeOf(cell);
      if (found !== undefined && type !== undefined && found !== type)
        throw new Refusal(typeName(cell), `${withArticle(typeName(cell))} in a column of ${type}`);
      type ??= found;
      if (typeof cell === "number") isInteger &&= Object.is(cell | 0, cell);
      return cell;
    });
  }
  if (type !== "DOUBLE") return { name, data, type: type ?? "STRING" };
  // A dictionary has one entry for 0 and -0.
  return isInteger ? { name, data, type: "INT32" } : { name, data, type, encoding: "PLAIN" };
}

/** `undefined` for `null`, which every column may have. Numbers are DOUBLE until all of them are known. */
function typeOf(cell: unknown): ColumnType | undefined {
  switch (typeof cell) {
    case "string":
      checkWellFormed(cell);
      return "STRING";
    case "boolean":
      return "BOOLEAN";
    case "number":
      return "DOUBLE";
    case "bigint":
      if (BigInt.asIntN(64, cell) === cell) return "INT64";
      throw new Refusal("bigint", "a bigint of more than 64 bits");
    case "object":
      if (cell === null) return undefined;
      if (isOf(cell, Date) && !Number.isNaN((cell as Date).getTime())) return "TIMESTAMP";
      if (isOf(cell, Uint8Array) && !types.isSharedArrayBuffer((cell as Uint8Array).buffer)) return "BYTE_ARRAY";
      break;
    default:
  }
  throw noCell(cell);
}

/** An instance of the class itself: of a subclass, a Buffer too, the class would be lost. */
function isOf(value: object, type: { readonly prototype: object }): boolean {
  return (
    Object.getPrototypeOf(value) === type.prototype &&
    Object.keys(value).length === (value instanceof Uint8Array ? value.length : 0)
  );
}

function noCell(cell: unknown): Refusal {
  const type = typeName(cell);
  if (cell === undefined)
    return new Refusal(type, "undefined would come back as null", { hint: "write null where there is nothing" });
  if (Buffer.isBuffer(cell))
    return new Refusal(type, "a Buffer would come back as a Uint8Array", { hint: "write new Uint8Array(buffer)" });
  if (cell instanceof Date)
    return new Refusal(type, "a date that is none", { hint: "write null where there is nothing" });
  return new Refusal(type, `${withArticle(type)} is nothing that a column can hold`, {
    hint: "write its parts as columns of their own, or give the target the extension .ndjson",
  });
}
