import type { DatabaseSync } from "node:sqlite";
import { StorageError } from "../../kernel/errors.ts";

/** Written into the file (`PRAGMA application_id`), so that a database of somebody else is recognised: "Oxbw". */
const applicationId = 0x4f_78_62_77;

/** The newest schema that this release knows; `PRAGMA user_version` of the file. */
const schemaVersion = 1;

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
 * Makes sure that the database is one of Oxbow's, of a version that this release knows; a new one gets its tables.
 *
 * @throws {StorageError} where it is not, or is newer
 */
export function prepareSchema(db: DatabaseSync, path: string): void {
  if (isPrepared(db, path)) return;
  // Another process may be doing the same: the lock first, then a second look. Only under the lock do the questions
  // below belong together; before it, a database in the making could be taken for that of another program.
  db.exec("BEGIN IMMEDIATE");
  try {
    if (!isPrepared(db, path)) {
      if (!isEmpty(db)) throw notOurs(path);
      db.exec(`${tables} PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${schemaVersion};`);
    }
    db.exec("COMMIT");
  } catch (error) {
    db.exec("ROLLBACK");
    throw error;
  }
}

function isPrepared(db: DatabaseSync, path: string): boolean {
  const id = numberOf(db, "SELECT application_id FROM pragma_application_id");
  const version = numberOf(db, "SELECT user_version FROM pragma_user_version");
  if (id === applicationId && version === schemaVersion) return true;
  if (id === applicationId && version > schemaVersion) throw tooNew(path, version);
  if (id !== 0 && id !== applicationId) throw notOurs(path);
  return false;
}

function isEmpty(db: DatabaseSync): boolean {
  const questions = [
    "SELECT application_id FROM pragma_application_id",
    "SELECT user_version FROM pragma_user_version",
    "SELECT count(*) FROM sqlite_schema",
  ];
  return questions.every((sql) => numberOf(db, sql) === 0);
}

function numberOf(db: DatabaseSync, sql: string): number {
  return Number(Object.values(db.prepare(sql).get() ?? {})[0]);
}

function tooNew(path: string, version: number): StorageError {
  return new StorageError(
    `Cannot use ${path}: it has schema version ${version}, this release knows up to ${schemaVersion}`,
    {
      hint: "a newer Oxbow wrote it: update this one, or give it a folder of its own",
    },
  );
}

function notOurs(path: string): StorageError {
  return new StorageError(`Cannot use ${path}: it is a database of another program`, {
    hint: "give Oxbow a folder of its own, or move that file away",
  });
}
