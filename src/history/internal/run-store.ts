import type { Awaitable } from "../../kernel/awaitable.ts";
import type { Batch, RunStore } from "../run-store.ts";
import {
  answerQuestion,
  askQuestion,
  cancelledAmong,
  listCacheEvents,
  listLogs,
  listQuestions,
  listTaskSources,
  requestCancel,
  withdrawCancel,
} from "./event-questions.ts";
import { findFlowRun, listFlowRuns, listFlows, unfinishedFlowRuns } from "./flow-run-questions.ts";
import type { Medium } from "./medium.ts";
import { Questions } from "./questions.ts";
import { prune, removeFlowRuns } from "./remove.ts";
import { findTaskRun, lastUses, listTaskRuns, taskStats } from "./task-run-questions.ts";

/*
 * DESIGN: the history in a database, whichever it is.
 *
 *   batches    rows.ts files, tables.ts  ─▶ the medium's own statements
 *   questions  …-questions.ts, remove.ts ─▶ builder.ts ─▶ medium.read(), medium.change()
 */
export class SqlRunStore implements RunStore {
  readonly kind: string;
  readonly location: string;
  readonly flows: RunStore["flows"];
  readonly flowRuns: RunStore["flowRuns"];
  readonly taskRuns: RunStore["taskRuns"];
  readonly logs: RunStore["logs"];
  readonly cacheEvents: RunStore["cacheEvents"];
  readonly taskSources: RunStore["taskSources"];
  readonly questions: RunStore["questions"];
  readonly requests: RunStore["requests"];
  readonly writeNow?: (batch: Batch, patienceMs: number) => void;
  readonly #medium: Medium;
  readonly #questions: Questions;

  constructor(medium: Medium) {
    const questions = new Questions(medium);
    this.kind = medium.kind;
    this.location = medium.location;
    this.#medium = medium;
    this.#questions = questions;
    if (medium.writeNow) this.writeNow = (batch, patienceMs) => medium.writeNow!(batch, patienceMs);
    this.flows = { list: () => listFlows(questions) };
    this.flowRuns = {
      list: (filter = {}) => listFlowRuns(questions, filter),
      find: (idOrName) => findFlowRun(questions, idOrName),
      delete: (ids) => removeFlowRuns(questions, ids),
      unfinished: () => unfinishedFlowRuns(questions),
    };
    this.taskRuns = {
      list: (filter = {}) => listTaskRuns(questions, filter),
      find: (idOrName) => findTaskRun(questions, idOrName),
      lastUses: (keys) => lastUses(questions, keys),
      stats: (filter = {}) => taskStats(questions, filter),
    };
    this.logs = { list: (runId, options = {}) => listLogs(questions, runId, options) };
    this.cacheEvents = { list: (filter = {}) => listCacheEvents(questions, filter) };
    this.taskSources = { list: (taskName) => listTaskSources(questions, taskName) };
    this.questions = {
      ask: (question) => askQuestion(questions, question),
      list: (flowRunId) => listQuestions(questions, flowRunId),
      answer: (...answer) => answerQuestion(questions, answer),
    };
    this.requests = {
      cancel: (flowRunId, at) => requestCancel(questions, flowRunId, at),
      withdraw: (flowRunId) => withdrawCancel(questions, flowRunId),
      cancelled: (flowRunIds) => cancelledAmong(questions, flowRunIds),
    };
  }

  write(batch: Batch): Awaitable<void> {
    return this.#medium.write(batch);
  }

  prune(before: number): Promise<number> {
    return prune(this.#questions, before);
  }

  async check(): ReturnType<RunStore["check"]> {
    const schema = await this.#medium.check();
    const count = async (table: "flow_runs" | "task_runs"): Promise<number> => {
      const [row] = await this.#questions.read(({ db }) =>
        db.selectFrom(table).select((of) => of.fn.countAll<number>().as("rows")),
      );
      return row?.rows ?? 0;
    };
    return { schema, flowRuns: await count("flow_runs"), taskRuns: await count("task_runs") };
  }

  close(): Awaitable<void> {
    return this.#medium.close();
  }
}
