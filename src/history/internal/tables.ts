import type { Generated } from "kysely";

/*
 * DESIGN: the tables of the history, the same ones in SQLite and in PostgreSQL.
 *
 * What it does: what is searched for has a column; everything else of a run is one text of JSON, `detail` (see details.ts).
 * What it promises: a task run costs one row and few pages. An index on random texts (ids, keys) would make each row write a page of
 * its own, which is dearer than everything else together. So ids of task runs are indexed behind the time at which the run
 * began, and keys behind the part of the table that the row is in: both lie beside those that were written a moment ago.
 * What the caller must do: write a run with the same first state each time: its time is a part of the row's identity. To look for
 * a key, look in all parts: there are 61 of them for 1e6 rows.
 */

/** A run of a flow. Times are milliseconds since 1970. */
export interface FlowRunsTable {
  n: Generated<number>;
  id: string;
  /** The time of the first state. */
  began: number;
  /** The time of the last state so far. */
  last_at: number;
  flow_name: string;
  name: string;
  parent_id: string | null;
  state_type: string;
  state_name: string;
  /** As tags.ts writes them; NULL for none. */
  tags: string | null;
  detail: string;
}

/** A run of a task. */
export interface TaskRunsTable {
  n: Generated<number>;
  /** Rows are counted off into parts in the order of their insertion. */
  part: number;
  id: string;
  began: number;
  last_at: number;
  flow_run_id: string | null;
  task_name: string;
  /** NULL where it is the one that follows from task and id. */
  name: string | null;
  state_type: string;
  state_name: string;
  outcome: string | null;
  key: string | null;
  key_hash: number | null;
  saved_ms: number;
  duration_ms: number | null;
  tags: string | null;
  detail: string;
}

export interface LogsTable {
  n: Generated<number>;
  /** The flow run; for task runs outside of flows the task run. */
  run_id: string | null;
  task_run_id: string | null;
  time: number;
  level: string;
  message: string;
}

export interface CacheEventsTable {
  n: Generated<number>;
  time: number;
  kind: string;
  key: string | null;
  key_hash: number | null;
  task_name: string | null;
  storage: string | null;
  detail: string;
}

export interface TaskSourcesTable {
  task_name: string;
  digest: string;
  text: string;
  file: string | null;
  seen_at: number;
}

export interface QuestionsTable {
  flow_run_id: string;
  name: string;
  asked_at: number;
  deadline: number | null;
  text: string;
  answer: string | null;
  answered_at: number | null;
}

/** All tables. */
export interface Tables {
  flow_runs: FlowRunsTable;
  task_runs: TaskRunsTable;
  task_run_parts: { part: number };
  logs: LogsTable;
  cache_events: CacheEventsTable;
  task_sources: TaskSourcesTable;
  questions: QuestionsTable;
  cancel_requests: { flow_run_id: string; at: number };
}

/** What is written in batches. */
export type BatchTable = "flow_runs" | "task_runs" | "logs" | "cache_events" | "task_sources";

/** A column of such a table: its name, and its type in PostgreSQL. */
type Column = readonly [name: string, type: "text" | "integer" | "double precision"];

const text = (name: string): Column => [name, "text"];
const integer = (name: string): Column => [name, "integer"];
const real = (name: string): Column => [name, "double precision"];

/** How a batch is written: the columns in the order of the values that rows.ts makes, and what tells rows apart. */
export interface Layout {
  readonly columns: readonly Column[];
  /** Where there is a row with these values it is replaced, but for the columns in `kept`. */
  readonly identity?: readonly string[];
  readonly kept?: readonly string[];
}

export const layouts: Readonly<Record<BatchTable, Layout>> = {
  flow_runs: {
    columns: [
      text("id"),
      real("began"),
      real("last_at"),
      text("flow_name"),
      text("name"),
      text("parent_id"),
      text("state_type"),
      text("state_name"),
      text("tags"),
      text("detail"),
    ],
    identity: ["id"],
  },
  task_runs: {
    columns: [
      integer("part"),
      text("id"),
      real("began"),
      real("last_at"),
      text("flow_run_id"),
      text("task_name"),
      text("name"),
      text("state_type"),
      text("state_name"),
      text("outcome"),
      text("key"),
      integer("key_hash"),
      real("saved_ms"),
      real("duration_ms"),
      text("tags"),
      text("detail"),
    ],
    identity: ["began", "id"],
    kept: ["part"],
  },
  logs: { columns: [text("run_id"), text("task_run_id"), real("time"), text("level"), text("message")] },
  cache_events: {
    columns: [
      real("time"),
      text("kind"),
      text("key"),
      integer("key_hash"),
      text("task_name"),
      text("storage"),
      text("detail"),
    ],
  },
  task_sources: {
    columns: [text("task_name"), text("digest"), text("text"), text("file"), real("seen_at")],
    identity: ["task_name", "digest"],
  },
};
