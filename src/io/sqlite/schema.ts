import type { DatabaseSync } from "node:sqlite";
import { StorageError } from "../../kernel/errors.ts";

/** What a database of Oxbow's holds. */
export interface Schema {
  /** Written into the file (`PRAGMA application_id`), so that a database of somebody else is recognised. */
  readonly applicationId: number;
  /** The newest version that this release knows; `PRAGMA user_version` of the file. */
  readonly version: number;
  /** What a new database gets. */
  readonly tables: string;
  /** What a database of a version gets to be one of the next. */
  readonly steps: ReadonlyMap<number, string>;
}

/**
 * Makes sure that a database has this schema, in the version of this release: a new one gets its tables, an older one
 * what has come since. The rows stay as they are.
 *
 * @param isFrozen it cannot be changed: an older one may stay what it is
 * @throws {StorageError} where it is something else, or is newer
 */
export function prepareSchema(db: DatabaseSync, path: string, schema: Schema, isFrozen: boolean): void {
  const found = versionOf(db, path, schema);
  if (found === schema.version || (isFrozen && found > 0)) return;
  // Another process may be doing the same: the lock first, then a second look. Only under the lock do the questions
  // below belong together; before it, a database in the making could be taken for that of another program.
  db.exec("BEGIN IMMEDIATE");
  try {
    let version = versionOf(db, path, schema);
    if (version <= 0) {
      if (!isEmpty(db)) throw notOurs(path);
      db.exec(`${schema.tables} PRAGMA application_id = ${schema.applicationId};`);
    } else for (; version < schema.version; version += 1) db.exec(schema.steps.get(version)!);
    db.exec(`PRAGMA user_version = ${schema.version}; COMMIT`);
  } catch (error) {
    db.exec("ROLLBACK");
    throw error;
  }
}

/** The version of the schema; 0 where there is none yet. */
function versionOf(db: DatabaseSync, path: string, schema: Schema): number {
  const id = numberOf(db, "SELECT application_id FROM pragma_application_id");
  const version = numberOf(db, "SELECT user_version FROM pragma_user_version");
  if (id !== 0 && id !== schema.applicationId) throw notOurs(path);
  if (id === 0) return 0;
  if (version > schema.version) throw tooNew(path, version, schema);
  return version;
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

function tooNew(path: string, version: number, schema: Schema): StorageError {
  return new StorageError(
    `Cannot use ${path}: it has schema version ${version}, this release knows up to ${schema.version}`,
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
