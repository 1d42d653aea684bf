import { dirname } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import type { Awaitable } from "../../kernel/awaitable.ts";
import { createFolder } from "../../io/disk-files.ts";
import { busyTimeoutMs, whenNotBusy } from "../../io/sqlite/busy.ts";
import { fileIdentity, guarded, isDatabaseThere, useLog } from "../../io/sqlite/database-file.ts";
import { loadSqlite } from "../../io/sqlite/module.ts";
import { prepareSchema } from "../../io/sqlite/schema.ts";
import { lockSchema } from "./schema.ts";
import { LockStatements } from "./statements.ts";

interface Opened {
  readonly db: DatabaseSync;
  readonly statements: LockStatements;
  readonly identity: string;
}

/*
 * DESIGN: the open file of the locks.
 *
 * What it does: opens the file when it is needed, and waits for other processes without stopping the event loop. Before
 * each use it makes sure that the file is still the one under its name: a lock in a file that was removed is seen by nobody.
 * What it promises: only {@link LockDatabase.made} creates anything. No transaction spans two turns of the event loop.
 * What the caller must do: pass synchronous work that can be repeated.
 */
export class LockDatabase {
  readonly #path: string;
  #opened: Opened | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** Uses the file where there is one; `work` gets `undefined` where not. */
  existing<T>(action: "read" | "write", work: (statements: LockStatements | undefined) => T): Awaitable<T> {
    return guarded(action, this.#path, () => whenNotBusy(this.#path, () => work(this.#find()?.statements)));
  }

  /** Uses the file, and makes it where it is missing. */
  made<T>(work: (statements: LockStatements) => T): Awaitable<T> {
    return guarded("write", this.#path, () => whenNotBusy(this.#path, () => work(this.#make().statements)));
  }

  #find(): Opened | undefined {
    if (this.#opened !== undefined && fileIdentity(this.#path) !== this.#opened.identity) this.close();
    if (this.#opened === undefined && isDatabaseThere(this.#path)) this.#opened = open(this.#path);
    return this.#opened;
  }

  #make(): Opened {
    const found = this.#find();
    if (found !== undefined) return found;
    createFolder(dirname(this.#path));
    return (this.#opened = open(this.#path));
  }

  close(): void {
    const opened = this.#opened;
    this.#opened = undefined;
    opened?.db.close();
  }
}

function open(path: string): Opened {
  const { DatabaseSync } = loadSqlite();
  const db = new DatabaseSync(path);
  try {
    // A commit does not wait for the disk: after a power loss no holder lives, and a grant that is not there any more is
    // what it should be. Only before the log is folded into the file (every 4 MiB) is the disk waited for, so that the
    // file survives. With OFF it might not, and nobody could lock anything until somebody removes it.
    db.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}; PRAGMA synchronous = NORMAL`);
    // Before anything is changed: it may be the database of another program.
    prepareSchema(db, path, lockSchema, false);
    useLog(db, path, "keep the locks on a local disk, or use fileLocks(folder)");
    return { db, statements: new LockStatements(db), identity: fileIdentity(path) };
  } catch (error) {
    db.close();
    throw error;
  }
}
