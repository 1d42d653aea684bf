/* A run history in memory, as far as maintenance asks it. */
import type {
  Batch,
  CacheEventRow,
  FlowRunRow,
  RunFilter,
  RunStore,
  TaskRunRow,
  TaskSourceRow,
} from "../../src/history/run-store.ts";

/** A history, and what is in it. */
export interface MemoryHistory extends RunStore {
  readonly events: CacheEventRow[];
  readonly lastUseOf: Map<string, number>;
  readonly hitsOf: Map<string, number>;
}

const nothing = (): never => {
  throw new Error("Nobody asks this here");
};

/** A history with some rows. */
export function memoryHistory(rows: Partial<Batch> = {}): MemoryHistory {
  const flowRuns = [...(rows.flowRuns ?? [])];
  const taskRuns = [...(rows.taskRuns ?? [])];
  const sources: TaskSourceRow[] = [...(rows.taskSources ?? [])];
  const events: CacheEventRow[] = [];
  const lastUseOf = new Map<string, number>();
  const hitsOf = new Map<string, number>();
  return {
    kind: "memory",
    location: "memory",
    events,
    lastUseOf,
    hitsOf,
    write: (batch) => {
      flowRuns.push(...batch.flowRuns);
      taskRuns.push(...batch.taskRuns);
      sources.push(...batch.taskSources);
      events.push(...batch.cacheEvents);
    },
    flows: { list: nothing },
    flowRuns: {
      list: async ({ state } = {}) => flowRuns.filter((run) => run.states.at(-1)?.type === state),
      find: async (text) => flowRuns.find(({ id, name }) => id === text || name === text),
      delete: nothing,
      unfinished: async () => flowRuns.filter((run) => run.states.at(-1)?.type === "RUNNING"),
    },
    taskRuns: {
      list: async (filter = {}) => newest(taskRuns.filter((run) => isWanted(run, filter))).slice(0, filter.limit ?? 50),
      find: async (text) => taskRuns.find(({ id, name }) => id === text || name === text),
      lastUses: async (keys) => new Map([...lastUseOf].filter(([key]) => keys.includes(key))),
      hits: async (keys) => new Map([...hitsOf].filter(([key]) => keys.includes(key))),
      stats: async ({ of } = {}) => statsOf(taskRuns.filter((run) => of === undefined || run.taskName === of)),
    },
    logs: { list: nothing },
    cacheEvents: {
      list: async ({ key } = {}) => events.filter((event) => key === undefined || event.key === key).toReversed(),
    },
    taskSources: {
      list: async (name) =>
        sources.filter(({ taskName }) => taskName === name).toSorted((left, right) => right.seenAt - left.seenAt),
    },
    questions: { ask: nothing, list: nothing, answer: nothing },
    requests: { cancel: nothing, withdraw: nothing, cancelled: nothing },
    prune: nothing,
    check: nothing,
    close: () => undefined,
  };
}

const beginOf = (run: TaskRunRow): number => run.states[0]!.timestamp;

function newest(runs: readonly TaskRunRow[]): readonly TaskRunRow[] {
  return runs.toSorted((left, right) => beginOf(right) - beginOf(left));
}

function isWanted(run: TaskRunRow, { of, flowRunId, key, outcome, stored, before }: RunFilter): boolean {
  return (
    (of === undefined || run.taskName === of) &&
    (flowRunId === undefined || run.flowRunId === flowRunId) &&
    (key === undefined || run.key === key) &&
    (outcome === undefined || run.outcome === outcome) &&
    (!stored || (run.persisted && (run.outcome === "miss" || run.outcome === "refreshed"))) &&
    (before === undefined || beginOf(run) < before)
  );
}

function statsOf(runs: readonly TaskRunRow[]): Awaited<ReturnType<RunStore["taskRuns"]["stats"]>> {
  return [...new Set(runs.map(({ taskName }) => taskName))].map((taskName) => {
    const own = runs.filter((run) => run.taskName === taskName);
    const count = (outcome: string): number => own.filter((run) => run.outcome === outcome).length;
    return {
      taskName,
      runs: own.length,
      hits: count("hit"),
      misses: count("miss"),
      refreshed: 0,
      uncached: 0,
      failed: 0,
      savedMs: own.reduce((sum, run) => sum + run.savedMs, 0),
      computedMs: own.reduce((sum, run) => sum + (run.outcome === "hit" ? 0 : (run.durationMs ?? 0)), 0),
      lastRunAt: Math.max(...own.map(beginOf)),
    };
  });
}

/** A run of a flow that is under way. */
export function flowRun(id: string, changes: Partial<FlowRunRow> = {}): FlowRunRow {
  return {
    id,
    name: `${id}-name`,
    flowName: "nightly",
    process: "nobody",
    tags: [],
    attempt: 1,
    states: [{ type: "RUNNING", name: "Running", timestamp: 0 }],
    parameters: { json: "{}" },
    counts: { tasks: 0, failed: 0, hit: 0, miss: 0, refreshed: 0, uncached: 0, disabled: 0, savedMs: 0 },
    ...changes,
  };
}

/** A run of a task that has completed. */
export function taskRun(id: string, changes: Partial<TaskRunRow> = {}): TaskRunRow {
  return {
    id,
    name: `${id}-name`,
    taskName: "fetch-page",
    tags: [],
    attempt: 1,
    states: [{ type: "COMPLETED", name: "Completed", timestamp: 0 }],
    inputs: { json: "{}" },
    upstream: [],
    outcome: "miss",
    persisted: true,
    savedMs: 0,
    ...changes,
  };
}
