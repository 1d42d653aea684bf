import type { SelectQueryBuilder } from "kysely";
import { asText } from "../../io/postgres/values.ts";
import type { RunFilter } from "../run-store.ts";
import type { Builder } from "./builder.ts";
import { hashOf, tagPattern } from "./columns.ts";
import { endOf, stateColumn } from "./filters.ts";
import { persistedMark } from "./task-run-rows.ts";
import type { Tables } from "./tables.ts";

/** A query on task runs. */
export type TaskRunQuery<O> = SelectQueryBuilder<Tables, "task_runs", O>;

/** Whether an index of their own leads to the rows that meet a filter. */
export function isNarrow({ of, flowRunId, key, tag, name }: RunFilter): boolean {
  return [of, flowRunId, key, tag, name].some((part) => part !== undefined);
}

/**
 * Only what meets a filter, whatever its key.
 *
 * @param isScan all rows are gone through, in the index that has what is asked for; not in the order of time, row by row
 */
export function meeting<O>(
  builder: Builder,
  query: TaskRunQuery<O>,
  filter: RunFilter,
  isScan: boolean,
): TaskRunQuery<O> {
  const { contains, plain, sql } = builder;
  const { name, of, flowRunId, state, tag, outcome, stored, since, before } = filter;
  const began = isScan ? plain(sql.ref<number>("began")) : sql.ref<number>("began");
  let met = query;
  if (name !== undefined) met = met.where("n", "in", named(builder, name));
  if (of !== undefined) met = met.where("task_name", "=", asText(of));
  if (flowRunId !== undefined) met = met.where("flow_run_id", "=", asText(flowRunId));
  if (state !== undefined) met = met.where(stateColumn(state), "=", asText(state));
  if (tag !== undefined) met = met.where("tags", "is not", null).where(contains(sql.ref("tags"), tagPattern(tag)));
  if (outcome !== undefined) met = met.where("outcome", "=", outcome);
  if (stored) met = met.where("outcome", "in", ["miss", "refreshed"]).where(contains(sql.ref("detail"), persistedMark));
  if (since !== undefined) met = met.where(began, ">=", since);
  if (before !== undefined) met = met.where(began, "<", before);
  return met;
}

/** Only what has a key. */
export function withKey<O>({ db }: Builder, query: TaskRunQuery<O>, key: string): TaskRunQuery<O> {
  return havingKey(query.where("part", "in", db.selectFrom("task_run_parts").select("part")), key);
}

function havingKey<O>(query: TaskRunQuery<O>, key: string): TaskRunQuery<O> {
  return query.where("key_hash", "=", hashOf(key)).where("key", "=", asText(key));
}

/**
 * Those of a key that come first in an order. Where the table has parts, those are taken of each part: of a key that a million runs
 * had, the others are not looked at.
 *
 * @param inOrder orders, and takes no more than are wanted
 */
export function firstWithKey(
  builder: Builder,
  query: TaskRunQuery<{ n: number }>,
  key: string,
  inOrder: (query: TaskRunQuery<{ n: number }>) => TaskRunQuery<{ n: number }>,
): TaskRunQuery<{ n: number }> {
  const { db, sql, hasParts } = builder;
  if (!hasParts) return inOrder(withKey(builder, query, key));
  const ofPart = inOrder(havingKey(query.where(sql<boolean>`task_runs.part = parts.part`), key));
  const ofAll = db
    .selectFrom(["task_run_parts as parts", "task_runs as first"])
    .select("first.n")
    .where("first.n", "in", ofPart);
  return inOrder(db.selectFrom("task_runs").select("n").where("n", "in", ofAll));
}

/** The rows of the runs of a name: `add-one-d85` follows from the task and the id, and stands nowhere. */
export function named({ db }: Builder, name: string): TaskRunQuery<{ n: number }> {
  const ownName = db.selectFrom("task_runs").select("n").where("name", "=", asText(name));
  const [, task, beginning] = /^(.*)-(.{3})$/su.exec(name) ?? [];
  if (task === undefined || beginning === undefined) return ownName;
  const usualName = db
    .selectFrom("task_runs")
    .select("n")
    .where("n", "in", byIdBeginning(db.selectFrom("task_runs").select("n"), beginning))
    .where("task_name", "=", asText(task))
    .where("name", "is", null);
  return ownName.unionAll(usualName);
}

/** Only those whose id begins so. */
export function byIdBeginning<O>(query: TaskRunQuery<O>, beginning: string): TaskRunQuery<O> {
  return query.where("id", ">=", beginning).where("id", "<", endOf(beginning));
}
