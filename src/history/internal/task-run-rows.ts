import { asText } from "../../io/postgres/values.ts";
import { taskRunName } from "../../kernel/ids.ts";
import type { DecisionOutcome } from "../../states/decision.ts";
import type { Shown, TaskRunRow } from "../run-store.ts";
import { hashOf, readTags, textOrNull, writeTags } from "./columns.ts";
import { readState, type WrittenState, writeState } from "./states.ts";
import type { TaskRunsTable } from "./tables.ts";

/** What a task run has beside its columns. Names are short: there are a million of these. What is the usual is left out. */
interface Detail {
  /** The states. */
  readonly s: readonly WrittenState[];
  /** The inputs as JSON, and what of them is missing. */
  readonly i: string;
  readonly l?: Shown["left"];
  /** The attempt; 1 where it is left out. */
  readonly a?: number | undefined;
  /** The parent; 1 where it is the flow run. */
  readonly p?: string | 1 | undefined;
  readonly v?: string | undefined;
  readonly e?: string | undefined;
  readonly k?: string | undefined;
  /** The runs that had to complete first; none where it is left out. */
  readonly u?: readonly string[] | undefined;
  readonly r?: string | undefined;
  readonly c?: Readonly<Record<string, string>> | undefined;
  /** Where the record is. */
  readonly w?: string | undefined;
  /** Whether it was persisted. */
  readonly d?: 1 | undefined;
}

/** The values of a task run, in the order of its layout. */
export function taskRunValues(run: TaskRunRow, part: number): Array<string | number | null> {
  const { states, id, flowRunId, taskName, name, key } = run;
  const began = states[0]!.timestamp;
  const last = states[states.length - 1]!;
  return [
    part,
    id,
    began,
    last.timestamp,
    textOrNull(flowRunId),
    asText(taskName),
    name === taskRunName(taskName, id) ? null : asText(name),
    last.type,
    asText(last.name),
    run.outcome ?? null,
    textOrNull(key),
    key === undefined ? null : hashOf(key),
    run.savedMs,
    run.durationMs ?? null,
    writeTags(run.tags),
    JSON.stringify(detailOf(run, began)),
  ];
}

function detailOf(run: TaskRunRow, began: number): Detail {
  const { attempt, parentId, inputs, upstream } = run;
  return {
    s: run.states.map((state) => writeState(state, began)),
    i: inputs.json,
    l: inputs.left,
    a: attempt === 1 ? undefined : attempt,
    p: parentId !== undefined && parentId === run.flowRunId ? 1 : parentId,
    v: run.version,
    e: run.error,
    k: run.inputsKey,
    u: upstream.length === 0 ? undefined : upstream,
    r: run.reason,
    c: run.components,
    w: run.storage,
    d: run.persisted ? 1 : undefined,
  };
}

/** What a detail ends with where the run was persisted; nothing within a text of it can look so, as quotes are escaped there. */
export const persistedMark = ',"d":1}';

/** The columns that {@link taskRunOf} needs. */
export const taskRunColumns = [
  "id",
  "began",
  "flow_run_id",
  "task_name",
  "name",
  "outcome",
  "key",
  "saved_ms",
  "duration_ms",
  "tags",
  "detail",
] as const;

/** The task run of a row. */
export function taskRunOf(row: Pick<TaskRunsTable, (typeof taskRunColumns)[number]>): TaskRunRow {
  const detail = JSON.parse(row.detail) as Detail;
  const flowRunId = row.flow_run_id ?? undefined;
  return withoutUndefined({
    id: row.id,
    name: row.name ?? taskRunName(row.task_name, row.id),
    taskName: row.task_name,
    flowRunId,
    parentId: detail.p === 1 ? flowRunId : detail.p,
    version: detail.v,
    tags: readTags(row.tags),
    states: detail.s.map((state) => readState(state, row.began)),
    attempt: detail.a ?? 1,
    error: detail.e,
    inputs: detail.l === undefined ? { json: detail.i } : { json: detail.i, left: detail.l },
    inputsKey: detail.k,
    upstream: detail.u ?? [],
    outcome: (row.outcome as DecisionOutcome | null) ?? undefined,
    reason: detail.r,
    key: row.key ?? undefined,
    components: detail.c,
    storage: detail.w,
    persisted: detail.d === 1,
    durationMs: row.duration_ms ?? undefined,
    savedMs: row.saved_ms,
  });
}

/** What is not there is not there: rows go out as JSON and are compared. */
export function withoutUndefined<T extends object>(row: T): T {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined)) as T;
}
