import type { SQLInputValue, StatementSync } from "node:sqlite";
import { cacheEventValues, logValues, taskSourceValues } from "../internal/event-rows.ts";
import { flowRunValues } from "../internal/flow-run-rows.ts";
import { insertStatement } from "../internal/insert.ts";
import { type BatchTable, layouts } from "../internal/tables.ts";
import { taskRunValues } from "../internal/task-run-rows.ts";
import type { Batch } from "../run-store.ts";
import type { Connection } from "./connection.ts";

/**
 * So many rows are a part, two to this power: with 2^14, the keys of a part lie in 50 pages, of which a batch writes some, and a
 * million rows have 61 parts, in each of which a key has to be looked for.
 */
const partBits = 14;

/** The statements that write batches, prepared once. */
export class BatchStatements {
  readonly #flowRun: StatementSync;
  readonly #taskRun: StatementSync;
  readonly #log: StatementSync;
  readonly #cacheEvent: StatementSync;
  readonly #taskSource: StatementSync;
  readonly #part: StatementSync;
  readonly #addPart: StatementSync;

  constructor(connection: Connection) {
    const insert = (table: BatchTable): StatementSync => {
      const values = layouts[table].columns.map(() => "?").join(", ");
      return connection.prepare(insertStatement(table, (name) => name, `VALUES (${values})`));
    };
    this.#flowRun = insert("flow_runs");
    this.#taskRun = insert("task_runs");
    this.#log = insert("logs");
    this.#cacheEvent = insert("cache_events");
    this.#taskSource = insert("task_sources");
    this.#part = connection.prepare(`SELECT coalesce(max(n), 0) >> ${partBits} AS part FROM task_runs`);
    this.#addPart = connection.prepare("INSERT OR IGNORE INTO task_run_parts VALUES (?)");
  }

  /** To be called within a transaction. */
  write(batch: Batch): void {
    for (const run of batch.flowRuns) write(this.#flowRun, flowRunValues(run));
    if (batch.taskRuns.length > 0) {
      const part = this.#currentPart();
      for (const run of batch.taskRuns) write(this.#taskRun, taskRunValues(run, part));
    }
    for (const log of batch.logs) write(this.#log, logValues(log));
    for (const event of batch.cacheEvents) write(this.#cacheEvent, cacheEventValues(event));
    for (const source of batch.taskSources) write(this.#taskSource, taskSourceValues(source));
  }

  #currentPart(): number {
    const part = this.#part.get()!["part"] as number;
    this.#addPart.run(part);
    return part;
  }
}

function write(statement: StatementSync, values: SQLInputValue[]): void {
  statement.run(...values);
}
