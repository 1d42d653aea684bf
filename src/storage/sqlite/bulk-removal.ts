import { andThen, type Awaitable } from "../../kernel/awaitable.ts";
import type { ColumnValue } from "../internal/record-columns.ts";
import type { RecordIdentity } from "../storage.ts";
import type { Connection } from "./connection.ts";
import type { Database } from "./database.ts";
import { type RemovedFiles, RemovalThread, type Writing } from "./removal-thread.ts";
import type { ValueFiles } from "./value-files.ts";

/*
 * DESIGN: how several records are removed in one transaction, each only as long as it is the writing that was meant.
 *
 * What it does: a few are removed at once. Of very many, one call after the other, the rest is left to a thread (removal-thread.ts).
 * The files of large ones go after the commit, as value-files.ts has it.
 * What it promises: a transaction per call. Where there is no database, none is made.
 */
export class BulkRemoval {
  readonly #database: Database;
  readonly #files: ValueFiles;
  readonly #thread: RemovalThread;
  readonly #text: (value: string) => ColumnValue;

  /** @param text how a text is stored */
  constructor(
    database: Database,
    files: ValueFiles,
    durability: "process" | "power",
    text: (value: string) => ColumnValue,
  ) {
    this.#database = database;
    this.#files = files;
    this.#thread = new RemovalThread(database.path, durability);
    this.#text = text;
  }

  /** @returns the keys of those that were removed */
  remove(records: readonly RecordIdentity[]): Awaitable<readonly string[]> {
    const writings = records.map(({ key, createdAt, sha256, taskRunId }): Writing => {
      return [Buffer.from(key), createdAt, sha256, this.#text(taskRunId)];
    });
    const isThere = this.#database.read((connection) => connection !== undefined);
    return andThen(isThere, (there) =>
      there ? andThen(this.#removeThem(writings), (files) => this.#settle(records, files)) : [],
    );
  }

  close(): Awaitable<void> {
    return this.#thread.close();
  }

  #removeThem(writings: readonly Writing[]): Awaitable<RemovedFiles> {
    const here = (): Awaitable<RemovedFiles> =>
      this.#database.write((connection) => connection.gently(() => this.#removeHere(connection, writings)));
    if (!this.#thread.isWanted(writings.length)) return here();
    return this.#database.track(this.#thread.remove(writings).then((files) => files ?? here()));
  }

  #removeHere(connection: Connection, writings: readonly Writing[]): RemovedFiles {
    return writings.map((writing) => {
      const file = connection.statements.removeWriting(...writing);
      if (typeof file === "string") this.#files.renounce(connection, file);
      return file;
    });
  }

  /** After the commit. */
  #settle(records: readonly RecordIdentity[], files: RemovedFiles): Awaitable<readonly string[]> {
    const keys = records.flatMap(({ key }, i) => (files[i] === undefined ? [] : [key]));
    const orphans = files.filter((file) => typeof file === "string");
    if (orphans.length === 0) return keys;
    const discarded = Promise.all(orphans.map((file) => this.#files.discard(this.#database, file)));
    return this.#database.track(discarded.then(() => keys));
  }
}
