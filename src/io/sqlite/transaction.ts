import type { DatabaseSync } from "node:sqlite";

/** Does all of some work or nothing of it, as the only writer among all processes. @throws what the work throws, and SQLite */
export function allOrNothing<T>(db: DatabaseSync, work: () => T): T {
  db.exec("BEGIN IMMEDIATE");
  try {
    const result = work();
    db.exec("COMMIT");
    return result;
  } catch (error) {
    try {
      db.exec("ROLLBACK");
    } catch {
      // SQLite has done it already: a full disk ends the transaction too.
    }
    throw error;
  }
}
