import { statSync } from "node:fs";
import { dirname } from "node:path";
import { type Awaitable, isPromise } from "../../kernel/awaitable.ts";
import { StorageError } from "../../kernel/errors.ts";
import { checkFolder, quiet } from "../internal/disk-failure.ts";
import { createFolder, flushFolderSync } from "../internal/disk-files.ts";
import { whenNotBusy } from "./busy.ts";
import { type Connection, openConnection } from "./connection.ts";
import { sqliteFailure } from "./failure.ts";
import { GroupCommit } from "./group-commit.ts";

/*
 * DESIGN: one database file, opened when it is needed.
 *
 * What it does: reads and writes go through {@link Database.read} and {@link Database.write}. They open the file,
 * wait for locks without stopping the event loop, notice that the file was removed or replaced, and turn errors
 * into ones that name the file.
 * What it promises: reading creates nothing. A transaction never spans two turns of the event loop, so two storages
 * in one process cannot block each other.
 * What the caller must do: pass synchronous work that can be repeated.
 */
export class Database {
  readonly path: string;
  /** Whether writes happen later than the call, in groups; what they use must not change meanwhile. */
  readonly isDeferred: boolean;
  readonly #durability: "process" | "power";
  readonly #onFirstWrite: (connection: Connection) => void;
  readonly #group: GroupCommit<Connection>;
  readonly #pending = new Set<Promise<unknown>>();
  #connection: Connection | undefined;
  #hasWritten = false;

  constructor(path: string, durability: "process" | "power", onFirstWrite: (connection: Connection) => void) {
    this.path = path;
    this.#durability = durability;
    this.isDeferred = durability === "power";
    this.#onFirstWrite = onFirstWrite;
    this.#group = new GroupCommit((work) =>
      this.#writeNow((connection) => connection.transaction(() => work(connection))),
    );
  }

  /** @param work gets `undefined` where there is no database yet */
  read<T>(work: (connection: Connection | undefined) => T): Awaitable<T> {
    return this.#guarded("read", () => whenNotBusy(this.path, () => work(this.#forReading())));
  }

  /** Work of one statement, or in {@link Connection.transaction}. It has been committed when this returns. */
  write<T>(work: (connection: Connection) => T): Awaitable<T> {
    if (!this.isDeferred) return this.#guarded("write", () => this.#writeNow(work));
    return this.#guarded("write", () => this.track(this.#group.add(work)));
  }

  #writeNow<T>(work: (connection: Connection) => T): Awaitable<T> {
    return whenNotBusy(this.path, () => {
      const connection = this.#forWriting();
      const result = work(connection);
      connection.written();
      return result;
    });
  }

  /** Something that changes with every write of any process; a new one each time where it cannot be known. */
  version(): string {
    try {
      return this.#forReading()?.version() ?? "absent";
    } catch {
      return `unknown ${(unknowns += 1)}`;
    }
  }

  /** Makes `close` wait for work that goes on. */
  track<T>(work: Promise<T>): Promise<T> {
    this.#pending.add(work);
    const done = (): void => void this.#pending.delete(work);
    work.then(done, done);
    return work;
  }

  close(): Awaitable<void> {
    if (this.#pending.size === 0) return this.#closeConnection();
    return Promise.allSettled(this.#pending).then(() => this.close());
  }

  #closeConnection(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    connection?.close();
  }

  #forReading(): Connection | undefined {
    if (this.#connection?.isStale()) this.#closeConnection();
    if (this.#connection === undefined && this.#isThere())
      this.#connection = openConnection(this.path, this.#durability, false);
    return this.#connection;
  }

  #forWriting(): Connection {
    if (this.#connection?.isFrozen || this.#connection?.isStale()) this.#closeConnection();
    if (this.#connection === undefined) {
      this.#isThere();
      const parents = createFolder(dirname(this.path));
      if (this.isDeferred) parents.forEach(flushFolderSync);
      this.#connection = openConnection(this.path, this.#durability, true);
    }
    if (!this.#hasWritten) this.#onFirstWrite(this.#connection);
    this.#hasWritten = true;
    return this.#connection;
  }

  #isThere(): boolean {
    const stats = statSync(this.path, quiet);
    if (stats === undefined) checkFolder(dirname(this.path));
    else if (!stats.isFile())
      throw new StorageError(`Cannot use ${this.path}: it is not a file`, { hint: "move it away" });
    return stats !== undefined && stats.size > 0;
  }

  #guarded<T>(action: string, work: () => Awaitable<T>): Awaitable<T> {
    try {
      const result = work();
      return isPromise(result)
        ? result.catch((error: unknown) => Promise.reject(sqliteFailure(action, this.path, error)))
        : result;
    } catch (error) {
      throw sqliteFailure(action, this.path, error);
    }
  }
}

let unknowns = 0;
