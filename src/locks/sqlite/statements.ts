import type { DatabaseSync, StatementSync } from "node:sqlite";
import { type Rows, rows } from "../../io/sqlite/rows.ts";
import { allOrNothing } from "../../io/sqlite/transaction.ts";

/** A grant as it is asked for; times are milliseconds since 1970. */
export interface NewGrant {
  readonly key: Uint8Array;
  /** As JSON. */
  readonly holder: string;
  readonly process: string;
  readonly now: number;
  readonly expiresAt: number;
  /** As JSON; the one whose reservation does not matter. */
  readonly waiter: string | null;
}

/** A grant that has not expired. */
export interface LiveGrant {
  readonly token: number;
  /** As JSON. */
  readonly holder: string;
  readonly process: string;
}

/** Nobody else waits for the key with a reservation. */
const notReserved = "NOT EXISTS (SELECT 1 FROM reservations WHERE key = ?1 AND until > ?2 AND waiter IS NOT ?3)";
/** Microseconds since 1970, unless a grant that has ended had a greater one. */
const nextToken = "max(CAST(?2 * 1000 AS INTEGER), (SELECT token FROM locks WHERE key = x'') + 1)";

/** What is done with locks, each in one statement. */
export class LockStatements {
  readonly #db: DatabaseSync;
  readonly #acquire: Rows;
  readonly #takeOver: Rows;
  readonly #find: Rows;
  readonly #renew: StatementSync;
  readonly #release: Rows;
  readonly #reserve: StatementSync;
  readonly #unreserve: StatementSync;

  constructor(db: DatabaseSync) {
    this.#db = db;
    this.#acquire = rows(
      db,
      `INSERT INTO locks (key, token, holder, process, expires_at)
       SELECT ?1, ${nextToken}, ?4, ?5, ?6 WHERE ${notReserved}
       ON CONFLICT (key) DO UPDATE SET token = max(excluded.token, locks.token + 1), holder = excluded.holder,
         process = excluded.process, expires_at = excluded.expires_at
       WHERE locks.expires_at <= ?2
       RETURNING token`,
    );
    this.#takeOver = rows(
      db,
      `UPDATE locks SET token = max(${nextToken}, token + 1), holder = ?4, process = ?5, expires_at = ?6
       WHERE key = ?1 AND token = ?7 AND ${notReserved}
       RETURNING token`,
    );
    this.#find = rows(db, "SELECT token, holder, process FROM locks WHERE key = ? AND expires_at > ?");
    this.#renew = db.prepare("UPDATE locks SET expires_at = ? WHERE key = ? AND token = ? AND expires_at > ?");
    this.#release = rows(db, "DELETE FROM locks WHERE key = ? AND token = ? RETURNING expires_at");
    this.#reserve = db.prepare(
      `INSERT INTO reservations (key, waiter, until) VALUES (?1, ?2, ?3)
       ON CONFLICT (key) DO UPDATE SET waiter = excluded.waiter, until = excluded.until
       WHERE reservations.until <= ?4 OR reservations.waiter = excluded.waiter`,
    );
    this.#unreserve = db.prepare("DELETE FROM reservations WHERE key = ?");
  }

  /** The token of the new grant; `undefined` where the key is held, or reserved for somebody else. */
  acquire({ key, now, waiter, holder, process, expiresAt }: NewGrant): number | undefined {
    return first(this.#acquire.all(key, now, waiter, holder, process, expiresAt));
  }

  /** {@link acquire} in place of a grant that has not expired. */
  takeOver({ key, now, waiter, holder, process, expiresAt }: NewGrant, from: number): number | undefined {
    return first(this.#takeOver.all(key, now, waiter, holder, process, expiresAt, from));
  }

  find(key: Uint8Array, now: number): LiveGrant | undefined {
    const row = this.#find.get(key, now);
    return row && { token: row[0] as number, holder: row[1] as string, process: row[2] as string };
  }

  /** Whether there was such a grant. */
  renew(key: Uint8Array, token: number, now: number, expiresAt: number): boolean {
    return this.#renew.run(expiresAt, key, token, now).changes === 1;
  }

  /** When the grant that was released would have expired; `undefined` where there was none. */
  release(key: Uint8Array, token: number): number | undefined {
    return first(this.#release.all(key, token));
  }

  /** Reserves a key, unless it is reserved for somebody else. */
  reserve(key: Uint8Array, waiter: string, now: number, until: number): void {
    this.#reserve.run(key, waiter, until, now);
  }

  unreserve(key: Uint8Array): void {
    this.#unreserve.run(key);
  }

  /** Removes what has expired, and nobody came to take over. */
  tidy(now: number): void {
    this.#db.prepare("DELETE FROM locks WHERE expires_at <= ?").run(now);
    this.#db.prepare("DELETE FROM reservations WHERE until <= ?").run(now);
  }

  /** All or nothing, among all processes. */
  transaction<T>(work: () => T): T {
    return allOrNothing(this.#db, work);
  }
}

/**
 * The only value of the only row, or none. To be given all rows: `get` leaves a statement before its end, and does not tell where
 * the commit fails that follows.
 */
function first(found: ReadonlyArray<readonly unknown[]>): number | undefined {
  return found[0]?.[0] as number | undefined;
}
