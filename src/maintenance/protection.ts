import type { FlowRunRow, RunStore, TaskRunRow } from "../history/run-store.ts";
import type { RecordMetadata } from "../storage/storage.ts";
import type { Pace } from "./pace.ts";

const runsPerQuestion = 200;
const pausedRuns = 1000;

/*
 * DESIGN. Which records are in use: those that an unfinished flow run has written, has used, or will need when it runs again. Paused
 * and suspended runs count, they may be resumed. The history knows; without one, nothing is known to be in use.
 * A run whose process died without a word is unfinished until somebody says otherwise, and keeps its records as long.
 */
export class Protection {
  readonly #history: RunStore | undefined;
  readonly #pace: Pace;
  #flowRuns = new Set<string>();
  #keys = new Set<string>();

  constructor(history: RunStore | undefined, pace: Pace) {
    this.#history = history;
    this.#pace = pace;
  }

  covers({ key, flowRunId }: Pick<RecordMetadata, "key" | "flowRunId">): boolean {
    return (flowRunId !== undefined && this.#flowRuns.has(flowRunId)) || this.#keys.has(key);
  }

  /** Asks the history anew: flow runs begin and end meanwhile. */
  async refresh(): Promise<void> {
    const history = this.#history;
    if (!history) return;
    const [unfinished, paused] = await Promise.all([
      history.flowRuns.unfinished(),
      history.flowRuns.list({ state: "PAUSED", limit: pausedRuns }),
    ]);
    const flowRuns = new Set<string>();
    const keys = new Set<string>();
    for (const run of new Map<string, FlowRunRow>([...unfinished, ...paused].map((each) => [each.id, each])).values()) {
      flowRuns.add(run.id);
      if (run.parametersKey !== undefined) keys.add(run.parametersKey);
      for await (const { key, inputsKey } of taskRunsOf(history, run.id)) {
        if (key !== undefined) keys.add(key);
        if (inputsKey !== undefined) keys.add(inputsKey);
        await this.#pace.turn();
      }
    }
    this.#flowRuns = flowRuns;
    this.#keys = keys;
  }
}

/** The task runs of a flow run, the newest first, page by page. */
async function* taskRunsOf(history: RunStore, flowRunId: string): AsyncGenerator<TaskRunRow, void> {
  let before: number | undefined;
  let known = new Set<string>();
  for (;;) {
    const page = await history.taskRuns.list({ flowRunId, limit: runsPerQuestion, before });
    const fresh = page.filter(({ id }) => !known.has(id));
    yield* fresh;
    if (page.length < runsPerQuestion) return;
    const oldest = Math.min(...page.map((run) => run.states[0]?.timestamp ?? 0));
    // Runs that began in the same moment as the last one of the page come again, those that did not fit into it for the first time;
    // where nothing has come but what is known, that moment is done.
    before = fresh.length > 0 && before !== oldest + 1 ? oldest + 1 : oldest;
    known = new Set(page.map(({ id }) => id));
  }
}
