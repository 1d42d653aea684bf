import { asText } from "../../io/postgres/values.ts";
import type { FlowRunRow, FlowSummary, RunFilter } from "../run-store.ts";
import { tagPattern } from "./columns.ts";
import { flowRunColumns, flowRunOf } from "./flow-run-rows.ts";
import { endOf, limitOf, stateColumn } from "./filters.ts";
import type { Questions } from "./questions.ts";
import { unfinishedTypes } from "./states.ts";

/** The newest first. A filter that only task runs can meet is met by none. */
export async function listFlowRuns(questions: Questions, filter: RunFilter): Promise<readonly FlowRunRow[]> {
  if (filter.outcome !== undefined || filter.stored || filter.key !== undefined) return [];
  const { name, of, flowRunId, state, tag, since, before } = filter;
  const rows = await questions.read(({ db, contains, sql }) => {
    let query = db.selectFrom("flow_runs").select(flowRunColumns).orderBy("began", "desc").orderBy("n", "desc");
    if (name !== undefined) query = query.where("name", "=", asText(name));
    if (of !== undefined) query = query.where("flow_name", "=", asText(of));
    if (flowRunId !== undefined) query = query.where("parent_id", "=", asText(flowRunId));
    if (state !== undefined) query = query.where(stateColumn(state), "=", asText(state));
    if (tag !== undefined) query = query.where(contains(sql.ref("tags"), tagPattern(tag)));
    if (since !== undefined) query = query.where("began", ">=", since);
    if (before !== undefined) query = query.where("began", "<", before);
    return query.limit(limitOf(filter.limit));
  });
  return rows.map(flowRunOf);
}

/** By id, the beginning of one, or by name. */
export async function findFlowRun(questions: Questions, idOrName: string): Promise<FlowRunRow | undefined> {
  const asked = asText(idOrName);
  const find = async (by: "id" | "beginning" | "name"): Promise<FlowRunRow | undefined> => {
    const [row] = await questions.read(({ db }) => {
      const query = db.selectFrom("flow_runs").select(flowRunColumns).orderBy("began", "desc").limit(1);
      if (by === "beginning") return query.where("id", ">=", asked).where("id", "<", endOf(asked));
      return query.where(by, "=", asked);
    });
    return row && flowRunOf(row);
  };
  const byBeginning = async (): Promise<FlowRunRow | undefined> =>
    idOrName.length >= shortestBeginning ? find("beginning") : undefined;
  return (await find("id")) ?? (await byBeginning()) ?? find("name");
}

/** A shorter text is not looked for as the beginning of an id. */
export const shortestBeginning = 4;

/** Those that somebody is at work on, the newest first. */
export async function unfinishedFlowRuns(questions: Questions): Promise<readonly FlowRunRow[]> {
  const rows = await questions.read(({ db, sql }) =>
    db
      .selectFrom("flow_runs")
      .select(flowRunColumns)
      // In these very words, without parameters: else the index that has only these is not used.
      .where(sql<boolean>`state_type in (${sql.join(unfinishedTypes.map((type) => sql.lit(type)))})`)
      .orderBy("began", "desc"),
  );
  return rows.map(flowRunOf);
}

/** All flows that ran, by name. */
export async function listFlows(questions: Questions): Promise<readonly FlowSummary[]> {
  const rows = await questions.read(({ db, sql }) =>
    db
      .selectFrom("flow_runs as r")
      .select((of) => [
        "r.flow_name",
        of.fn.countAll<number>().as("runs"),
        of.fn.max("r.began").as("last_began"),
        of
          .selectFrom("flow_runs as l")
          .select("l.state_name")
          .whereRef("l.flow_name", "=", "r.flow_name")
          .orderBy("l.began", "desc")
          .orderBy("l.n", "desc")
          .limit(sql.lit(1))
          .as("last_state"),
      ])
      .groupBy("r.flow_name")
      .orderBy("r.flow_name"),
  );
  return rows.map(({ flow_name, runs, last_began, last_state }) => ({
    name: flow_name,
    runs,
    lastRunAt: last_began,
    lastState: last_state ?? "",
  }));
}
