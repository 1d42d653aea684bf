import { setImmediate as nextTurn } from "node:timers/promises";
import type { Postgres } from "../../io/postgres.ts";
import type { Part, Schema } from "../../io/postgres/schema.ts";
import type { PostgresResult } from "../../io/postgres/target.ts";
import { StorageError } from "../../kernel/errors.ts";
import type { Compiled, Medium, Row } from "../internal/medium.ts";
import { firstTables, postgresWords } from "../internal/schema.ts";
import type { Batch } from "../run-store.ts";
import { batchStatements } from "./batch-statements.ts";

/** The tables of the history. */
export const historyTables: Part = { name: "history", steps: [(schema) => firstTables(postgresWords(schema))] };

/** Whoever asks for the first time finds out whether the tables are there. */
const probe = { text: "SELECT 1", action: "read", isRepeatable: true };

/*
 * DESIGN: the history in a schema of PostgreSQL.
 *
 * What it does: a batch is a transaction of one statement per table. The tables are made by the first write, under a lock among
 * all who begin at once.
 * What it promises: batches of one process come in the order in which they were handed over. Reading creates nothing.
 */
export class PostgresMedium implements Medium {
  readonly kind = "postgres";
  readonly location: string;
  readonly schema: string;
  readonly #server: Postgres;
  readonly #tables: Schema;
  #last: Promise<unknown> = Promise.resolve();

  constructor(server: Postgres, schema: string, tables: Schema) {
    this.location = tables.location;
    this.schema = schema;
    this.#server = server;
    this.#tables = tables;
  }

  async write(batch: Batch): Promise<void> {
    const statements = batchStatements(batch, this.#tables.quoted);
    const written = this.#last.then(() =>
      this.#tables.transaction("write", async (say) => {
        for (const statement of statements) await say(statement);
      }),
    );
    this.#last = written.catch(() => undefined);
    await written;
  }

  async read({ sql, parameters }: Compiled): Promise<readonly Row[]> {
    const statement = { text: sql, values: parameters, action: "read", isRepeatable: true };
    const result = await this.#tables.queryIfThere(statement);
    return result === undefined ? [] : rowsOf(result);
  }

  async change(statements: readonly Compiled[], make: boolean): Promise<ReadonlyArray<readonly Row[]>> {
    if (!make && (await this.#tables.queryIfThere(probe)) === undefined) return statements.map(() => []);
    return this.#tables.transaction("write", async (say) => {
      const results: Array<readonly Row[]> = [];
      for (const { sql, parameters } of statements) results.push(rowsOf(await say({ text: sql, values: parameters })));
      return results;
    });
  }

  async check(): Promise<number> {
    if ((await this.#tables.queryIfThere(probe)) === undefined) {
      await this.#checkRights();
      return 0;
    }
    // Takes the right to write, and what a standby refuses; changes nothing.
    await this.#tables.transaction("write", (say) =>
      say({ text: `UPDATE ${this.#tables.quoted}.task_run_parts SET part = part WHERE part < 0` }),
    );
    return historyTables.steps.length;
  }

  /** Whether the first write could make the tables. */
  async #checkRights(): Promise<void> {
    const { rows } = await this.#server.query({
      ...probe,
      text: `SELECT pg_is_in_recovery(), coalesce(
        (SELECT has_schema_privilege(oid, 'CREATE') FROM pg_catalog.pg_namespace WHERE nspname = $1),
        has_database_privilege(current_database(), 'CREATE'))`,
      values: [this.schema],
    });
    const [isStandby, mayCreate] = rows[0]!;
    if (isStandby === true) throw this.#cannot("the server is a standby", "connect to the primary one");
    if (mayCreate !== true)
      throw this.#cannot(
        "the role may not make tables",
        "give it CREATE on the database, or a schema that it owns, named by the option `schema`",
      );
  }

  #cannot(why: string, hint: string): StorageError {
    return new StorageError(`Cannot write ${this.location}: ${why}`, { hint });
  }

  async close(): Promise<void> {
    await this.#last;
    // What was handed over meanwhile.
    await nextTurn();
    await this.#server.close();
  }
}

function rowsOf({ rows, fields = [] }: PostgresResult): readonly Row[] {
  return rows.map((values) => Object.fromEntries(values.map((value, i) => [fields[i]!.name, value])));
}
