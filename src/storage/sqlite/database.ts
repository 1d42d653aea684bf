import { dirname } from "node:path";
import type { Awaitable } from "../../kernel/awaitable.ts";
import { createFolder, flushFolderSync } from "../../io/disk-files.ts";
import { whenNotBusy } from "../../io/sqlite/busy.ts";
import { guarded, isDatabaseThere } from "../../io/sqlite/database-file.ts";
import { type Connection, openConnection } from "./connection.ts";
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
    return guarded("read", this.path, () => whenNotBusy(this.path, () => work(this.#forReading())));
  }

  /** Work of one statement, or in {@link Connection.transaction}. It has been committed when this returns. */
  write<T>(work: (connection: Connection) => T): Awaitable<T> {
    if (!this.isDeferred) return guarded("write", this.path, () => this.#writeNow(work));
    return guarded("write", this.path, () => this.track(this.#group.add(work)));
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
    if (this.#connection === undefined && isDatabaseThere(this.path))
      this.#connection = openConnection(this.path, this.#durability, false);
    return this.#connection;
  }

  #forWriting(): Connection {
    if (this.#connection?.isFrozen || this.#connection?.isStale()) this.#closeConnection();
    if (this.#connection === undefined) {
      isDatabaseThere(this.path);
      const parents = createFolder(dirname(this.path));
      if (this.isDeferred) parents.forEach(flushFolderSync);
      this.#connection = openConnection(this.path, this.#durability, true);
    }
    if (!this.#hasWritten) this.#onFirstWrite(this.#connection);
    this.#hasWritten = true;
    return this.#connection;
  }
}

let unknowns = 0;
