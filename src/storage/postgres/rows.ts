import { StorageError } from "../../kernel/errors.ts";
import { sizeOf } from "../internal/record-checks.ts";
import { keyColumns } from "./keys.ts";

/** PostgreSQL has room for 1 GiB in a value, with all that it is sent with. */
const longestPayload = 1_000_000_000;

/** What the server says of a division by zero: how a statement undoes itself. */
export const divisionByZero = "22012";

/** What one row of a table is to hold. */
export interface Row {
  readonly key: string;
  /** In the order of the columns. */
  readonly values: readonly unknown[];
  /** The set that holds the payload, where the row does not. */
  readonly set?: string | undefined;
  /** How much it is to send. */
  readonly bytes: number;
}

/**
 * The row of a key, with the bytes of its payload as they are now.
 *
 * @param between what the columns between key and payload hold
 * @throws {StorageError} where PostgreSQL has no room for the payload
 */
export function rowOf(key: string, between: readonly unknown[], payload: readonly Uint8Array[]): Row {
  const bytes = sizeOf(payload);
  if (bytes > longestPayload) throw tooLong(key, bytes);
  const { head, digest, tail } = keyColumns(key);
  return { key, values: [head, digest, tail, ...between, Buffer.concat(payload)], bytes };
}

function tooLong(key: string, bytes: number): StorageError {
  return new StorageError(
    `The value for the key ${JSON.stringify(key)} has ${bytes} bytes, PostgreSQL has room for ${longestPayload}`,
    { hint: "hand it over as a stream: streams may be longer" },
  );
}

/**
 * The statement that writes rows, without its end.
 *
 * @param columns all columns of the table, beginning with those of the key
 * @param conflict what follows `ON CONFLICT (…) DO`
 */
export function insertOf(table: string, columns: readonly string[], count: number, conflict: string): string {
  const rows = Array.from({ length: count }, (_, row) => {
    const places = columns.map((_column, column) => `$${row * columns.length + column + 1}`);
    return `(${places.join(", ")})`;
  });
  return `INSERT INTO ${table} AS there (${columns.join(", ")}) VALUES ${rows.join(", ")} ON CONFLICT (key_head, key_digest) DO ${conflict}`;
}

/** What is to happen to a row that is there. @param condition in SQL, where it may be refused */
export function replacing(columns: readonly string[], condition: string | undefined): string {
  const set = columns.slice(3).map((column) => `${column} = excluded.${column}`);
  return `UPDATE SET ${set.join(", ")}${condition === undefined ? "" : ` WHERE ${condition}`}`;
}
