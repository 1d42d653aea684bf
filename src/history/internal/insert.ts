import { type BatchTable, layouts } from "./tables.ts";

/*
 * The statements that batches are written by. They are plain texts: a process that only records need not load the query
 * builder, which takes 70 ms.
 */

/** Where a table is: `task_runs`, `"oxbow".task_runs`. */
export type Place = (table: string) => string;

/**
 * The statement that writes a row, or replaces it.
 *
 * @param source what gives the values: `VALUES (?, ?)`, `SELECT * FROM unnest(…)`
 */
export function insertStatement(table: BatchTable, place: Place, source: string): string {
  const { columns, identity, kept = [] } = layouts[table];
  const names = columns.map(([name]) => name);
  const insert = `INSERT INTO ${place(table)} (${names.join(", ")}) ${source}`;
  if (identity === undefined) return insert;
  const set = names
    .filter((name) => !identity.includes(name) && !kept.includes(name))
    .map((name) => `${name} = excluded.${name}`);
  return `${insert} ON CONFLICT (${identity.join(", ")}) DO UPDATE SET ${set.join(", ")}`;
}
