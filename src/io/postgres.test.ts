import { randomUUID } from "node:crypto";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startPostgres } from "../../tests/services/postgres.ts";
import type { Server } from "../../tests/services/server-process.ts";
import { pgUrl } from "../../tests/services/services.ts";
import { ConfigurationError, StorageError } from "../kernel/errors.ts";
import { Schema, type Part } from "./postgres/schema.ts";
import type { PostgresServer } from "./postgres/target.ts";
import { Postgres, type PostgresUse, type Statement } from "./postgres.ts";

const url = await pgUrl();
const secret = "hush-hush";
const opened: Postgres[] = [];

function open(server: PostgresServer, use?: PostgresUse): Postgres {
  const postgres = new Postgres(server, use);
  opened.push(postgres);
  return postgres;
}

afterEach(async () => {
  for (const postgres of opened.splice(0)) await postgres.close();
});

function ask(text: string, values: readonly unknown[] = [], more: Partial<Statement> = {}): Statement {
  return { text, values, action: "read", ...more };
}

async function failureOf(work: Promise<unknown>): Promise<StorageError> {
  const error = await work.then(
    () => expect.fail("It did not fail"),
    (failure: unknown) => failure,
  );
  expect(error).toBeInstanceOf(StorageError);
  return error as StorageError;
}

describe("The package pg", () => {
  it("is missed when the storage is made, with what to do", () => {
    const module = new URL("./postgres.ts", import.meta.url).href;
    const script = `
      const Module = require("node:module");
      const original = Module._resolveFilename;
      Module._resolveFilename = (request, ...rest) => {
        if (request === "pg") throw Object.assign(new Error("Cannot find module 'pg'"), { code: "MODULE_NOT_FOUND" });
        return original(request, ...rest);
      };
      import(${JSON.stringify(module)}).then(({ Postgres }) => {
        try { new Postgres("postgres://localhost"); } catch (error) { console.log(error.code, error.hint); }
      });`;
    const flags = process.features.typescript ? [] : ["--experimental-strip-types", "--no-warnings"];
    const { stdout, stderr } = spawnSync(process.execPath, [...flags, "-e", script], { encoding: "utf8" });
    expect(stderr).toBe("");
    expect(stdout).toBe("OXBOW_DRIVER_MISSING npm install pg\n");
  });
});

describe("The place of a server", () => {
  it.each<[string, PostgresServer, string]>([
    ["a connection string", `postgres://me:${secret}@db.example.com:6432/app`, "postgres://db.example.com:6432/app"],
    ["a string without a port", `postgresql://me:${secret}@db.example.com/app`, "postgres://db.example.com:5432/app"],
    ["a configuration", { host: "::1", port: 1, database: "a/b", password: secret }, "postgres://[::1]:1/a%2Fb"],
    ["a socket", { host: "/run/pg", database: "app" }, "postgres://%2Frun%2Fpg:5432/app"],
    ["a pool", new pg.Pool({ host: "h", port: 2, database: "d", password: secret }), "postgres://h:2/d"],
  ])("is known from %s, without credentials", (_, server, location) => {
    expect(open(server).location).toBe(location);
  });

  it.each([["", undefined, null, 5, `postgres://me:${secret}@db:wrong/app`]].flat())("cannot be %j", (server) => {
    const make = (): Postgres => new Postgres(server as string);
    expect(make).toThrow(ConfigurationError);
    try {
      make();
    } catch (error) {
      expect(JSON.stringify([String(error), (error as Error).cause ?? null])).not.toContain(secret);
    }
  });
});

describe("A server that cannot be reached", () => {
  it("is said at once, with what to do", async () => {
    const error = await failureOf(open(`postgres://me:${secret}@127.0.0.1:1/app`).query(ask("SELECT 1")));
    expect(error.message).toMatch(/^Cannot read postgres:\/\/127.0.0.1:1\/app: connect ECONNREFUSED 127.0.0.1:1\n/);
    expect(error.hint).toMatch(/host and port/);
    expect(JSON.stringify([error, error.message, error.stack, error.cause])).not.toContain(secret);
  });

  it("is named also where the host has several addresses, or none", async () => {
    expect((await failureOf(open("postgres://localhost:1/app").query(ask("SELECT 1")))).message).toMatch(
      /ECONNREFUSED/,
    );
    expect((await failureOf(open("postgres://nowhere.invalid/app").query(ask("SELECT 1")))).message).toMatch(/invalid/);
  });
});

describe("A server that ends the connection as soon as it is there", () => {
  it("fails the statement, and not the process", async () => {
    const message = (type: string, content: string): Buffer => {
      const length = Buffer.alloc(4);
      length.writeInt32BE(content.length + 4);
      return Buffer.concat([Buffer.from(type), length, Buffer.from(content)]);
    };
    const welcome = [message("R", "\0\0\0\0"), message("Z", "I"), message("E", "SFATAL\0C57P01\0Mgood-bye\0\0")];
    const server = createServer((socket) => socket.once("data", () => socket.end(Buffer.concat(welcome))));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const postgres = open(`postgres://127.0.0.1:${port}/app`);
    expect((await failureOf(postgres.query(ask("SELECT 1")))).message).toMatch(/good-bye|not queryable|terminated/);
    server.close();
  });
});

describe.skipIf(url === undefined)("Statements", () => {
  it("give rows as arrays, and every kind of value as it is", async () => {
    const types = pg.types.getTypeParser(20);
    pg.types.setTypeParser(20, () => "not ours");
    const text = "SELECT $1::bytea, $2::float8, 9007199254740991::bigint, 5::int, true, $3::text, NULL::text";
    const { rows } = await open(url!).query(ask(text, [Buffer.from([0, 255]), 0.1 + 0.2, "ü\u{1f600}"]));
    pg.types.setTypeParser(20, types);
    expect(rows).toEqual([[new Uint8Array([0, 255]), 0.1 + 0.2, 9007199254740991, 5, true, "ü\u{1f600}", null]]);
  });

  it("wait in line when there are more than connections", async () => {
    const postgres = open({ connectionString: url!, max: 2, connectionTimeoutMillis: 300 });
    const slow = Array.from({ length: 10 }, async (_, i) => postgres.query(ask("SELECT $1::int, pg_sleep(0.1)", [i])));
    expect((await Promise.all(slow)).map(({ rows }) => rows[0]![0])).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it("are undone together in a transaction that fails, and the connection can be used again", async () => {
    const table = `"${randomUUID()}"`;
    const postgres = open({ connectionString: url!, max: 1 });
    await postgres.query(ask(`CREATE TABLE ${table} (n int)`));
    const { rows: before } = await postgres.query(ask("SELECT pg_backend_pid()"));
    for (const end of ["SELECT 1 / 0", undefined]) {
      const work = postgres.transaction("write to", async (say) => {
        await say({ text: `INSERT INTO ${table} VALUES (1)` });
        if (end === undefined) throw new StorageError("Enough");
        await say({ text: end });
      });
      expect((await failureOf(work)).message).toMatch(/division by zero|Enough/);
    }
    expect((await postgres.query(ask(`SELECT count(*) FROM ${table}`))).rows).toEqual([[0]]);
    expect((await postgres.query(ask("SELECT pg_backend_pid()"))).rows).toEqual(before);
    await postgres.query(ask(`DROP TABLE ${table}`));
  });

  it("are remembered by the server where that is asked for", async () => {
    for (const prepare of [false, true]) {
      const postgres = open({ connectionString: url!, max: 1 }, { prepare });
      await postgres.query(ask("SELECT 1 + $1::int", [1], { isFixed: true }));
      const { rows } = await postgres.query(ask("SELECT count(*) FROM pg_prepared_statements WHERE $1", [true]));
      expect(rows).toEqual([[prepare ? 1 : 0]]);
    }
  });

  it("are said again when serializable transactions meet", async () => {
    const table = `"${randomUUID()}"`;
    const postgres = open({ connectionString: url!, options: "-c default_transaction_isolation=serializable" });
    await postgres.query(ask(`CREATE TABLE ${table} AS SELECT 0 AS n`));
    const additions = Array.from({ length: 8 }, async () => postgres.query(ask(`UPDATE ${table} SET n = n + 1`)));
    await Promise.all(additions);
    expect((await postgres.query(ask(`SELECT n FROM ${table}`))).rows).toEqual([[8]]);
    await postgres.query(ask(`DROP TABLE ${table}`));
  });
});

describe.skipIf(url === undefined)("A connection that breaks", () => {
  const slow = ask("SELECT 5, pg_sleep(0.4)");

  async function breakSoon(postgres: Postgres): Promise<void> {
    const text =
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1 AND query LIKE 'SELECT 5%'";
    for (let ended = 0; ended === 0; ) ended = (await postgres.query(ask(text, [name]))).rows.length;
  }

  const name = `broken ${randomUUID()}`;

  it("does no harm where the server has ended it", async () => {
    const postgres = open({ connectionString: url!, application_name: name });
    const answer = postgres.query(slow);
    await breakSoon(open(url!));
    expect((await answer).rows).toEqual([[5, ""]]);
  });

  it("does no harm to a statement that may be repeated, and fails any other", async () => {
    const way = await startWay(new URL(url!));
    const postgres = open(way.url);
    for (const isRepeatable of [true, false]) {
      const answer = postgres.query({ ...slow, isRepeatable });
      const outcome = isRepeatable ? answer.then(({ rows }) => rows) : failureOf(answer).then(({ message }) => message);
      await way.used();
      way.cut();
      if (isRepeatable) expect(await outcome).toEqual([[5, ""]]);
      else expect(await outcome).toMatch(/Connection terminated unexpectedly/);
    }
    expect((await postgres.query(ask("SELECT 1"))).rows).toEqual([[1]]);
    await postgres.close();
    await way.stop();
  });

  it("is replaced where nobody used it", async () => {
    const postgres = open({ connectionString: url!, max: 1 });
    const { rows } = await postgres.query(ask("SELECT pg_backend_pid()"));
    await open(url!).query(ask("SELECT pg_terminate_backend($1)", [rows[0]![0]]));
    expect((await postgres.query(ask("SELECT 1"))).rows).toEqual([[1]]);
  });
});

describe.skipIf(url === undefined)("A pool of the user's own", () => {
  it("is not ended, and serves with one connection", async () => {
    const pool = new pg.Pool({ connectionString: url, max: 1 });
    const postgres = open(pool);
    const answers = [1, 2, 3].map(async (n) => postgres.query(ask("SELECT $1::int", [n])));
    await postgres.transaction("read", (say) => say({ text: "SELECT 1" }));
    expect((await Promise.all(answers)).map(({ rows }) => rows)).toEqual([[[1]], [[2]], [[3]]]);
    await postgres.close();
    expect((await pool.query("SELECT 1 AS n")).rows).toEqual([{ n: 1 }]);
    expect(postgres.listener("channel")).toBeUndefined();
    await pool.end();
    expect((await failureOf(postgres.query(ask("SELECT 1")))).message).toMatch(/after calling end/);
  });

  it("that has no connection to give is not waited for without end, nor robbed later", async () => {
    const pool = new pg.Pool({ connectionString: url, max: 1, query_timeout: 200 });
    const theirs = await pool.connect();
    const postgres = open(pool);
    const failures = [failureOf(postgres.query(ask("SELECT 1"))), failureOf(postgres.query(ask("SELECT 1")))];
    for (const failure of failures) expect((await failure).hint).toMatch(/does not answer in time/);
    theirs.release();
    expect((await postgres.query(ask("SELECT 1"))).rows).toEqual([[1]]);
    expect(pool.idleCount).toBe(1);
    await pool.end();
  });

  it("may give another connection for every statement, as a pooler does", async () => {
    const pool = new pg.Pool({ connectionString: url, maxUses: 1 });
    const schema = new Schema(open(pool), `pooled ${randomUUID()}`, part);
    await schema.query(ask(`INSERT INTO ${schema.quoted}.things VALUES (1)`));
    expect((await schema.queryIfThere(ask(`SELECT * FROM ${schema.quoted}.things`)))?.rows).toEqual([[1]]);
    await schema.query(ask(`DROP SCHEMA ${schema.quoted} CASCADE`));
    await pool.end();
  });
});

/** A way to the server that can be cut: a connection that ends without a word. */
async function startWay(to: URL): Promise<{ url: string; used(): Promise<void>; cut(): void; stop(): Promise<void> }> {
  const sockets = new Set<Socket>();
  let onUse: (() => void) | undefined;
  const proxy = createServer((near) => {
    const far = connect(Number(to.port || 5432), to.hostname);
    near.on("data", (data) => {
      if (data.includes("SELECT 5")) onUse?.();
    });
    for (const socket of [near, far]) sockets.add(socket.on("error", () => undefined));
    near.pipe(far).pipe(near);
  }).listen(0, "127.0.0.1");
  await once(proxy, "listening");
  const from = new URL(to);
  from.host = `127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  return {
    url: from.href,
    used: () => new Promise((resolve) => (onUse = resolve)),
    cut: () => sockets.forEach((socket) => socket.destroy()),
    stop: async () => {
      proxy.close();
      await once(proxy, "close");
    },
  };
}

const part: Part = { name: "things", steps: [(schema) => `CREATE TABLE ${schema}.things (n int)`] };

describe.skipIf(url === undefined)("A schema", () => {
  let name: string;
  let quoted: string;
  const count = (): Statement => ask(`SELECT count(*) FROM ${quoted}.things`);

  function schemaOf(parts: Part = part): Schema {
    return new Schema(open(url!), name, parts);
  }

  beforeAll(() => {
    name = `sch"ema ${randomUUID()}`;
    quoted = `"${name.replaceAll('"', '""')}"`;
  });
  afterEach(async () => void (await open(url!).query(ask(`DROP SCHEMA IF EXISTS ${quoted} CASCADE`))));

  it("is not made by reading, and made by the first write", async () => {
    const schema = schemaOf();
    expect(await schema.queryIfThere(count())).toBeUndefined();
    expect((await schema.query(count())).rows).toEqual([[0]]);
    expect((await schemaOf().queryIfThere(count()))?.rows).toEqual([[0]]);
  });

  it("is made once by many who begin at the same moment", async () => {
    const all = Array.from({ length: 20 }, async () => schemaOf().query(count()));
    for (const { rows } of await Promise.all(all)) expect(rows).toEqual([[0]]);
  });

  it("that was dropped is not there for readers, and made anew by writers", async () => {
    const schema = schemaOf();
    for (const drop of [`DROP SCHEMA ${quoted} CASCADE`, `DROP SCHEMA ${quoted} CASCADE`]) {
      await schema.query(count());
      await open(url!).query(ask(drop));
    }
    expect(await schema.queryIfThere(count())).toBeUndefined();
    expect((await schema.query(count())).rows).toEqual([[0]]);
    await open(url!).query(ask(`DROP SCHEMA ${quoted} CASCADE`));
    expect(await schema.transaction("write to", (say) => say({ text: count().text }))).toMatchObject({ rows: [[0]] });
  });

  it("is brought up to date step by step, by readers too, and is closed to older releases", async () => {
    await schemaOf().query(ask(`INSERT INTO ${quoted}.things VALUES (7)`));
    const newer: Part = {
      name: "things",
      steps: [...part.steps, (schema) => `ALTER TABLE ${schema}.things ADD m int DEFAULT 8`],
    };
    expect((await schemaOf(newer).queryIfThere(ask(`SELECT n, m FROM ${quoted}.things`)))?.rows).toEqual([[7, 8]]);
    for (const use of [schemaOf().query(count()), schemaOf().queryIfThere(count())].map(failureOf)) {
      expect((await use).message).toMatch(/its things have version 2, this release knows up to 1\n.*update/);
    }
  });

  it("with a table of somebody else is left alone", async () => {
    await open(url!).query(ask(`CREATE SCHEMA ${quoted} CREATE TABLE things (theirs int)`));
    expect((await failureOf(schemaOf().query(count()))).hint).toMatch(/another program/);
    expect((await open(url!).query(ask(`SELECT theirs FROM ${quoted}.things`))).rows).toEqual([]);
  });

  it("needs no more rights than it uses", async () => {
    const role = `role ${randomUUID()}`;
    const admin = open(url!);
    await admin.query(ask(`CREATE ROLE "${role}" LOGIN PASSWORD 'right'`));
    const roleUrl = Object.assign(new URL(url!), { username: role, password: "right" });
    const asRole = (): Schema => new Schema(open(roleUrl.href), name, part);
    const refused = await failureOf(asRole().query(count()));
    expect(refused.message).toMatch(/permission denied/);
    expect(refused.hint).toMatch(/AUTHORIZATION/);
    await admin.query(ask(`CREATE SCHEMA ${quoted} AUTHORIZATION "${role}"`));
    expect((await asRole().query(count())).rows).toEqual([[0]]);
    await admin.query(ask(`ALTER SCHEMA ${quoted} OWNER TO CURRENT_USER`));
    expect((await failureOf(asRole().query(count()))).message).toMatch(/permission denied for schema/);
    await admin.query(ask(`GRANT USAGE ON SCHEMA ${quoted} TO "${role}"`));
    expect((await asRole().query(count())).rows).toEqual([[0]]);
    await admin.query(ask(`DROP SCHEMA ${quoted} CASCADE`));
    await admin.query(ask(`DROP ROLE "${role}"`));
  });

  it.each(["", "x".repeat(64), "a\0b", "ü".repeat(32), 5])("cannot have the name %j", (wrong) => {
    expect(() => new Schema(open(url!), wrong as string, part)).toThrow(/schema: .* cannot be a name/);
  });
});

describe.skipIf(url === undefined)("A server of one's own", () => {
  let server: Server;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server.stop());

  it("refuses a wrong password, which is in no message", async () => {
    const admin = open(server.url);
    await admin.query(ask("CREATE ROLE someone LOGIN PASSWORD 'right'"));
    const { rows } = await admin.query(ask("SELECT setting FROM pg_settings WHERE name = 'hba_file'"));
    const file = rows[0]![0] as string;
    writeFileSync(file, "host all someone 127.0.0.1/32 scram-sha-256\n");
    appendFileSync(file, "host all postgres 127.0.0.1/32 trust\n");
    await admin.query(ask("SELECT pg_reload_conf()"));
    const wrong = (password: string): string => server.url.replace("postgres@", `someone:${password}@`);
    expect((await open(wrong("right")).query(ask("SELECT 1"))).rows).toEqual([[1]]);
    for (const password of [secret, ""]) {
      const error = await failureOf(open(wrong(password)).query(ask("SELECT 1")));
      expect(error.message).toMatch(/password/);
      expect(JSON.stringify([error, error.message, error.stack, error.cause])).not.toContain(secret);
    }
    expect((await failureOf(open(server.url.replace(/postgres$/, "nothing")).query(ask("SELECT 1")))).hint).toMatch(
      /createdb/,
    );
  });

  it("that is frozen is given up in time, and used again when it goes on", async () => {
    const postgres = open({ connectionString: server.url, max: 2, query_timeout: 400, connectionTimeoutMillis: 400 });
    const { rows } = await postgres.query(ask("SELECT pg_backend_pid()"));
    const pids = [server.pid, rows[0]![0] as number];
    const began = performance.now();
    for (const pid of pids) process.kill(pid, "SIGSTOP");
    try {
      const all = Array.from({ length: 50 }, async () =>
        failureOf(postgres.query(ask("SELECT 1", [], { isRepeatable: true }))),
      );
      for (const failure of all) expect((await failure).hint).toMatch(/does not answer in time/);
      expect((await failureOf(postgres.transaction("read", (say) => say({ text: "SELECT 1" })))).hint).toMatch(
        /in time/,
      );
      await postgres.close();
      expect(performance.now() - began).toBeLessThan(3000);
    } finally {
      for (const pid of pids) process.kill(pid, "SIGCONT");
    }
    expect((await postgres.query(ask("SELECT 1"))).rows).toEqual([[1]]);
  });

  it("that is killed fails what goes on, and all that comes", async () => {
    const postgres = open(server.url);
    await postgres.query(ask("SELECT 1"));
    const underway = Array.from({ length: 20 }, async () => failureOf(postgres.query(ask("SELECT pg_sleep(60)"))));
    await new Promise((resolve) => setImmediate(resolve));
    process.kill(server.pid, "SIGKILL");
    for (const failure of underway) expect((await failure).message).toMatch(/^Cannot read postgres:/);
    expect((await failureOf(postgres.query(ask("SELECT 1", [], { isRepeatable: true })))).message).toMatch(
      /ECONNREFUSED/,
    );
    await postgres.close();
  });
});
