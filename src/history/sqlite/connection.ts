import { closeSync, existsSync, openSync } from "node:fs";
import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { codeOf } from "../../io/disk-failure.ts";
import { fromText } from "../../io/postgres/values.ts";
import { busyTimeoutMs } from "../../io/sqlite/busy.ts";
import { fileIdentity, useLog } from "../../io/sqlite/database-file.ts";
import { isUnwritable } from "../../io/sqlite/failure.ts";
import { loadSqlite } from "../../io/sqlite/module.ts";
import { prepareSchema, type Schema } from "../../io/sqlite/schema.ts";
import { StorageError } from "../../kernel/errors.ts";
import type { Compiled, Row } from "../internal/medium.ts";
import { firstTables, sqliteWords } from "../internal/schema.ts";
import { allOrNothing } from "../../io/sqlite/transaction.ts";

/** The application id is "Oxbh". */
export const historySchema: Schema = {
  applicationId: 0x4f_78_62_68,
  version: 1,
  tables: firstTables(sqliteWords),
  steps: new Map(),
};

// What is written lies side by side, so a longer log would hardly hold a page more often; and folding it into the file, with the
// waits for the disk, stops the event loop.
const checkpointPages = 1000;
const keptLogBytes = 16 * 1024 * 1024;
const cacheKib = 16 * 1024;
/** How long a database that was removed or replaced under us may stay unnoticed. */
const lookAgainMs = 1000;
const rememberedStatements = 100;

/** An open database file, with the statements that were asked for. */
export class Connection {
  /** Opened as a file that nobody can change, because the folder cannot be written. */
  readonly isFrozen: boolean;
  readonly #db: DatabaseSync;
  readonly #path: string;
  readonly #identity: string;
  readonly #statements = new Map<string, StatementSync>();
  #lookedAt: number = performance.now();

  constructor(db: DatabaseSync, path: string, isFrozen: boolean) {
    this.#db = db;
    this.#path = path;
    this.isFrozen = isFrozen;
    this.#identity = fileIdentity(path);
  }

  /** A statement, prepared once; for those that are said again and again. */
  prepare(sql: string): StatementSync {
    return this.#db.prepare(sql);
  }

  /** The rows of a statement. */
  rows({ sql, parameters }: Compiled): readonly Row[] {
    return this.#statement(sql)
      .all(...(parameters as SQLInputValue[]))
      .map(restored);
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    this.#statements.delete(sql);
    statement ??= this.#db.prepare(sql);
    this.#statements.set(sql, statement);
    if (this.#statements.size > rememberedStatements) this.#statements.delete(this.#statements.keys().next().value!);
    return statement;
  }

  /** All or nothing. */
  transaction<T>(work: () => T): T {
    return allOrNothing(this.#db, work);
  }

  /** Whether the file was removed or replaced: what is written here would be seen by nobody. */
  isStale(): boolean {
    const now = performance.now();
    if (!this.isFrozen && now - this.#lookedAt < lookAgainMs) return false;
    this.#lookedAt = now;
    return fileIdentity(this.#path) !== this.#identity;
  }

  close(): void {
    this.#db.close();
  }
}

function restored(row: Record<string, unknown>): Row {
  for (const name in row) {
    const value = row[name];
    if (typeof value === "string" && value.startsWith("\u0001")) row[name] = fromText(value);
  }
  return row;
}

/**
 * Opens a database file, and makes it where it is missing.
 *
 * @param forWriting fails where the file cannot be written; otherwise it is then opened for reading alone
 */
export function openConnection(path: string, forWriting: boolean): Connection {
  const { DatabaseSync } = loadSqlite();
  if (forWriting) makeFile(path);
  try {
    return prepared(new DatabaseSync(path), path);
  } catch (error) {
    // A log that is there may hold more than the file: without it, reading would give what was.
    if (forWriting || !isUnwritable(error) || existsSync(`${path}-wal`)) throw error;
    return frozen(() => new DatabaseSync(`${pathToFileURL(path).href}?immutable=1`, { readOnly: true }), path, error);
  }
}

/**
 * Parameters of runs are nobody else's business; the files beside it get the rights of this one. A file that is there is not
 * opened: closing it would end the locks that another connection of this process has on it.
 */
function makeFile(path: string): void {
  try {
    closeSync(openSync(path, "wx", 0o600));
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
  }
}

function prepared(db: DatabaseSync, path: string): Connection {
  try {
    db.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}; PRAGMA synchronous = NORMAL`);
    // Before anything is changed: it may be the database of another program.
    prepareSchema(db, path, historySchema, false);
    useLog(db, path, "keep the history on a local disk, or in PostgreSQL");
    db.exec(
      `PRAGMA wal_autocheckpoint = ${checkpointPages}; PRAGMA journal_size_limit = ${keptLogBytes}; PRAGMA cache_size = -${cacheKib}`,
    );
    return new Connection(db, path, false);
  } catch (error) {
    db.close();
    throw error;
  }
}

function frozen(open: () => DatabaseSync, path: string, first: unknown): Connection {
  let db: DatabaseSync | undefined;
  try {
    db = open();
    prepareSchema(db, path, historySchema, true);
    return new Connection(db, path, true);
  } catch (error) {
    db?.close();
    throw error instanceof StorageError ? error : first;
  }
}
