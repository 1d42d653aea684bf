import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { holderChecks } from "../../tests/locks/holder-checks.ts";
import { startPostgres } from "../../tests/services/postgres.ts";
import { pgUrl } from "../../tests/services/services.ts";
import { Postgres } from "../io/postgres.ts";
import { lockSuite } from "../testing/lock-suite.ts";
import type { LockManager } from "./lock-manager.ts";
import type { Claim, Grant } from "./lock-medium.ts";
import { postgresLocks, type PostgresLocksOptions, type PostgresServer } from "./postgres.ts";
import { PostgresMedium } from "./postgres/medium.ts";

const url = await pgUrl();

describe.skipIf(url === undefined)("With a PostgreSQL", () => {
  const pool = new pg.Pool({ connectionString: url });
  const opened: LockManager[] = [];
  let schema: string;

  beforeEach(() => {
    schema = `locks ${randomUUID()}`;
  });
  afterEach(async () => {
    for (const locks of opened.splice(0)) await Promise.resolve(locks.close()).catch(() => undefined);
    await drop(schema);
  });
  afterAll(() => pool.end());

  function open(options: PostgresLocksOptions = {}, server: PostgresServer = url!): LockManager {
    const locks = postgresLocks(server, { schema, ...options });
    opened.push(locks);
    return locks;
  }

  async function drop(name: string): Promise<void> {
    await pool.query(`DROP SCHEMA IF EXISTS "${name}" CASCADE`);
  }

  /** Makes the tables, which takes longer than some of the leases of the suite. */
  async function warm(locks: LockManager): Promise<LockManager> {
    await (await locks.acquire("another key", "holder"))!.release();
    return locks;
  }

  for (const listen of [true, false]) {
    lockSuite({ describe, it }, `postgresLocks() with listen: ${listen}`, async (options) => {
      const name = `locks ${randomUUID()}`;
      return {
        locks: await warm(postgresLocks(url!, { schema: name, listen, ...options })),
        another: () => warm(postgresLocks(url!, { schema: name, listen, lease: options.lease })),
        dispose: () => drop(name),
      };
    });
  }

  holderChecks("postgres", () => ({ at: url! }), { endsWithProcess: false });

  describe("PostgresMedium", () => {
    let medium: PostgresMedium;
    let other: PostgresMedium;
    beforeEach(() => {
      [medium, other] = [1, 2].map(() => new PostgresMedium(new Postgres(url!), schema, true)) as [
        PostgresMedium,
        PostgresMedium,
      ];
    });
    afterEach(async () => {
      for (const one of [medium, other]) await one.close();
    });

    const claim = (by: PostgresMedium, more: Partial<Claim> = {}): Promise<Grant | undefined> =>
      by.tryAcquire({ key: "key", holder: "holder", leaseMs: 60_000, ...more });
    const change = (set: string): Promise<unknown> => pool.query(`UPDATE "${schema}".locks SET ${set}`);
    const expire = (): Promise<unknown> => change("expires_at = clock_timestamp()");

    it("goes by the clock of the server", async () => {
      const { token } = (await claim(medium, { leaseMs: 1500.5 }))!;
      const { rows } = await pool.query(
        `SELECT extract(epoch FROM expires_at - granted_at)::float8 AS lease FROM "${schema}".locks`,
      );
      expect(rows[0].lease).toBeCloseTo(1.5005, 3);
      await change("expires_at = clock_timestamp() + interval '1 hour'");
      expect(await claim(other)).toBeUndefined();
      expect(await medium.renew("key", token, 1000)).toBe(true);
      await expire();
      expect(await medium.look("key")).toBeUndefined();
      expect(await medium.renew("key", token, 1000)).toBe(false);
      expect(await medium.release("key", token)).toBe(false);
      expect((await claim(other, { holder: "next" }))!.token).toBeGreaterThan(token);
      expect(await medium.release("key", token)).toBe(false);
      expect(await medium.look("key")).toMatchObject({ holder: "next" });
    });

    it("gives greater tokens also where the clock was set back, or the row was lost", async () => {
      const { token } = (await claim(medium))!;
      expect(token).toBeGreaterThan(Date.now() * 900);
      await change(`token = ${Number.MAX_SAFE_INTEGER - 1}, expires_at = clock_timestamp()`);
      expect((await claim(other))!.token).toBe(Number.MAX_SAFE_INTEGER);
      await pool.query(`DELETE FROM "${schema}".locks`);
      expect((await claim(other))!.token).toBeGreaterThan(token);
      await drop(schema);
      expect(await medium.renew("key", token, 1000)).toBe(false);
      expect(await medium.release("key", token)).toBe(false);
      expect(await medium.look("key")).toBeUndefined();
      expect((await claim(other))!.token).toBeGreaterThan(token);
    });

    it("keeps a key for who has waited, one at a time", async () => {
      const one = { waiter: "one", reserveMs: 60_000 };
      const two = { waiter: "two", reserveMs: 60_000 };
      const { token } = (await claim(medium))!;
      expect(await claim(other, one)).toBeUndefined();
      expect(await claim(other, two)).toBeUndefined();
      expect(await medium.look("key"), "A reservation changes nothing else").toEqual({ holder: "holder", token });
      expect(await medium.release("key", token)).toBe(true);
      expect(await claim(medium)).toBeUndefined();
      expect(await claim(other, two)).toBeUndefined();
      expect(await claim(other, { ...one, holder: "first" })).toMatchObject({ holder: "first" });
      await expire();
      expect(await claim(other, { ...two, holder: "second" })).toMatchObject({ holder: "second" });
      expect(await claim(other, one)).toBeUndefined();
      await change("expires_at = '-infinity', reserved_until = clock_timestamp()");
      expect(await claim(medium, { holder: "third" })).toMatchObject({ holder: "third" });
    });

    it("gives a new key at once to who comes with a waiter", async () => {
      expect(await claim(medium, { waiter: "one", reserveMs: 60_000 })).toBeDefined();
      await expire();
      expect(await claim(other)).toBeDefined();
    });

    it("wakes those who wait for a key, and nobody else", async () => {
      const woken: string[] = [];
      const { token } = (await claim(medium))!;
      const another = (await claim(medium, { key: "another" }))!;
      const heard = new Promise<void>((resolve) => {
        void other.subscribe!("key", () => resolve(void woken.push("key")));
      });
      const end = await other.subscribe!("another", () => woken.push("another"));
      end();
      await medium.release("another", another.token);
      await medium.release("key", token);
      await heard;
      expect(woken).toEqual(["key"]);
    });

    it("removes what nobody has needed for an hour", async () => {
      for (const key of ["free", "expired", "held", "reserved"]) await claim(medium, { key });
      await change("granted_at = granted_at - interval '2 hours'");
      await change("expires_at = '-infinity' WHERE key <> 'held'");
      await change("reserved_until = clock_timestamp() + interval '1 hour' WHERE key = 'reserved'");
      await claim(medium, { key: "young" });
      for (let i = 0; i < 1000; i += 1) await medium.release("young", 1);
      await medium.close();
      const { rows } = await pool.query(`SELECT convert_from(key, 'UTF8') AS key FROM "${schema}".locks ORDER BY key`);
      expect(rows.map(({ key }) => key as string)).toEqual(["held", "reserved", "young"]);
    });
  });

  describe("postgresLocks()", () => {
    it("says one statement to acquire, one to confirm, and one to release", async () => {
      const counted = new pg.Pool({ connectionString: url, max: 2 });
      const said: string[] = [];
      counted.on("connect", (client) => {
        const query = client.query.bind(client) as (statement: { text: string }) => unknown;
        client.query = ((statement: { text: string }) => {
          said.push(statement.text);
          return query(statement);
        }) as never;
      });
      const locks = await warm(open({ lease: { milliseconds: 100 } }, counted));
      said.length = 0;
      const lease = (await locks.acquire("key", "holder"))!;
      expect(said).toHaveLength(1);
      await sleep(40);
      await lease.confirm();
      expect(await lease.release()).toBe(true);
      expect(said.length).toBeGreaterThanOrEqual(3);
      expect(said.length, "A heartbeat may have come in between").toBeLessThanOrEqual(4);
      await locks.close();
      await counted.end();
    });

    it("works with a pool of one connection, also while somebody waits", async () => {
      const single = new pg.Pool({ connectionString: url, max: 1 });
      const locks = [open({}, single), open({}, single)];
      const lease = (await locks[0]!.acquire("key", "one"))!;
      const waiting = locks.map(async (each, i) => (await each.acquire("key", `waiter ${i}`))!.release());
      await sleep(30);
      expect(await lease.release()).toBe(true);
      expect(await Promise.all(waiting)).toEqual([true, true]);
      for (const each of locks) await each.close();
      await single.end();
    });

    it("goes on where the connection that listens breaks, or cannot be had", async () => {
      const name = `listens ${randomUUID()}`;
      const locks = open({}, { connectionString: url!, application_name: name });
      const first = (await open().acquire("key", "one"))!;
      const waiting = Promise.resolve(locks.acquire("key", "two"));
      const ended = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1 AND query LIKE 'LISTEN%'`;
      for (let count = 0; count === 0; ) count = (await pool.query(ended, [name])).rowCount!;
      expect(await first.release()).toBe(true);
      expect(await (await waiting)!.release()).toBe(true);
    });

    it("shares a schema with others who are not woken", async () => {
      const [loud, silent] = [open({ listen: true }), open({ listen: false })];
      for (const [one, two] of [
        [loud, silent],
        [silent, loud],
      ] as const) {
        const lease = (await one.acquire("key", "one"))!;
        const waiting = Promise.resolve(two.acquire("key", "two"));
        await sleep(30);
        await lease.release();
        expect(await (await waiting)!.release()).toBe(true);
      }
    });
  });

  describe("A server of one's own", () => {
    it("that is frozen loses locks in time, and that is killed fails, without a word of the password", async () => {
      const server = await startPostgres();
      const address = server.url.replace("postgres@", "postgres:hush-hush@");
      const limits = { connectionString: address, query_timeout: 300, connectionTimeoutMillis: 300 };
      const locks = open({ lease: { milliseconds: 500 } }, limits);
      const lease = (await locks.acquire("key", "holder"))!;
      const lost = new Promise((resolve) => lease.signal.addEventListener("abort", resolve));
      const { rows } = await query(
        server.url,
        "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'",
      );
      const pids = [server.pid, ...rows.map(({ pid }) => pid as number)];
      const began = performance.now();
      for (const pid of pids) signal(pid, "SIGSTOP");
      await lost;
      expect(performance.now() - began).toBeLessThan(2000);
      expect(lease.signal.reason).toMatchObject({ code: "OXBOW_LOCK_LOST" });
      await expect(async () => locks.acquire("key", "other")).rejects.toMatchObject({ code: "OXBOW_LOCK_FAILED" });
      for (const pid of pids) signal(pid, "SIGCONT");
      expect(await (await locks.acquire("key", "other"))!.release()).toBe(true);

      process.kill(server.pid, "SIGKILL");
      await server.stop();
      const failure: unknown = await Promise.resolve(locks.acquire("key", "holder")).catch((error: unknown) => error);
      expect(failure).toMatchObject({ name: "LockError", code: "OXBOW_LOCK_FAILED" });
      expect(JSON.stringify([failure, (failure as Error).message, (failure as Error).cause])).not.toContain("hush");
      await expect(async () => locks.isLocked("key")).rejects.toMatchObject({ code: "OXBOW_LOCK_FAILED" });
    });
  });
});

async function query(at: string, text: string): Promise<pg.QueryResult> {
  const client = new pg.Client({ connectionString: at });
  await client.connect();
  const result = await client.query(text);
  await client.end();
  return result;
}

/** The one that has asked for the list is gone by then. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    expect(error).toMatchObject({ code: "ESRCH" });
  }
}
