import type { FlowRunRow, RunCounts, Shown } from "../run-store.ts";
import { asText } from "../../io/postgres/values.ts";
import { readTags, textOrNull, writeTags } from "./columns.ts";
import { readState, type WrittenState, writeState } from "./states.ts";
import type { FlowRunsTable } from "./tables.ts";

/** What a flow run has beside its columns. */
interface Detail {
  readonly states: readonly WrittenState[];
  readonly attempt: number;
  readonly process: string;
  readonly parameters: Shown;
  readonly counts: RunCounts;
  readonly version?: string | undefined;
  readonly error?: string | undefined;
  readonly file?: string | undefined;
  readonly parametersKey?: string | undefined;
}

/** The values of a flow run, in the order of its layout. */
export function flowRunValues(run: FlowRunRow): Array<string | number | null> {
  const { states, attempt, process, parameters, counts, version, error, file, parametersKey } = run;
  const began = states[0]!.timestamp;
  const last = states.at(-1)!;
  const detail: Detail = {
    states: states.map((state) => writeState(state, began)),
    attempt,
    process,
    parameters,
    counts,
    version,
    error,
    file,
    parametersKey,
  };
  return [
    run.id,
    began,
    last.timestamp,
    asText(run.flowName),
    asText(run.name),
    textOrNull(run.parentId),
    last.type,
    asText(last.name),
    writeTags(run.tags),
    JSON.stringify(detail),
  ];
}

/** The columns that {@link flowRunOf} needs. */
export const flowRunColumns = ["id", "began", "flow_name", "name", "parent_id", "tags", "detail"] as const;

/** The flow run of a row. */
export function flowRunOf(row: Pick<FlowRunsTable, (typeof flowRunColumns)[number]>): FlowRunRow {
  const { states, ...detail } = JSON.parse(row.detail) as Detail;
  return {
    id: row.id,
    name: row.name,
    flowName: row.flow_name,
    ...(row.parent_id === null ? {} : { parentId: row.parent_id }),
    tags: readTags(row.tags),
    states: states.map((state) => readState(state, row.began)),
    ...detail,
  };
}
