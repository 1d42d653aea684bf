/** The statements on the table of the locks. */
export interface LockStatements {
  /** `key, holder, leaseMs` → `token` where it was granted. */
  readonly acquire: string;
  /** `key, holder, leaseMs, waiter, reserveMs` → `token, is it granted`, or no row where it is reserved for another. */
  readonly acquireOrReserve: string;
  /** `key, token, leaseMs` → a row where it was held. */
  readonly renew: string;
  /** `key, token` → a row where it was held. */
  readonly release: string;
  /** `key, token, channel, subject` → as `release`; tells those who listen, and for whom it is reserved. */
  readonly releaseAndNotify: string;
  /** `key` → `holder, token`. */
  readonly look: string;
  /** Removes what was granted more than an hour ago and is free. */
  readonly tidy: string;
}

const milliseconds = (parameter: string): string => `${parameter}::double precision * interval '1 millisecond'`;
const newGrant = `$1, $2, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint, clock_timestamp(), clock_timestamp() + ${milliseconds("$3")}`;

// Whether it is granted is decided by one reading of the clock: it travels in granted_at of the row that was to be inserted.
const now = "excluded.granted_at";
const isFree = `there.expires_at <= ${now}`;
const isUnreserved = `there.reserved_until IS NULL OR there.reserved_until <= ${now}`;
const nextToken = "greatest(there.token + 1, excluded.token)";
const ifFree = (granted: string, otherwise: string): string =>
  `CASE WHEN ${isFree} THEN ${granted} ELSE ${otherwise} END`;

const isHeld = "key = $1 AND token = $2 AND expires_at > clock_timestamp()";
const reservedFor = "CASE WHEN reserved_until > clock_timestamp() THEN left(waiter, 100) END AS reserved_for";
// A release that a crash of the server undoes costs no more than the rest of a lease. So its commit does not wait for the disk,
// nor do all others in the database that notify: their commits wait for each other.
const withoutFlush = "set_config('synchronous_commit', 'off', true)";

/**
 * What is said to a table. Planning takes longer than carrying out, so the claim that everybody makes is kept short, and the one
 * of those who have waited stands beside it.
 *
 * @param table its name, ready for SQL
 */
export function lockStatements(table: string): LockStatements {
  const freed = `WITH freed AS (UPDATE ${table} SET expires_at = '-infinity' WHERE ${isHeld} RETURNING ${reservedFor})`;
  return {
    acquire: `
      INSERT INTO ${table} AS there (key, holder, token, granted_at, expires_at) VALUES (${newGrant})
      ON CONFLICT (key) DO UPDATE SET
        holder = excluded.holder, token = ${nextToken}, granted_at = ${now}, expires_at = excluded.expires_at, reserved_until = NULL
      WHERE ${isFree} AND (${isUnreserved})
      RETURNING token`,
    acquireOrReserve: `
      INSERT INTO ${table} AS there (key, holder, token, granted_at, expires_at, waiter) VALUES (${newGrant}, $4)
      ON CONFLICT (key) DO UPDATE SET
        holder = ${ifFree("excluded.holder", "there.holder")},
        token = ${ifFree(nextToken, "there.token")},
        granted_at = ${ifFree(now, "there.granted_at")},
        expires_at = ${ifFree("excluded.expires_at", "there.expires_at")},
        waiter = excluded.waiter,
        reserved_until = ${ifFree("NULL", `${now} + ${milliseconds("$5")}`)}
      WHERE ${isUnreserved} OR there.waiter = excluded.waiter
      RETURNING token, reserved_until IS NULL`,
    renew: `UPDATE ${table} SET expires_at = clock_timestamp() + ${milliseconds("$3")} WHERE ${isHeld}`,
    release: `${freed} SELECT ${withoutFlush} FROM freed`,
    releaseAndNotify: `${freed} SELECT ${withoutFlush}, pg_notify($3, concat($4::text, ' ', reserved_for)) FROM freed`,
    look: `SELECT holder, token FROM ${table} WHERE key = $1 AND expires_at > clock_timestamp()`,
    tidy: `
      DELETE FROM ${table} WHERE key IN (
        SELECT key FROM ${table} AS there
        WHERE granted_at < clock_timestamp() - interval '1 hour' AND expires_at <= clock_timestamp()
          AND (reserved_until IS NULL OR reserved_until <= clock_timestamp())
        LIMIT 1000 FOR UPDATE SKIP LOCKED)`,
  };
}
