import type { Awaitable } from "../../kernel/awaitable.ts";
import type { Batch } from "../run-store.ts";

/** A statement with its values, as Kysely compiles one. */
export interface Compiled {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

/** A row by the names of its columns. */
export type Row = Readonly<Record<string, unknown>>;

/** What one database does for the history: everything else is the same for all. */
export interface Medium {
  readonly kind: "sqlite" | "postgres";
  /** For people, without credentials. */
  readonly location: string;
  /** The schema that the tables are in, where there is one. */
  readonly schema?: string | undefined;
  /** All or nothing; makes the database where there is none. */
  write(batch: Batch): Awaitable<void>;
  /** The same, before it returns, with what waits; where the medium can do that. */
  writeNow?(batch: Batch, patienceMs: number): void;
  /** No rows where there is no database. */
  read(statement: Compiled): Awaitable<readonly Row[]>;
  /** All or nothing, each with its rows. Where there is no database: none, or it is made. */
  change(statements: readonly Compiled[], make: boolean): Awaitable<ReadonlyArray<readonly Row[]>>;
  /** The version of the tables, 0 where there is no database. @throws {StorageError} where it cannot be written */
  check(): Awaitable<number>;
  close(): Awaitable<void>;
}
