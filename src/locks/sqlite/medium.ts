import { join } from "node:path";
import { isGone, thisProcess } from "../../io/process-identity.ts";
import type { Awaitable } from "../../kernel/awaitable.ts";
import { type Clock, systemClock } from "../../kernel/clock.ts";
import type { Configuration } from "../../kernel/configuration.ts";
import type { Claim, Grant, LockMedium } from "../lock-medium.ts";
import { LockDatabase } from "./lock-database.ts";
import type { LockStatements, NewGrant } from "./statements.ts";

/** After so many claims, what nobody came for is removed. */
const claimsBetweenTidyings = 1000;

/*
 * DESIGN: grants as rows.
 *
 * What it does: to acquire is one INSERT that replaces a grant that has expired, to release is one DELETE, and the database
 * decides among all processes. Where the INSERT is refused by a grant whose process has ended, that very grant is taken over.
 * A claim that reserves is a transaction of two statements.
 * What it promises: lock-medium.ts. Expiry is judged by the clock of the machine; a token is the greatest ever given plus one,
 * and the time in microseconds where that is more: it is even where the file is lost.
 * What the caller must do: look again by itself; other processes are not woken.
 */
export class SqliteMedium implements LockMedium {
  readonly kind = "sqlite";
  readonly location: string;
  readonly configuration: Configuration;
  readonly #database: LockDatabase;
  readonly #clock: Clock;
  #claims = 0;

  /** @param options what the lock manager was given: plain data */
  constructor(folder: string, clock: Clock = systemClock, options: object = {}) {
    this.location = folder;
    this.configuration = { type: "sqlite", args: [folder, options] };
    this.#database = new LockDatabase(join(folder, "locks.db"));
    this.#clock = clock;
  }

  tryAcquire(claim: Claim): Awaitable<Grant | undefined> {
    const key = Buffer.from(claim.key);
    const holder = JSON.stringify(claim.holder);
    return this.#database.made((statements) => {
      const now = this.#clock.now();
      // First: nothing may fail any more once a grant has been committed.
      if (this.#claims++ % claimsBetweenTidyings === 0) statements.tidy(now);
      const waiter = claim.waiter === undefined ? null : JSON.stringify(claim.waiter);
      const grant = { key, holder, process: thisProcess(), now, expiresAt: now + claim.leaseMs, waiter };
      const token =
        waiter === null
          ? grantOrTakeOver(statements, grant)
          : statements.transaction(() => grantOrReserve(statements, grant, waiter, now + (claim.reserveMs ?? 0)));
      return token === undefined ? undefined : { holder: claim.holder, token };
    });
  }

  renew(key: string, token: number, leaseMs: number): Awaitable<boolean> {
    return this.#database.existing("write", (statements) => {
      const now = this.#clock.now();
      return statements !== undefined && statements.renew(Buffer.from(key), token, now, now + leaseMs);
    });
  }

  release(key: string, token: number): Awaitable<boolean> {
    return this.#database.existing("write", (statements) => {
      const now = this.#clock.now();
      const expiresAt = statements?.release(Buffer.from(key), token);
      return expiresAt !== undefined && expiresAt > now;
    });
  }

  look(key: string): Awaitable<Grant | undefined> {
    return this.#database.existing("read", (statements) => {
      const found = statements?.find(Buffer.from(key), this.#clock.now());
      if (found === undefined || isGone(found.process)) return undefined;
      return { holder: JSON.parse(found.holder) as string, token: found.token };
    });
  }

  close(): void {
    this.#database.close();
  }
}

function grantOrReserve(
  statements: LockStatements,
  grant: NewGrant,
  waiter: string,
  until: number,
): number | undefined {
  const token = grantOrTakeOver(statements, grant);
  if (token === undefined) statements.reserve(grant.key, waiter, grant.now, until);
  else statements.unreserve(grant.key);
  return token;
}

function grantOrTakeOver(statements: LockStatements, grant: NewGrant): number | undefined {
  const token = statements.acquire(grant);
  if (token !== undefined) return token;
  const found = statements.find(grant.key, grant.now);
  if (found === undefined || !isGone(found.process)) return undefined;
  // What is compared is the token: another process may have taken the same grant over a moment ago.
  return statements.takeOver(grant, found.token);
}
