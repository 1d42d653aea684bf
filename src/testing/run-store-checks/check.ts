import assert from "node:assert/strict";
import type { Batch, FlowRunRow, RunStore, StateRow, TaskRunRow } from "../../history/run-store.ts";
import type { Awaitable } from "../../kernel/awaitable.ts";
import type { StateType } from "../../states/state.ts";

/** An empty place for a history, and the store that is judged there. */
export interface RunStorePlace {
  readonly store: RunStore;
  /** A second store of the same place, as another process would have it. */
  readonly another?: (() => Awaitable<RunStore>) | undefined;
  /** Removes the place; the stores have been closed by then. */
  readonly dispose?: (() => Awaitable<void>) | undefined;
}

/** Makes a new, empty place: once per check. */
export type OpenRunStorePlace = () => Awaitable<RunStorePlace>;

/** One promise of the contract, and how to find out whether it is kept. */
export interface RunStoreCheck {
  /** A sentence. */
  readonly title: string;
  /** Whether {@link RunStorePlace.another} is needed. */
  readonly needsAnother: boolean;
  /** Throws where the promise is not kept. */
  run(open: OpenRunStorePlace): Promise<void>;
}

/** Makes a check that uses one store. */
export function check(title: string, body: (store: RunStore) => Promise<void>): RunStoreCheck {
  return { title, needsAnother: false, run: (open) => inPlace(open, ({ store }) => body(store)) };
}

/** Makes a check that uses two stores of one place. */
export function checkTwo(title: string, body: (store: RunStore, other: RunStore) => Promise<void>): RunStoreCheck {
  return {
    title,
    needsAnother: true,
    run: (open) =>
      inPlace(open, async ({ store, another }) => {
        assert.ok(another, "The place has no `another()`: add it, or skip the check and say why");
        const other = await another();
        try {
          await body(store, other);
        } finally {
          await other.close();
        }
      }),
  };
}

async function inPlace(open: OpenRunStorePlace, body: (place: RunStorePlace) => Promise<void>): Promise<void> {
  const place = await open();
  try {
    await body(place);
  } finally {
    await place.store.close();
    await place.dispose?.();
  }
}

/** A moment to count from. */
export const start: number = Date.UTC(2026, 0, 1);

/** States of a run that began at a moment: it is pending, a millisecond later running, and where a last one is named, that at 10 ms. */
export function states(began: number, type?: StateType, name: string = nameOf(type ?? "RUNNING")): StateRow[] {
  const first: StateRow[] = [
    { type: "PENDING", name: "Pending", timestamp: began },
    { type: "RUNNING", name: "Running", timestamp: began + 1 },
  ];
  return type === undefined ? first : [...first, { type, name, timestamp: began + 10 }];
}

function nameOf(type: StateType): string {
  return type[0]! + type.slice(1).toLowerCase();
}

/** A flow run that began `n` seconds after {@link start} and completed. */
export function flowRun(n: number, more: Partial<FlowRunRow> = {}): FlowRunRow {
  const counts = { tasks: 0, failed: 0, hit: 0, miss: 0, refreshed: 0, uncached: 0, disabled: 0, savedMs: 0 };
  return {
    id: idOf("f", n),
    name: `flow-run-${n}`,
    flowName: "flow",
    tags: [],
    states: states(start + n * 1000, "COMPLETED"),
    attempt: 1,
    process: "host 1 2 3 4",
    parameters: { json: "{}" },
    counts,
    ...more,
  };
}

/** A task run that began `n` seconds after {@link start} and completed. */
export function taskRun(n: number, more: Partial<TaskRunRow> = {}): TaskRunRow {
  return {
    id: idOf("a", n),
    name: `task-run-${n}`,
    taskName: "task",
    tags: [],
    states: states(start + n * 1000, "COMPLETED"),
    attempt: 1,
    inputs: { json: "{}" },
    upstream: [],
    persisted: false,
    savedMs: 0,
    ...more,
  };
}

/** An id like those of runs; each `n` has one of its own. */
export function idOf(kind: "a" | "f", n: number): string {
  return `${kind}${n.toString(16).padStart(7, "0")}-0000-4000-8000-000000000000`;
}

/** A batch of what is given. */
export function batch(parts: Partial<Batch>): Batch {
  return { flowRuns: [], taskRuns: [], logs: [], cacheEvents: [], taskSources: [], ...parts };
}

/** The ids of runs, in their order. */
export function idsOf(runs: ReadonlyArray<{ readonly id: string }>): string[] {
  return runs.map(({ id }) => id);
}

/** Whether something throws or rejects. */
export async function fails(work: () => unknown): Promise<boolean> {
  try {
    await work();
    return false;
  } catch {
    return true;
  }
}
