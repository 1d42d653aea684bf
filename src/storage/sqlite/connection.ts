import { existsSync, statSync } from "node:fs";
import { pathToFileURL } from "node:url";
import type { DatabaseSync } from "node:sqlite";
import { StorageError } from "../../kernel/errors.ts";
import { quiet } from "../../io/disk-failure.ts";
import { busyTimeoutMs } from "../../io/sqlite/busy.ts";
import { fileIdentity, useLog } from "../../io/sqlite/database-file.ts";
import { isUnwritable } from "../../io/sqlite/failure.ts";
import { loadSqlite } from "../../io/sqlite/module.ts";
import { prepareSchema } from "../../io/sqlite/schema.ts";
import { recordSchema } from "./schema.ts";
import { prepareStatements, type Statements } from "./statements.ts";

// A checkpoint rewrites the pages of random keys all over the file: ten times SQLite's own interval makes a write
// a third cheaper (42 to 31 µs). The log then holds 40 MiB; what a burst has made longer is cut off again.
const checkpointPages = 10_000;
// Of 200 pages it takes 2 to 7 ms, of 10,000 it takes 40 to 80.
const gentleCheckpointPages = 200;
const keptLogBytes = 64 * 1024 * 1024;
const longestLogBytes = 160 * 1024 * 1024;

const cacheKib = 32 * 1024;
/** How long a database that was removed or replaced under us may stay unnoticed. */
const lookAgainMs = 1000;

let connections = 0;

/** An open database file, with its statements. */
export class Connection {
  readonly statements: Statements;
  /** Opened as a file that nobody can change, because the folder cannot be written. */
  readonly isFrozen: boolean;
  readonly #db: DatabaseSync;
  readonly #path: string;
  readonly #identity: string;
  readonly #number: number = (connections += 1);
  #writes = 0;
  #dataVersion: unknown;
  #lookedAt: number = performance.now();
  #inTransaction = false;

  constructor(db: DatabaseSync, path: string, isFrozen: boolean) {
    this.#db = db;
    this.#path = path;
    this.isFrozen = isFrozen;
    this.statements = prepareStatements(db);
    this.#identity = this.#identify();
  }

  /** All or nothing. Within another transaction it is a part of that one. */
  transaction<T>(work: () => T): T {
    if (this.#inTransaction) return work();
    this.#db.exec("BEGIN IMMEDIATE");
    this.#inTransaction = true;
    try {
      const result = work();
      this.#db.exec("COMMIT");
      return result;
    } catch (error) {
      this.#rollBack();
      throw error;
    } finally {
      this.#inTransaction = false;
    }
  }

  /** A transaction that is one of very many, made while something else goes on: none of their checkpoints takes long. */
  gently<T>(work: () => T): T {
    this.#db.exec(`PRAGMA wal_autocheckpoint = ${gentleCheckpointPages}`);
    try {
      return this.transaction(work);
    } finally {
      this.#db.exec(`PRAGMA wal_autocheckpoint = ${checkpointPages}`);
    }
  }

  #rollBack(): void {
    try {
      this.#db.exec("ROLLBACK");
    } catch {
      // SQLite has done it already: a full disk ends the transaction too.
    }
  }

  /** Changes with every write: `data_version` shows those of other connections, and only those. */
  version(): string {
    this.#dataVersion = this.statements.dataVersion();
    return this.knownVersion();
  }

  /** The version as far as it is known: an earlier one, at worst. Costs nothing. */
  knownVersion(): string {
    this.#dataVersion ??= this.statements.dataVersion();
    return `${this.#number} ${this.#dataVersion} ${this.#writes}`;
  }

  /** To be called after each write. */
  written(): void {
    this.#writes += 1;
    if (this.#writes % 256 === 0) this.#boundLog();
  }

  /** An ordinary checkpoint starts the log over only in a moment without readers; with many there may be none. */
  #boundLog(): void {
    try {
      const log = statSync(`${this.#path}-wal`, quiet);
      if (log !== undefined && log.size > longestLogBytes) this.#db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    } catch {
      // The write itself is done, and must not be taken for one that has failed. Another one will come by.
    }
  }

  /** Whether the file was removed or replaced: what is written here would be seen by nobody. */
  isStale(): boolean {
    if (!this.isFrozen) {
      const now = performance.now();
      if (now - this.#lookedAt < lookAgainMs) return false;
      this.#lookedAt = now;
    }
    return this.#identify() !== this.#identity;
  }

  #identify(): string {
    if (!this.isFrozen) return fileIdentity(this.#path);
    const stats = statSync(this.#path, quiet);
    if (stats === undefined) return "none";
    return `${stats.ino} ${stats.size} ${stats.mtimeMs} ${existsSync(`${this.#path}-wal`)}`;
  }

  close(): void {
    this.#db.close();
  }
}

/**
 * Opens a database file, and makes it where it is missing.
 *
 * @param forWriting fails where the file cannot be written; otherwise it is then opened for reading alone
 */
export function openConnection(path: string, durability: "process" | "power", forWriting: boolean): Connection {
  const { DatabaseSync } = loadSqlite();
  try {
    return prepared(new DatabaseSync(path), path, durability);
  } catch (error) {
    // A log that is there may hold more than the file: without it, reading would give what was.
    if (forWriting || !isUnwritable(error) || existsSync(`${path}-wal`)) throw error;
    return frozen(() => new DatabaseSync(`${pathToFileURL(path).href}?immutable=1`, { readOnly: true }), path, error);
  }
}

function prepared(db: DatabaseSync, path: string, durability: "process" | "power"): Connection {
  try {
    db.exec(
      `PRAGMA busy_timeout = ${busyTimeoutMs}; PRAGMA synchronous = ${durability === "power" ? "FULL" : "NORMAL"}`,
    );
    // Before anything is changed: it may be the database of another program.
    prepareSchema(db, path, recordSchema, false);
    useLog(db, path, "keep the records on a local disk, or use fileStorage(folder)");
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
    prepareSchema(db, path, recordSchema, true);
    return new Connection(db, path, true);
  } catch (error) {
    db?.close();
    throw error instanceof StorageError ? error : first;
  }
}
