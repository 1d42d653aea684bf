import type * as kysely from "kysely";
import type { AliasedExpression, Expression, Kysely, RawBuilder } from "kysely";
import type { Medium } from "./medium.ts";
import type { Tables } from "./tables.ts";

/*
 * DESIGN: the query builder, Kysely.
 *
 * What it does: puts questions into words; a {@link Medium} says them. It is loaded by the first question: a process that only
 * records does not wait for it.
 * What it promises: the same code for SQLite and PostgreSQL; what the two have different words for is here.
 */
export interface Builder {
  readonly db: Kysely<Tables>;
  readonly sql: typeof kysely.sql;
  /** Whether a value is one of several, with one parameter for all of them. */
  isOneOf(
    value: Expression<string | number | null>,
    several: readonly string[] | readonly number[],
  ): RawBuilder<boolean>;
  /** Whether a text has another one in it. */
  contains(value: Expression<string | null>, part: string): RawBuilder<boolean>;
  /** A table of keys and their digests. */
  keys(
    pairs: ReadonlyArray<readonly [key: string, hash: number]>,
  ): AliasedExpression<{ key: string; hash: number }, "asked">;
  /** A number by which no index is to be chosen. */
  plain(column: Expression<number>): RawBuilder<number>;
  /** Rows of these numbers, found one by one. */
  isRow(n: Expression<number>, rows: Expression<{ n: number }>): RawBuilder<boolean>;
  /** Whether the rows of task runs are counted off into parts, and one index has all states: that is so in SQLite. */
  readonly hasParts: boolean;
}

/** The query builder for a medium. */
export async function builderFor({ kind, schema }: Pick<Medium, "kind" | "schema">): Promise<Builder> {
  const { Kysely, DummyDriver, sql, ...adapters } = await import("kysely");
  const [Adapter, Introspector, QueryCompiler] =
    kind === "sqlite"
      ? [adapters.SqliteAdapter, adapters.SqliteIntrospector, adapters.SqliteQueryCompiler]
      : [adapters.PostgresAdapter, adapters.PostgresIntrospector, adapters.PostgresQueryCompiler];
  const db = new Kysely<Tables>({
    dialect: {
      createAdapter: () => new Adapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (all) => new Introspector(all),
      createQueryCompiler: () => new QueryCompiler(),
    },
  });
  const words = kind === "sqlite" ? sqliteWords(sql) : postgresWords(sql);
  return { db: schema === undefined ? db : db.withSchema(schema), sql, ...words };
}

type Words = Omit<Builder, "db" | "sql">;

function sqliteWords(sql: Builder["sql"]): Words {
  return {
    isOneOf: (value, several) => sql<boolean>`${value} in (select value from json_each(${JSON.stringify(several)}))`,
    contains: (value, part) => sql<boolean>`instr(${value}, ${part}) > 0`,
    keys: (pairs) =>
      sql<{
        key: string;
        hash: number;
      }>`(select value ->> 0 as key, value ->> 1 as hash from json_each(${JSON.stringify(pairs)}))`.as<"asked">(
        sql`asked`,
      ),
    plain: (column) => sql`+${column}`,
    isRow: (n, rows) => sql<boolean>`${n} in ${rows}`,
    hasParts: true,
  };
}

function postgresWords(sql: Builder["sql"]): Words {
  return {
    isOneOf: (value, several) =>
      sql<boolean>`${value} = any(${several}::${sql.raw(typeof several[0] === "number" ? "bigint[]" : "text[]")})`,
    contains: (value, part) => sql<boolean>`strpos(${value}, ${part}) > 0`,
    keys: (pairs) =>
      sql<{
        key: string;
        hash: number;
      }>`(select * from unnest(${pairs.map(([key]) => key)}::text[], ${pairs.map(([, hash]) => hash)}::integer[]) as pairs (key, hash))`.as<"asked">(
        sql`asked`,
      ),
    plain: (column) => sql`(${column} + 0)`,
    // With `in`, a server that has no statistics yet may go through the whole table.
    isRow: (n, rows) => sql<boolean>`${n} = any(array${rows})`,
    hasParts: false,
  };
}
