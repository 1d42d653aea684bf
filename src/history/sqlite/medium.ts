import { accessSync, constants, statSync } from "node:fs";
import { dirname } from "node:path";
import { quiet } from "../../io/disk-failure.ts";
import { createFolder } from "../../io/disk-files.ts";
import { whenNotBusy, whenNotBusyNow } from "../../io/sqlite/busy.ts";
import { guarded, isDatabaseThere } from "../../io/sqlite/database-file.ts";
import { isBusy } from "../../io/sqlite/failure.ts";
import { type Awaitable, isPromise } from "../../kernel/awaitable.ts";
import type { Compiled, Medium, Row } from "../internal/medium.ts";
import type { Batch } from "../run-store.ts";
import { BatchStatements } from "./batch-statements.ts";
import { type Connection, historySchema, openConnection } from "./connection.ts";

interface Failed {
  readonly error: unknown;
}

/** A batch that waits for the lock of another process. */
interface Waiting {
  readonly batch: Batch;
  state: "waiting" | "written" | Failed;
}

/*
 * DESIGN: one database file, opened when it is needed.
 *
 * What it does: each batch is one transaction, before `write` returns. Where another process holds the lock for longer than 50 ms,
 * the batch waits without stopping the event loop; the next one that is written takes it along.
 * What it promises: batches come into the file in the order in which they were handed over, so that of two rows of one run
 * the later one stays. Reading creates nothing. No transaction spans two turns of the event loop.
 * What the caller must do: not change a batch as long as `write` has not settled.
 */
export class SqliteMedium implements Medium {
  readonly kind = "sqlite";
  readonly location: string;
  #connection: Connection | undefined;
  #statements: BatchStatements | undefined;
  #waiting: Waiting[] = [];
  readonly #pending = new Set<Promise<unknown>>();

  constructor(path: string) {
    this.location = path;
  }

  write(batch: Batch): Awaitable<void> {
    const own: Waiting = { batch, state: "waiting" };
    this.#waiting.push(own);
    const written = guarded("write", this.location, () => whenNotBusy(this.location, () => this.#writeUntil(own)));
    if (!isPromise(written)) return;
    return this.#track(written.finally(() => (this.#waiting = this.#waiting.filter((one) => one !== own))));
  }

  writeNow(batch: Batch, patienceMs: number): void {
    const own: Waiting = { batch, state: "waiting" };
    this.#waiting.push(own);
    void guarded("write", this.location, () => whenNotBusyNow(this.location, patienceMs, () => this.#writeUntil(own)));
  }

  /** Writes what waits, up to this one. Where the file is locked, it goes on waiting. */
  #writeUntil(own: Waiting): void {
    while (own.state === "waiting") {
      const next = this.#waiting[0]!;
      try {
        this.#writeBatch(next.batch);
        next.state = "written";
      } catch (error) {
        if (isBusy(error)) throw error;
        next.state = { error };
      }
      this.#waiting.shift();
    }
    if (own.state !== "written") throw own.state.error;
  }

  #writeBatch(batch: Batch): void {
    const connection = this.#forWriting();
    const statements = (this.#statements ??= new BatchStatements(connection));
    connection.transaction(() => statements.write(batch));
  }

  read(statement: Compiled): Awaitable<readonly Row[]> {
    return guarded("read", this.location, () =>
      whenNotBusy(this.location, () => this.#forReading()?.rows(statement) ?? []),
    );
  }

  change(statements: readonly Compiled[], make: boolean): Awaitable<ReadonlyArray<readonly Row[]>> {
    return guarded("write", this.location, () =>
      whenNotBusy(this.location, () => {
        if (!make && this.#forReading() === undefined) return statements.map(() => []);
        const connection = this.#forWriting();
        return connection.transaction(() => statements.map((statement) => connection.rows(statement)));
      }),
    );
  }

  check(): Awaitable<number> {
    return guarded("write", this.location, () =>
      whenNotBusy(this.location, () => {
        if (!isDatabaseThere(this.location)) {
          accessSync(existing(dirname(this.location)), constants.W_OK);
          return 0;
        }
        this.#forWriting().transaction(() => undefined);
        return historySchema.version;
      }),
    );
  }

  close(): Awaitable<void> {
    if (this.#pending.size === 0) return this.#closeConnection();
    return Promise.allSettled(this.#pending).then(() => this.close());
  }

  #track(work: Promise<void>): Promise<void> {
    this.#pending.add(work);
    const done = (): void => void this.#pending.delete(work);
    work.then(done, done);
    return work;
  }

  #forReading(): Connection | undefined {
    if (this.#connection?.isStale()) this.#closeConnection();
    if (this.#connection === undefined && isDatabaseThere(this.location))
      this.#connection = openConnection(this.location, false);
    return this.#connection;
  }

  #forWriting(): Connection {
    if (this.#connection?.isFrozen || this.#connection?.isStale()) this.#closeConnection();
    if (this.#connection === undefined) {
      isDatabaseThere(this.location);
      createFolder(dirname(this.location), 0o700);
      this.#connection = openConnection(this.location, true);
    }
    return this.#connection;
  }

  #closeConnection(): void {
    const connection = this.#connection;
    this.#connection = this.#statements = undefined;
    connection?.close();
  }
}

/** The folder, or the first one above it that is there. */
function existing(folder: string): string {
  return statSync(folder, quiet) === undefined && folder !== dirname(folder) ? existing(dirname(folder)) : folder;
}
