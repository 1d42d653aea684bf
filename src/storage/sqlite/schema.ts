import type { Schema } from "../../io/sqlite/schema.ts";

// A rowid table with a unique index beside it: keys are random, and in a table WITHOUT ROWID every insert would
// move payloads about. The key is a BLOB, so that its order is that of its bytes. The payload is the last column:
// metadata are read without touching its pages.
const tables = `
CREATE TABLE records (
  id INTEGER PRIMARY KEY,
  key BLOB NOT NULL UNIQUE,
  format_version INTEGER NOT NULL,
  created_at NUMERIC NOT NULL,
  expires_at NUMERIC,
  serializer TEXT NOT NULL,
  size INTEGER NOT NULL,
  sha256 TEXT NOT NULL,
  duration_ms NUMERIC NOT NULL,
  task_name TEXT NOT NULL,
  task_run_id TEXT NOT NULL,
  flow_run_id TEXT,
  tags TEXT NOT NULL,
  components TEXT NOT NULL,
  fence INTEGER,
  commit_id TEXT,
  signature TEXT,
  file TEXT,
  payload BLOB
);
CREATE TABLE plain_values (
  id INTEGER PRIMARY KEY,
  key BLOB NOT NULL UNIQUE,
  size INTEGER NOT NULL,
  file TEXT,
  payload BLOB
);
CREATE TABLE file_intents (
  file TEXT PRIMARY KEY,
  host TEXT NOT NULL,
  pid INTEGER NOT NULL,
  since INTEGER NOT NULL
) WITHOUT ROWID;
`;

/**
 * What a database of a version gets to be one of the next. Columns that are added come after the payload; where they
 * are NULL, as in nearly all rows, the head of the row says so, and its pages are left alone all the same.
 */
const steps: ReadonlyMap<number, string> = new Map([
  [1, "ALTER TABLE records ADD COLUMN fence INTEGER; ALTER TABLE records ADD COLUMN commit_id TEXT;"],
  [2, "ALTER TABLE records ADD COLUMN signature TEXT;"],
]);

/** The application id is "Oxbw". */
export const recordSchema: Schema = { applicationId: 0x4f_78_62_77, version: 3, tables, steps };
