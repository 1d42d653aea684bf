import { asText } from "../../io/postgres/values.ts";
import type { CacheEventRow, LogRow, Question, RunStore, TaskSourceRow } from "../run-store.ts";
import { hashOf, textOrNull } from "./columns.ts";
import { cacheEventOf, logOf, questionOf, taskSourceOf } from "./event-rows.ts";
import { limitOf } from "./filters.ts";
import type { Questions } from "./questions.ts";

const logColumns = ["run_id", "task_run_id", "time", "level", "message"] as const;

/** In the order of time: those of a flow run with its task runs, or of one task run. */
export async function listLogs(
  questions: Questions,
  runId: string,
  { limit, after }: { readonly limit?: number; readonly after?: number },
): Promise<readonly LogRow[]> {
  const asked = asText(runId);
  const read = async (run: string, taskRun?: string): Promise<readonly LogRow[]> => {
    const rows = await questions.read(({ db }) => {
      let query = db.selectFrom("logs").select(logColumns).where("run_id", "=", run).orderBy("time").orderBy("n");
      if (taskRun !== undefined) query = query.where("task_run_id", "=", taskRun);
      if (after !== undefined) query = query.where("time", ">", after);
      return query.limit(limitOf(limit, Number.POSITIVE_INFINITY));
    });
    return rows.map(logOf);
  };
  const own = await read(asked);
  if (own.length > 0 || (await isFlowRun(questions, asked))) return own;
  // The lines of a task run in a flow stand with those of the flow run.
  const [taskRun] = await questions.read(({ db }) =>
    db
      .selectFrom("task_runs")
      .select("flow_run_id")
      .where("n", "in", db.selectFrom("task_runs").select("n").where("id", "=", asked)),
  );
  const flowRunId = taskRun?.flow_run_id;
  return flowRunId === undefined || flowRunId === null ? [] : read(flowRunId, asked);
}

/** That is known at once; to find a task run by its id, all of them are gone through. */
async function isFlowRun(questions: Questions, id: string): Promise<boolean> {
  const found = await questions.read(({ db }) => db.selectFrom("flow_runs").select("n").where("id", "=", id));
  return found.length > 0;
}

type EventFilter = NonNullable<Parameters<RunStore["cacheEvents"]["list"]>[0]>;

/** The newest first. */
export async function listCacheEvents(questions: Questions, filter: EventFilter): Promise<readonly CacheEventRow[]> {
  const { key, taskName } = filter;
  const limit = limitOf(filter.limit);
  const rows = await questions.readPlainly(({ table, value }) => {
    const ofKey = key === undefined ? [] : [`key_hash = ${value(hashOf(key))}`, `key = ${value(asText(key))}`];
    const ofTask = taskName === undefined ? [] : [`task_name = ${value(asText(taskName))}`];
    return `SELECT time, kind, key, task_name, storage, detail FROM ${table("cache_events")}
      WHERE ${["1 = 1", ...ofKey, ...ofTask].join(" AND ")} ORDER BY time DESC, n DESC LIMIT ${value(limit)}`;
  });
  return (rows as unknown as ReadonlyArray<Parameters<typeof cacheEventOf>[0]>).map(cacheEventOf);
}

/** The newest first. */
export async function listTaskSources(questions: Questions, taskName?: string): Promise<readonly TaskSourceRow[]> {
  const rows = await questions.read(({ db }) => {
    const query = db.selectFrom("task_sources").selectAll().orderBy("seen_at", "desc").orderBy("digest");
    return taskName === undefined ? query : query.where("task_name", "=", asText(taskName));
  });
  return rows.map(taskSourceOf);
}

/** Writes a question, unless it is there; gives the one that is. */
export async function askQuestion(questions: Questions, question: Question): Promise<Question> {
  const flowRunId = asText(question.flowRunId);
  const name = asText(question.name);
  const [, found] = await questions.change(
    ({ db }) => [
      db
        .insertInto("questions")
        .values({
          flow_run_id: flowRunId,
          name,
          asked_at: question.askedAt,
          deadline: question.deadline ?? null,
          text: asText(question.text),
          answer: textOrNull(question.answer),
          answered_at: question.answeredAt ?? null,
        })
        .onConflict((conflict) => conflict.columns(["flow_run_id", "name"]).doNothing()),
      db.selectFrom("questions").selectAll().where("flow_run_id", "=", flowRunId).where("name", "=", name),
    ],
    { make: true },
  );
  return questionOf(found![0] as unknown as Parameters<typeof questionOf>[0]);
}

/** In the order in which they were asked. */
export async function listQuestions(questions: Questions, flowRunId: string): Promise<readonly Question[]> {
  const rows = await questions.read(({ db }) =>
    db
      .selectFrom("questions")
      .selectAll()
      .where("flow_run_id", "=", asText(flowRunId))
      .orderBy("asked_at")
      .orderBy("name"),
  );
  return rows.map(questionOf);
}

/** @returns whether there was such a question that had no answer, and whose time was not over */
export async function answerQuestion(
  questions: Questions,
  [flowRunId, name, answer, at]: readonly [flowRunId: string, name: string, answer: string, at: number],
): Promise<boolean> {
  const [rows] = await questions.change(
    ({ db }) => [
      db
        .updateTable("questions")
        .set({ answer: asText(answer), answered_at: at })
        .where("flow_run_id", "=", asText(flowRunId))
        .where("name", "=", asText(name))
        .where("answer", "is", null)
        .where((of) => of.or([of("deadline", "is", null), of("deadline", ">", at)]))
        .returning("name"),
    ],
    { make: false },
  );
  return rows!.length > 0;
}

/** Asks for a flow run to be cancelled; the first time counts. */
export async function requestCancel(questions: Questions, flowRunId: string, at: number): Promise<void> {
  await questions.change(
    ({ db }) => [
      db
        .insertInto("cancel_requests")
        .values({ flow_run_id: asText(flowRunId), at })
        .onConflict((conflict) => conflict.column("flow_run_id").doNothing()),
    ],
    { make: true },
  );
}

/** Takes it back that a flow run is to be cancelled. */
export async function withdrawCancel(questions: Questions, flowRunId: string): Promise<void> {
  await questions.change(({ db }) => [db.deleteFrom("cancel_requests").where("flow_run_id", "=", asText(flowRunId))], {
    make: false,
  });
}

/** Which of these somebody asked to cancel. */
export async function cancelledAmong(questions: Questions, flowRunIds: readonly string[]): Promise<readonly string[]> {
  if (flowRunIds.length === 0) return [];
  const rows = await questions.read(({ db, isOneOf, sql }) =>
    db
      .selectFrom("cancel_requests")
      .select("flow_run_id")
      .where(isOneOf(sql.ref("flow_run_id"), flowRunIds.map(asText))),
  );
  return rows.map(({ flow_run_id }) => flow_run_id);
}
