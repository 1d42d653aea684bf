import { cacheEventValues, logValues, taskSourceValues } from "../internal/event-rows.ts";
import { flowRunValues } from "../internal/flow-run-rows.ts";
import { insertStatement } from "../internal/insert.ts";
import { type BatchTable, layouts } from "../internal/tables.ts";
import { taskRunValues } from "../internal/task-run-rows.ts";
import type { Batch } from "../run-store.ts";

interface Said {
  readonly text: string;
  readonly values: readonly unknown[];
  readonly isFixed: true;
  readonly bytes: number;
}

type Values = Array<string | number | null>;

/** PostgreSQL counts off no parts of the table: an index of keys costs less there. */
const onlyPart = 0;

/** One statement per table: each column travels as an array. */
export function batchStatements(batch: Batch, schema: string): readonly Said[] {
  const { flowRuns, taskRuns, logs, cacheEvents, taskSources } = batch;
  const rows: ReadonlyArray<readonly [BatchTable, Values[]]> = [
    ["flow_runs", lastOf(flowRuns, ({ id }) => id).map(flowRunValues)],
    ["task_runs", lastOf(taskRuns, ({ id }) => id).map((run) => taskRunValues(run, onlyPart))],
    ["logs", logs.map(logValues)],
    ["cache_events", cacheEvents.map(cacheEventValues)],
    ["task_sources", lastOf(taskSources, ({ taskName, digest }) => `${digest} ${taskName}`).map(taskSourceValues)],
  ];
  return rows.filter(([, values]) => values.length > 0).map(([table, values]) => statement(table, values, schema));
}

/** A statement may not meet a row twice. In the order of their ids: so two processes do not wait for each other in a circle. */
function lastOf<T>(rows: readonly T[], identity: (row: T) => string): T[] {
  if (rows.length < 2) return [...rows];
  const byIdentity = new Map(rows.map((row) => [identity(row), row]));
  return [...byIdentity].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
}

function statement(table: BatchTable, rows: readonly Values[], schema: string): Said {
  const { columns } = layouts[table];
  const arrays = columns.map(([, type], i) => `$${i + 1}::${type}[]`);
  return {
    text: insertStatement(table, (name) => `${schema}.${name}`, `SELECT * FROM unnest(${arrays.join(", ")})`),
    values: columns.map((_, i) => rows.map((row) => row[i])),
    isFixed: true,
    bytes: rows.reduce((sum, row) => sum + row.reduce<number>((all, value) => all + lengthOf(value), 0), 0),
  };
}

function lengthOf(value: string | number | null | undefined): number {
  return typeof value === "string" ? value.length : 8;
}
