import { asText } from "../../io/postgres/values.ts";
import type { RunFilter, TaskRunRow, TaskStats } from "../run-store.ts";
import type { Builder } from "./builder.ts";
import { hashOf } from "./columns.ts";
import { limitOf } from "./filters.ts";
import { shortestBeginning } from "./flow-run-questions.ts";
import type { Query, Questions } from "./questions.ts";
import {
  byIdBeginning,
  firstWithKey,
  isNarrow,
  meeting,
  named,
  type TaskRunQuery,
  withKey,
} from "./task-run-filters.ts";
import { taskRunColumns, taskRunOf } from "./task-run-rows.ts";

/** The newest first. */
export async function listTaskRuns(questions: Questions, filter: RunFilter): Promise<readonly TaskRunRow[]> {
  const rows = await questions.read((builder) => rowsOf(builder, newest(builder, filter)));
  return rows.map(taskRunOf);
}

/** First which rows, from indexes; then the rows, which are long. */
function rowsOf(
  { db, isRow, sql }: Builder,
  which: TaskRunQuery<{ n: number }>,
): Query<Parameters<typeof taskRunOf>[0]> {
  return db
    .selectFrom("task_runs")
    .select(taskRunColumns)
    .where(isRow(sql.ref("n"), which))
    .orderBy("began", "desc")
    .orderBy("n", "desc");
}

function newest(builder: Builder, filter: RunFilter): TaskRunQuery<{ n: number }> {
  const { db, hasParts, plain, sql } = builder;
  const { key, state, outcome, limit } = filter;
  const isScan = hasParts && !isNarrow(filter) && (state !== undefined || outcome !== undefined);
  const began = isScan ? plain(sql.ref<number>("began")) : sql.ref<number>("began");
  const met = meeting(builder, db.selectFrom("task_runs").select("n"), filter, isScan);
  const inOrder = (query: typeof met): typeof met =>
    query.orderBy(began, "desc").orderBy("n", "desc").limit(limitOf(limit));
  return key === undefined ? inOrder(met) : firstWithKey(builder, met, key, inOrder);
}

/** By id, the beginning of one, or by name. */
export async function findTaskRun(questions: Questions, idOrName: string): Promise<TaskRunRow | undefined> {
  const asked = asText(idOrName);
  const find = async (which: (builder: Builder) => TaskRunQuery<{ n: number }>): Promise<TaskRunRow | undefined> => {
    const [row] = await questions.read((builder) => rowsOf(builder, which(builder)));
    return row && taskRunOf(row);
  };
  const byId = (): Promise<TaskRunRow | undefined> =>
    find(({ db, sql }) =>
      byIdBeginning(db.selectFrom("task_runs").select("n"), asked)
        // The one that has exactly this id goes before those that begin with it.
        .orderBy(sql`case when id = ${asked} then 0 else 1 end`)
        .orderBy("began", "desc")
        .limit(1),
    );
  const byName = (): Promise<TaskRunRow | undefined> =>
    find((builder) =>
      builder.db
        .selectFrom("task_runs")
        .select("n")
        .where("n", "in", named(builder, idOrName))
        .orderBy(builder.plain(builder.sql.ref("began")), "desc")
        .limit(1),
    );
  return (idOrName.length >= shortestBeginning ? await byId() : undefined) ?? byName();
}

const keysAtOnce = 1000;

/** When records were last used. */
export async function lastUses(questions: Questions, keys: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const found = new Map<string, number>();
  const byWritten = new Map(keys.map((key) => [asText(key), key]));
  const pairs = [...byWritten].map(([written, key]) => [written, hashOf(key)] as const);
  for (let done = 0; done < pairs.length; done += keysAtOnce) {
    const rows = await questions.read((builder) => usesOf(builder, pairs.slice(done, done + keysAtOnce)));
    for (const { key, used } of rows) if (used !== null) found.set(byWritten.get(key) ?? key, used);
  }
  return found;
}

function usesOf(
  { db, keys, sql }: Builder,
  pairs: ReadonlyArray<readonly [string, number]>,
): Query<{ key: string; used: number | null }> {
  // The newest run in each part of the table: a key that was used a million times costs no more than one that was used once.
  const inPart = db
    .selectFrom("task_runs")
    .select("last_at")
    .where(sql<boolean>`task_runs.part = parts.part`)
    .where(sql<boolean>`task_runs.key_hash = asked.hash`)
    .where(sql<boolean>`task_runs.key = asked.key`)
    .orderBy("began", "desc")
    .limit(sql.lit(1));
  return db
    .selectFrom(["task_run_parts as parts", keys(pairs)])
    .select(["asked.key", sql<number | null>`max((${inPart}))`.as("used")])
    .groupBy("asked.key");
}

/** By the name of the task. */
export async function taskStats(questions: Questions, filter: RunFilter): Promise<readonly TaskStats[]> {
  const rows = await questions.read((builder) => {
    const { db, sql } = builder;
    const having = (what: "hit" | "miss" | "refreshed" | "uncached"): ReturnType<typeof sql<number>> =>
      sql<number>`count(case when outcome = ${sql.lit(what)} then 1 end)`;
    const all = db
      .selectFrom("task_runs")
      .select((of) => [
        "task_name",
        of.fn.countAll<number>().as("runs"),
        having("hit").as("hits"),
        having("miss").as("misses"),
        having("refreshed").as("refreshed"),
        having("uncached").as("uncached"),
        sql<number>`count(case when state_type in ('FAILED', 'CRASHED') then 1 end)`.as("failed"),
        of.fn.sum<number>("saved_ms").as("saved"),
        sql<number>`coalesce(sum(case when outcome = 'hit' then 0 else duration_ms end), 0)`.as("computed"),
        of.fn.max("began").as("last_began"),
      ])
      .groupBy("task_name");
    const met = meeting(builder, all, filter, builder.hasParts && !isNarrow(filter));
    return filter.key === undefined ? met : withKey(builder, met, filter.key);
  });
  // Sorted here, so that the server need not go through the rows in this order.
  const sorted = rows.toSorted((a, b) => (a.task_name < b.task_name ? -1 : 1));
  return sorted.map(({ task_name, saved, computed, last_began, ...counts }) => ({
    taskName: task_name,
    ...counts,
    savedMs: saved,
    computedMs: computed,
    lastRunAt: last_began,
  }));
}
