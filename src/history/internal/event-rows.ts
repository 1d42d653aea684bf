import { asText } from "../../io/postgres/values.ts";
import type { CacheEventRow, LogRow, Question, TaskSourceRow } from "../run-store.ts";
import { hashOf, textOrNull } from "./columns.ts";
import type { CacheEventsTable, LogsTable, QuestionsTable, TaskSourcesTable } from "./tables.ts";
import { withoutUndefined } from "./task-run-rows.ts";

/** The values of a line of a log, in the order of its layout. */
export function logValues(log: LogRow): Array<string | number | null> {
  const { flowRunId, taskRunId } = log;
  return [textOrNull(flowRunId ?? taskRunId), textOrNull(taskRunId), log.time, log.level, asText(log.message)];
}

/** The line of a row. */
export function logOf(row: Omit<LogsTable, "n">): LogRow {
  const taskRunId = row.task_run_id ?? undefined;
  return withoutUndefined({
    time: row.time,
    level: row.level as LogRow["level"],
    message: row.message,
    flowRunId: row.run_id === null || row.run_id === taskRunId ? undefined : row.run_id,
    taskRunId,
  });
}

/** The values of an event, in the order of its layout. */
export function cacheEventValues(event: CacheEventRow): Array<string | number | null> {
  const { time, kind, key, taskName, storage, detail } = event;
  const hash = key === undefined ? null : hashOf(key);
  return [time, kind, textOrNull(key), hash, textOrNull(taskName), textOrNull(storage), asText(detail)];
}

/** The event of a row. */
export function cacheEventOf(row: Omit<CacheEventsTable, "n" | "key_hash">): CacheEventRow {
  return withoutUndefined({
    time: row.time,
    kind: row.kind as CacheEventRow["kind"],
    key: row.key ?? undefined,
    taskName: row.task_name ?? undefined,
    storage: row.storage ?? undefined,
    detail: row.detail,
  });
}

/** The values of a definition, in the order of its layout. */
export function taskSourceValues(source: TaskSourceRow): Array<string | number | null> {
  const { taskName, digest, text, file, seenAt } = source;
  return [asText(taskName), digest, asText(text), textOrNull(file), seenAt];
}

/** The definition of a row. */
export function taskSourceOf(row: TaskSourcesTable): TaskSourceRow {
  return withoutUndefined({
    taskName: row.task_name,
    digest: row.digest,
    text: row.text,
    file: row.file ?? undefined,
    seenAt: row.seen_at,
  });
}

/** The question of a row. */
export function questionOf(row: QuestionsTable): Question {
  return withoutUndefined({
    flowRunId: row.flow_run_id,
    name: row.name,
    askedAt: row.asked_at,
    deadline: row.deadline ?? undefined,
    text: row.text,
    answer: row.answer ?? undefined,
    answeredAt: row.answered_at ?? undefined,
  });
}
