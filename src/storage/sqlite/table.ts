import { type Awaitable, andThen } from "../../kernel/awaitable.ts";
import { isByteSource } from "../../kernel/byte-source.ts";
import { joined, syncLimit } from "../../io/disk-files.ts";
import type { ColumnValue } from "../internal/record-columns.ts";
import { fencedOff } from "../internal/fencing.ts";
import { wholeSource } from "../internal/payload-source.ts";
import { sizeOf } from "../internal/record-checks.ts";
import type { Payload } from "../storage.ts";
import type { Connection } from "./connection.ts";
import type { Database } from "./database.ts";
import type { Statements, TableStatements } from "./statements.ts";
import type { ValueFiles } from "./value-files.ts";

interface Outcome {
  readonly written: boolean;
  /** The file that has lost its row. */
  readonly orphan?: string | undefined;
}

const nothingLost: Outcome = { written: true };

/*
 * DESIGN: how rows with payloads are written and removed; records and plain values differ in their columns alone.
 *
 * What it does: a payload of up to 64 KiB is part of the row, and writing it is one statement. A larger one is a
 * file (value-files.ts), written first and published with its row.
 * What it promises: one transaction per call, whatever it replaces. A record with a lower fencing token than that of
 * the one in its place ends that transaction with a LockError; the comparison is part of the statement that writes.
 * What the caller must do: pass the columns in the order of the table, the key first.
 */
export class Table {
  readonly #database: Database;
  readonly #files: ValueFiles;
  readonly #of: (statements: Statements) => TableStatements;

  constructor(database: Database, files: ValueFiles, of: (statements: Statements) => TableStatements) {
    this.#database = database;
    this.#files = files;
    this.#of = of;
  }

  put(columns: readonly ColumnValue[], payload: Payload, ifAbsent: boolean): Awaitable<boolean> {
    if (sizeOf(payload) > syncLimit) return this.#database.track(this.#putLarge(columns, payload, ifAbsent));
    if (isByteSource(payload)) {
      const whole = wholeSource(payload, this.#database.path);
      return this.#database.track(whole.then((bytes) => this.put(columns, [bytes], ifAbsent)));
    }
    const row = this.#inlineRow(columns, payload);
    return andThen(
      this.#database.write((connection) => this.#publish(connection, row, ifAbsent)),
      (outcome) => this.#settle(outcome),
    );
  }

  async putAll(records: ReadonlyArray<readonly [columns: readonly ColumnValue[], payload: Payload]>): Promise<void> {
    const rows: ColumnValue[][] = [];
    const files: string[] = [];
    try {
      for (const [columns, payload] of records) {
        if (sizeOf(payload) <= syncLimit) {
          const bytes = isByteSource(payload) ? [await wholeSource(payload, this.#database.path)] : payload;
          rows.push(this.#inlineRow(columns, bytes));
        } else {
          files.push(await this.#files.write(this.#database, payload));
          rows.push([...columns, files.at(-1)!, null]);
        }
      }
      const outcomes = await this.#database.write((connection) =>
        connection.transaction(() => rows.map((row) => this.#publish(connection, row, false))),
      );
      for (const outcome of outcomes) await this.#settle(outcome);
    } catch (error) {
      for (const file of files) await this.#files.discard(this.#database, file);
      throw error;
    }
  }

  delete(key: Uint8Array): Awaitable<boolean> {
    return andThen(
      this.#database.read((connection) => connection && this.#of(connection.statements).fileOf(key)),
      (file) => {
        if (file === undefined) return false;
        return andThen(
          this.#database.write((connection) => this.#remove(connection, key)),
          (outcome) => this.#settle(outcome),
        );
      },
    );
  }

  #inlineRow(columns: readonly ColumnValue[], payload: readonly Uint8Array[]): ColumnValue[] {
    const bytes = joined(payload);
    return [...columns, null, this.#database.isDeferred ? new Uint8Array(bytes) : bytes];
  }

  async #putLarge(columns: readonly ColumnValue[], payload: Payload, ifAbsent: boolean): Promise<boolean> {
    if (ifAbsent && (await this.#has(columns[0] as Uint8Array))) return false;
    const file = await this.#files.write(this.#database, payload);
    try {
      const outcome = await this.#database.write((connection) =>
        this.#publish(connection, [...columns, file, null], ifAbsent),
      );
      if (!outcome.written) await this.#files.discard(this.#database, file);
      return await this.#settle(outcome);
    } catch (error) {
      await this.#files.discard(this.#database, file);
      throw error;
    }
  }

  #has(key: Uint8Array): Awaitable<boolean> {
    return this.#database.read(
      (connection) => connection !== undefined && this.#of(connection.statements).fileOf(key) !== undefined,
    );
  }

  #publish(connection: Connection, row: readonly ColumnValue[], ifAbsent: boolean): Outcome {
    const table = this.#of(connection.statements);
    const file = row.at(-2);
    if (typeof file === "string") return connection.transaction(() => this.#replace(connection, row, ifAbsent, file));
    if (ifAbsent) return { written: table.insert(row) };
    if (table.upsertInline(row)) return nothingLost;
    return connection.transaction(() => this.#replace(connection, row, false, undefined));
  }

  #replace(connection: Connection, row: readonly ColumnValue[], ifAbsent: boolean, file: string | undefined): Outcome {
    const table = this.#of(connection.statements);
    const key = row[0] as Uint8Array;
    const orphan = ifAbsent ? undefined : (table.fileOf(key) ?? undefined);
    if (ifAbsent && !table.insert(row)) return { written: false };
    if (!ifAbsent && !table.upsert(row)) throw fencedOff(Buffer.from(key).toString(), this.#database.path);
    if (file !== undefined) this.#files.adopt(connection, file);
    if (orphan !== undefined) this.#files.renounce(connection, orphan);
    return { written: true, orphan };
  }

  #remove(connection: Connection, key: Uint8Array): Outcome {
    return connection.transaction(() => {
      const table = this.#of(connection.statements);
      const orphan = table.fileOf(key) ?? undefined;
      const written = table.remove(key);
      if (orphan !== undefined) this.#files.renounce(connection, orphan);
      return { written, orphan };
    });
  }

  /** After the commit. */
  #settle({ written, orphan }: Outcome): Awaitable<boolean> {
    if (orphan === undefined) return written;
    return this.#database.track(this.#files.discard(this.#database, orphan).then(() => written));
  }
}
