import { ConfigurationError, StorageError } from "../../kernel/errors.ts";
import type { Postgres, Say, Statement } from "../postgres.ts";
import { isMissing } from "./failure.ts";
import type { PostgresResult } from "./target.ts";

/** Tables that belong together, and how they came to be. */
export interface Part {
  /** What they are for: the name under which their version is kept. */
  readonly name: string;
  /** For each version the SQL that leads to it from the one before; the first one makes the tables. */
  readonly steps: ReadonlyArray<(schema: string) => string>;
}

/*
 * DESIGN: the tables of one driver in a schema of the database.
 *
 * What it does: looks once which version of the tables is there. The first write makes them, or brings them up to date; the
 * lock of the transaction that does it lets one process in at a time, however many begin at once.
 * What it promises: reading creates nothing. Tables of a newer release, and those of somebody else, are left alone. Tables that
 * were dropped under us are made anew by the next write.
 * What the caller must do: take the name of the schema from {@link Schema.quoted}.
 */
export class Schema {
  /** The name, ready for SQL. */
  readonly quoted: string;
  /** The place, for people: with the schema in it. */
  readonly location: string;
  readonly #server: Postgres;
  readonly #name: string;
  readonly #part: Part;
  #isReady = false;
  #making: Promise<void> | undefined;

  /** @throws {ConfigurationError} `OXBOW_OPTION_INVALID` where PostgreSQL cannot have a schema of that name */
  constructor(server: Postgres, name: string, part: Part) {
    this.quoted = quotedName(name);
    this.location = `${server.location}?schema=${encodeURIComponent(name)}`;
    this.#server = server;
    this.#name = name;
    this.#part = part;
  }

  /** Says a statement; `undefined` where the tables are not there. */
  async queryIfThere(statement: Statement): Promise<PostgresResult | undefined> {
    if (!this.#isReady && !(await this.#isThere())) return undefined;
    return this.#unlessDropped(this.#server.query(statement), () => undefined);
  }

  /** Says a statement; makes the tables where they are not there. */
  async query(statement: Statement): Promise<PostgresResult> {
    const say = (): Promise<PostgresResult> => this.#server.query(statement);
    if (!this.#isReady) await this.#make();
    return this.#unlessDropped(say(), () => this.#make().then(say));
  }

  /** All or nothing, as {@link Postgres.transaction}; makes the tables where they are not there. */
  async transaction<T>(action: string, work: (say: Say) => Promise<T>): Promise<T> {
    const begin = (): Promise<T> => this.#server.transaction(action, work);
    if (!this.#isReady) await this.#make();
    return this.#unlessDropped(begin(), () => this.#make().then(begin));
  }

  async #unlessDropped<T, U>(answer: Promise<T>, otherwise: () => U): Promise<T | Awaited<U>> {
    try {
      return await answer;
    } catch (error) {
      if (!isMissing((error as Error).cause)) throw error;
      this.#isReady = false;
      return await otherwise();
    }
  }

  async #isThere(): Promise<boolean> {
    const version = await this.#version();
    if (version === 0) return false;
    if (version < this.#part.steps.length) await this.#make();
    return true;
  }

  #make(): Promise<void> {
    this.#making ??= this.#makeNow().finally(() => (this.#making = undefined));
    return this.#making;
  }

  async #makeNow(): Promise<void> {
    // Nearly always everything is there, and then no rights are needed.
    if ((await this.#version()) === this.#part.steps.length) return;
    await this.#server.transaction("make tables in", async (say) => {
      await say({ text: "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", values: [`oxbow ${this.#name}`] });
      // From the table itself: to_regnamespace() may remember that it was not there before the lock was waited for.
      const found = await say({
        text: "SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = $1",
        values: [this.#name],
      });
      if (found.rows.length === 0) await say({ text: `CREATE SCHEMA ${this.quoted}` });
      await say({
        text: `CREATE TABLE IF NOT EXISTS ${this.quoted}.oxbow_versions (part text PRIMARY KEY, version integer NOT NULL)`,
      });
      await this.#bringUpToDate(say);
    });
    this.#isReady = true;
  }

  async #bringUpToDate(say: Say): Promise<void> {
    const { name, steps } = this.#part;
    const version = this.#versionIn(await say(this.#versionStatement()));
    for (const step of steps.slice(version)) await say({ text: step(this.quoted) });
    await say({
      text: `INSERT INTO ${this.quoted}.oxbow_versions VALUES ($1, $2) ON CONFLICT (part) DO UPDATE SET version = excluded.version`,
      values: [name, steps.length],
    });
  }

  /** The version of the tables; `0` where they are not there. */
  async #version(): Promise<number> {
    const statement = { ...this.#versionStatement(), action: "read", isRepeatable: true };
    const version = await this.#unlessDropped(
      this.#server.query(statement).then((found) => this.#versionIn(found)),
      () => 0,
    );
    if (version === this.#part.steps.length) this.#isReady = true;
    return version;
  }

  #versionStatement(): Pick<Statement, "text" | "values"> {
    return { text: `SELECT version FROM ${this.quoted}.oxbow_versions WHERE part = $1`, values: [this.#part.name] };
  }

  #versionIn({ rows }: PostgresResult): number {
    const version = Number(rows[0]?.[0] ?? 0);
    if (version <= this.#part.steps.length) return version;
    throw new StorageError(
      `Cannot use ${this.location}: its ${this.#part.name} have version ${version}, this release knows up to ${this.#part.steps.length}`,
      { hint: "a newer Oxbow made them: update this one, or give it a schema of its own" },
    );
  }
}

function quotedName(name: unknown): string {
  const isPossible = typeof name === "string" && name !== "" && Buffer.byteLength(name) <= 63 && !name.includes("\0");
  if (isPossible) return `"${name.replaceAll('"', '""')}"`;
  throw new ConfigurationError(
    "OXBOW_OPTION_INVALID",
    `schema: ${JSON.stringify(name)} cannot be a name of PostgreSQL`,
    {
      hint: "a name has 1 to 63 bytes, and no NUL",
    },
  );
}
