import { setImmediate as nextTurn } from "node:timers/promises";
import { asText } from "../../io/postgres/values.ts";
import type { Builder } from "./builder.ts";
import type { Query, Questions } from "./questions.ts";
import { finalTypes } from "./states.ts";

/*
 * DESIGN: how old runs go.
 *
 * What it does: removes in steps, each a transaction of a few milliseconds, with a turn of the event loop after each. The row of a
 * flow run goes last: where the process dies half-way, the next one finds it again.
 * What it promises: nothing of a run that goes on, or that ended later, is touched.
 */

/** So many rows go in a step. */
const stepRows = 200;
/** So many rows are looked at in a step. */
const windowRows = 500;
/** So many flow runs are dealt with at once. */
const flowsAtOnce = 20;

/** Removes flow runs and all that belongs to them. @returns how many there were */
export async function removeFlowRuns(questions: Questions, ids: readonly string[]): Promise<number> {
  let removed = 0;
  for (let done = 0; done < ids.length; done += flowsAtOnce) {
    const some = ids.slice(done, done + flowsAtOnce).map(asText);
    await untilNone(questions, (builder) => [taskRunsOf(builder, some), logsOf(builder, some)]);
    const [, , rows] = await questions.change(
      ({ db, isOneOf, sql }) => [
        db.deleteFrom("questions").where(isOneOf(sql.ref("flow_run_id"), some)),
        db.deleteFrom("cancel_requests").where(isOneOf(sql.ref("flow_run_id"), some)),
        db
          .deleteFrom("flow_runs")
          .where(isOneOf(sql.ref("id"), some))
          .returning("n"),
      ],
      { make: false },
    );
    removed += rows!.length;
    await nextTurn();
  }
  return removed;
}

function taskRunsOf({ db, isOneOf, isRow, sql }: Builder, flowRunIds: readonly string[]): Query<unknown> {
  const some = db
    .selectFrom("task_runs")
    .select("n")
    .where(isOneOf(sql.ref("flow_run_id"), flowRunIds))
    .limit(stepRows);
  return db
    .deleteFrom("task_runs")
    .where(isRow(sql.ref("n"), some))
    .returning("n");
}

function logsOf({ db, isOneOf, isRow, sql }: Builder, runIds: readonly string[]): Query<unknown> {
  const some = db
    .selectFrom("logs")
    .select("n")
    .where(isOneOf(sql.ref("run_id"), runIds))
    .limit(stepRows);
  return db
    .deleteFrom("logs")
    .where(isRow(sql.ref("n"), some))
    .returning("n");
}

/** Says statements again and again, until none of them gives a full step of rows. */
async function untilNone(
  questions: Questions,
  queries: (builder: Builder) => ReadonlyArray<Query<unknown>>,
): Promise<void> {
  for (let most = stepRows; most === stepRows; ) {
    const results = await questions.change(queries, { make: false });
    most = Math.max(...results.map((rows) => rows.length));
    await nextTurn();
  }
}

/** Removes what ended before a moment. @returns how many flow runs and task runs without one */
export async function prune(questions: Questions, before: number): Promise<number> {
  const flowRuns = await pruneFlowRuns(questions, before);
  const taskRuns = await pruneLoneTaskRuns(questions, before);
  await pruneLogs(questions, before);
  await untilNone(questions, ({ db, isRow, sql }) => {
    const some = db.selectFrom("cache_events").select("n").where("time", "<", before).limit(stepRows);
    return [
      db
        .deleteFrom("cache_events")
        .where(isRow(sql.ref("n"), some))
        .returning("n"),
    ];
  });
  await questions.change(
    ({ db, hasParts, sql }) => {
      // Parts grow with the numbers of the rows. One in which no row has a key stays: a row may get one later.
      const first = db.selectFrom("task_runs").select("part").orderBy("n").limit(sql.lit(1));
      return hasParts ? [db.deleteFrom("task_run_parts").where("part", "<", first)] : [];
    },
    { make: false },
  );
  return flowRuns + taskRuns;
}

async function pruneFlowRuns(questions: Questions, before: number): Promise<number> {
  let removed = 0;
  await inWindows<{
    readonly began: number;
    readonly n: number;
    readonly id: string;
    readonly last_at: number;
    readonly state_type: string;
  }>(
    (last) =>
      questions.read(({ db, sql }) => {
        const old = db
          .selectFrom("flow_runs")
          .select(["n", "id", "began", "last_at", "state_type"])
          .where("began", "<", before)
          .orderBy("began")
          .orderBy("n")
          .limit(windowRows);
        return last === undefined ? old : old.where(sql<boolean>`(began, n) > (${last.began}, ${last.n})`);
      }),
    async (rows) => {
      const over = rows.filter((row) => isOver(row, before)).map(({ id }) => id);
      removed += await removeFlowRuns(questions, over);
    },
  );
  return removed;
}

/** Those outside of flows, and those whose flow run was never written or was removed while it went on. */
async function pruneLoneTaskRuns(questions: Questions, before: number): Promise<number> {
  let removed = 0;
  await inWindows<{
    readonly began: number;
    readonly id: string;
    readonly n: number;
    readonly last_at: number;
    readonly state_type: string;
    readonly flow: number | null;
  }>(
    (last) =>
      questions.read(({ db, sql }) => {
        const old = db
          .selectFrom("task_runs")
          .select((of) => [
            "n",
            "id",
            "began",
            "last_at",
            "state_type",
            of
              .selectFrom("flow_runs")
              .select("flow_runs.n")
              .whereRef("flow_runs.id", "=", "task_runs.flow_run_id")
              .as("flow"),
          ])
          .where("began", "<", before)
          .orderBy("began")
          .orderBy("id")
          .limit(windowRows);
        return last === undefined ? old : old.where(sql<boolean>`(began, id) > (${last.began}, ${last.id})`);
      }),
    async (rows) => {
      const over = rows.filter((row) => row.flow === null && isOver(row, before)).map(({ n }) => n);
      for (let done = 0; done < over.length; done += stepRows) {
        const [gone] = await questions.change(
          ({ db, isOneOf, sql }) => [
            db
              .deleteFrom("task_runs")
              .where(isOneOf(sql.ref("n"), over.slice(done, done + stepRows)))
              .returning("n"),
          ],
          { make: false },
        );
        removed += gone!.length;
        await nextTurn();
      }
    },
  );
  return removed;
}

/** Lines of flow runs that are there stay with them. Lines are written in the order of time, but for a few. */
async function pruneLogs(questions: Questions, before: number): Promise<void> {
  let isOld = true;
  await inWindows<{ readonly n: number; readonly time: number; readonly flow: number | null }>(
    (last) =>
      isOld
        ? questions.read(({ db }) =>
            db
              .selectFrom("logs")
              .select((of) => [
                "n",
                "time",
                of
                  .selectFrom("flow_runs")
                  .select("flow_runs.n")
                  .whereRef("flow_runs.id", "=", "logs.run_id")
                  .as("flow"),
              ])
              .where("n", ">", last?.n ?? 0)
              .orderBy("n")
              .limit(windowRows),
          )
        : Promise.resolve([]),
    async (rows) => {
      isOld = rows.some(({ time }) => time < before);
      const over = rows.filter(({ time, flow }) => flow === null && time < before).map(({ n }) => n);
      if (over.length === 0) return;
      await questions.change(({ db, isOneOf, sql }) => [db.deleteFrom("logs").where(isOneOf(sql.ref("n"), over))], {
        make: false,
      });
    },
  );
}

function isOver(
  { last_at, state_type }: { readonly last_at: number; readonly state_type: string },
  before: number,
): boolean {
  return last_at < before && finalTypes.some((type) => type === state_type);
}

/** Goes through rows, some at a time. */
async function inWindows<T>(
  read: (last: T | undefined) => Promise<readonly T[]>,
  work: (rows: readonly T[]) => Promise<void>,
): Promise<void> {
  for (let last: T | undefined; ; ) {
    const rows = await read(last);
    if (rows.length === 0) return;
    last = rows.at(-1);
    await work(rows);
    await nextTurn();
  }
}
