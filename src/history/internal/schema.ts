import type { Place } from "./insert.ts";

/*
 * How the tables come to be. An index is there because a question needs it:
 *
 *   task_runs (began, id)                          the identity; newest first; ids, by going through it (65 ms for 1e6)
 *   task_runs_by_flow                              those of a flow run
 *   task_runs_by_task                              those of a task; statistics and states, without touching a row
 *   task_runs_by_key                               who made or used a record
 *   task_runs_by_name                              names that are not the usual ones
 *   task_runs_by_tag                               runs with tags
 */

/** What differs in the words of the two. */
interface Words {
  readonly place: Place;
  /** The type of a column that counts rows. */
  readonly counter: string;
  /** The type of a text that is compared byte by byte. */
  readonly bytewise: string;
  /** What an index has beside what it is ordered by. */
  readonly including: (columns: string) => string;
  /** What only one of them needs. */
  readonly more: string;
}

/** SQLite's words. */
export const sqliteWords: Words = {
  place: (table) => table,
  counter: "INTEGER PRIMARY KEY",
  bytewise: "text",
  including: (columns) => `, ${columns})`,
  more: "",
};

/** PostgreSQL's words, in a schema. More indexes cost less there than going through all rows. */
export function postgresWords(schema: string): Words {
  return {
    place: (table) => `${schema}.${table}`,
    counter: "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
    bytewise: 'text COLLATE "C"',
    including: (columns) => `) INCLUDE (${columns})`,
    more: `
INSERT INTO ${schema}.task_run_parts VALUES (0);
CREATE INDEX task_runs_by_id ON ${schema}.task_runs (id);
CREATE INDEX task_runs_by_state_type ON ${schema}.task_runs (state_type, began);
CREATE INDEX task_runs_by_state_name ON ${schema}.task_runs (state_name, began);
CREATE INDEX task_runs_by_outcome ON ${schema}.task_runs (outcome, began) WHERE outcome IS NOT NULL;`,
  };
}

/** The first version of the tables. */
export function firstTables({ place, counter, bytewise, including, more }: Words): string {
  return `
CREATE TABLE ${place("flow_runs")} (
  n ${counter},
  id ${bytewise} NOT NULL UNIQUE,
  began double precision NOT NULL,
  last_at double precision NOT NULL,
  flow_name ${bytewise} NOT NULL,
  name text NOT NULL,
  parent_id text,
  state_type text NOT NULL,
  state_name text NOT NULL,
  tags text,
  detail text NOT NULL
);
CREATE INDEX flow_runs_by_time ON ${place("flow_runs")} (began);
CREATE INDEX flow_runs_by_flow ON ${place("flow_runs")} (flow_name, began);
CREATE INDEX flow_runs_by_name ON ${place("flow_runs")} (name, began);
CREATE INDEX flow_runs_by_parent ON ${place("flow_runs")} (parent_id, began) WHERE parent_id IS NOT NULL;
CREATE INDEX flow_runs_unfinished ON ${place("flow_runs")} (began) WHERE state_type IN ('SCHEDULED', 'PENDING', 'RUNNING', 'CANCELLING');
CREATE TABLE ${place("task_runs")} (
  n ${counter},
  part integer NOT NULL,
  id ${bytewise} NOT NULL,
  began double precision NOT NULL,
  last_at double precision NOT NULL,
  flow_run_id text,
  task_name ${bytewise} NOT NULL,
  name text,
  state_type text NOT NULL,
  state_name text NOT NULL,
  outcome text,
  key text,
  key_hash integer,
  saved_ms double precision NOT NULL,
  duration_ms double precision,
  tags text,
  detail text NOT NULL,
  UNIQUE (began, id)
);
CREATE INDEX task_runs_by_flow ON ${place("task_runs")} (flow_run_id, began) WHERE flow_run_id IS NOT NULL;
CREATE INDEX task_runs_by_task ON ${place("task_runs")} (task_name, began${including("state_type, state_name, outcome, saved_ms, duration_ms")};
CREATE INDEX task_runs_by_key ON ${place("task_runs")} (part, key_hash, began) WHERE key_hash IS NOT NULL;
CREATE INDEX task_runs_by_name ON ${place("task_runs")} (name) WHERE name IS NOT NULL;
CREATE INDEX task_runs_by_tag ON ${place("task_runs")} (began${including("tags")} WHERE tags IS NOT NULL;
CREATE TABLE ${place("task_run_parts")} (part integer PRIMARY KEY);
CREATE TABLE ${place("logs")} (
  n ${counter},
  run_id text,
  task_run_id text,
  time double precision NOT NULL,
  level text NOT NULL,
  message text NOT NULL
);
CREATE INDEX logs_by_run ON ${place("logs")} (run_id, time);
CREATE TABLE ${place("cache_events")} (
  n ${counter},
  time double precision NOT NULL,
  kind text NOT NULL,
  key text,
  key_hash integer,
  task_name text,
  storage text,
  detail text NOT NULL
);
CREATE INDEX cache_events_by_time ON ${place("cache_events")} (time);
CREATE INDEX cache_events_by_key ON ${place("cache_events")} (key_hash, time);
CREATE INDEX cache_events_by_task ON ${place("cache_events")} (task_name, time);
CREATE TABLE ${place("task_sources")} (
  task_name text NOT NULL,
  digest text NOT NULL,
  text text NOT NULL,
  file text,
  seen_at double precision NOT NULL,
  PRIMARY KEY (task_name, digest)
);
CREATE TABLE ${place("questions")} (
  flow_run_id text NOT NULL,
  name text NOT NULL,
  asked_at double precision NOT NULL,
  deadline double precision,
  text text NOT NULL,
  answer text,
  answered_at double precision,
  PRIMARY KEY (flow_run_id, name)
);
CREATE TABLE ${place("cancel_requests")} (flow_run_id text PRIMARY KEY, at double precision NOT NULL);
${more}
`;
}
