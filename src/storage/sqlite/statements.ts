import type { DatabaseSync } from "node:sqlite";
import { rows } from "../../io/sqlite/rows.ts";
import { fenceHolds } from "../internal/fencing.ts";
import { type ColumnValue, metadataColumns } from "../internal/record-columns.ts";

/** The statements on one of the two tables that have a key, a file and a payload. */
export interface TableStatements {
  /** Whether the key was free. */
  insert(row: readonly ColumnValue[]): boolean;
  /** Writes where no file would lose its row: `false` where there is one, or {@link upsert} would refuse. */
  upsertInline(row: readonly ColumnValue[]): boolean;
  /** `false` where the row that is there has a higher fencing token. */
  upsert(row: readonly ColumnValue[]): boolean;
  /** The columns after the key. */
  find(key: Uint8Array): readonly unknown[] | undefined;
  /** `undefined` where there is no row, `null` where the payload is in it. */
  fileOf(key: Uint8Array): string | null | undefined;
  /** Whether there was a row. */
  remove(key: Uint8Array): boolean;
}

/** All statements of a connection, prepared once. */
export interface Statements {
  readonly records: TableStatements;
  readonly values: TableStatements;
  /** The metadata columns after the key. */
  readonly head: (key: Uint8Array) => readonly unknown[] | undefined;
  /** Removes one writing of a record. @returns its file, `null` where the payload was in the row, `undefined` where it is not there */
  readonly removeWriting: (
    key: Uint8Array,
    createdAt: number,
    sha256: string,
    taskRunId: ColumnValue,
  ) => string | null | undefined;
  /** `key, size` of the values in a range of names. */
  readonly valuePage: (from: Uint8Array, to: Uint8Array, limit: number) => ReadonlyArray<readonly unknown[]>;
  /** The metadata columns, key included, of the records in a range of keys. */
  readonly page: (from: Uint8Array, to: Uint8Array, limit: number) => ReadonlyArray<readonly unknown[]>;
  /** `created_at, components` of the newest records of a task. */
  readonly recent: (taskName: ColumnValue, before: number, limit: number) => ReadonlyArray<readonly unknown[]>;
  readonly intents: IntentStatements;
  readonly dataVersion: () => number;
}

/** The statements on the journal of value files: see value-files.ts. */
export interface IntentStatements {
  add(file: string, host: string, pid: number, since: number): void;
  /** Whether it was there. */
  remove(file: string): boolean;
  /** `file, host, pid, since` of each. */
  all(): ReadonlyArray<readonly unknown[]>;
}

/** Removes one writing of a record: key, time, checksum and task run as they are stored. Gives its file. */
export const removeWritingSql =
  "DELETE FROM records WHERE key = ? AND created_at = ? AND sha256 = ? AND task_run_id = ? RETURNING file";
/** Notes an intent: file, host, process id and time. */
export const addIntentSql = "INSERT INTO file_intents (file, host, pid, since) VALUES (?, ?, ?, ?)";

/** Prepares everything that {@link Statements} has. */
export function prepareStatements(db: DatabaseSync): Statements {
  const columns = readable(db);
  const head = rows(db, `SELECT ${columns.slice(1).join(", ")} FROM records WHERE key = ?`);
  const page = rows(db, `SELECT ${columns.join(", ")} FROM records WHERE key >= ? AND key < ? ORDER BY key LIMIT ?`);
  // An index by task would make every write a fifth dearer. Rows are in the order of their first writing, and the
  // newest few hundred nearly always hold what is looked for.
  const recent = rows(
    db,
    `SELECT created_at, components FROM (SELECT task_name, created_at, components FROM records ORDER BY id DESC LIMIT 256)
     WHERE task_name = ? AND created_at < ? LIMIT ?`,
  );
  const valuePage = rows(db, "SELECT key, size FROM plain_values WHERE key >= ? AND key < ? ORDER BY key LIMIT ?");
  const removeWriting = lazily(() => rows(db, removeWritingSql));
  const dataVersion = rows(db, "PRAGMA data_version");
  return {
    records: prepareTable(db, "records", metadataColumns, columns, fenceHolds("records")),
    values: prepareTable(db, "plain_values", ["key", "size"], ["key", "size"], "TRUE"),
    head: (key) => head.get(key),
    removeWriting: (...writing) => removeWriting().get(...writing)?.[0] as string | null | undefined,
    valuePage: (from, to, limit) => valuePage.all(from, to, limit),
    page: (from, to, limit) => page.all(from, to, limit),
    recent: (taskName, before, limit) => recent.all(taskName, before, limit),
    intents: prepareIntents(db),
    dataVersion: () => Number(dataVersion.get()?.[0]),
  };
}

/** How the metadata columns are read: a database that cannot be changed may be of an older schema, without some. */
function readable(db: DatabaseSync): string[] {
  const there = rows(db, "SELECT name FROM pragma_table_info('records')").all();
  return metadataColumns.map((column) => (there.some(([name]) => name === column) ? column : `NULL AS ${column}`));
}

/**
 * @param known the columns before `file` and `payload`, the key first
 * @param readable how these are read
 * @param mayReplace what has to hold where a row is replaced, in SQL
 */
function prepareTable(
  db: DatabaseSync,
  table: string,
  known: readonly string[],
  readable: readonly string[],
  mayReplace: string,
): TableStatements {
  const columns = [...known, "file", "payload"];
  const others = columns.slice(1);
  const into = `INSERT INTO ${table} (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")}) ON CONFLICT (key) DO`;
  const set = others.map((column) => `${column} = excluded.${column}`).join(", ");
  // When they are needed: where nothing can be written, some of the columns may be missing.
  const insert = lazily(() => db.prepare(`${into} NOTHING`));
  const upsert = lazily(() => db.prepare(`${into} UPDATE SET ${set} WHERE ${mayReplace}`));
  const upsertInline = lazily(() =>
    db.prepare(`${into} UPDATE SET ${set} WHERE ${table}.file IS NULL AND ${mayReplace}`),
  );
  const remove = db.prepare(`DELETE FROM ${table} WHERE key = ?`);
  const find = rows(db, `SELECT ${readable.slice(1).join(", ")}, file, payload FROM ${table} WHERE key = ?`);
  const fileOf = rows(db, `SELECT file FROM ${table} WHERE key = ?`);
  return {
    insert: (row) => insert().run(...row).changes === 1,
    upsertInline: (row) => upsertInline().run(...row).changes === 1,
    upsert: (row) => upsert().run(...row).changes === 1,
    find: (key) => find.get(key),
    fileOf: (key) => fileOf.get(key)?.[0] as string | null | undefined,
    remove: (key) => remove.run(key).changes === 1,
  };
}

function lazily<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}

function prepareIntents(db: DatabaseSync): IntentStatements {
  const add = db.prepare(addIntentSql);
  const remove = db.prepare("DELETE FROM file_intents WHERE file = ?");
  const all = rows(db, "SELECT file, host, pid, since FROM file_intents");
  return {
    add: (file, host, pid, since) => void add.run(file, host, pid, since),
    remove: (file) => remove.run(file).changes === 1,
    all: () => all.all(),
  };
}
