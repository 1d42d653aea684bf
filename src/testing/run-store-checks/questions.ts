import assert from "node:assert/strict";
import type { RunFilter, TaskRunRow } from "../../history/run-store.ts";
import { batch, check, fails, flowRun, idOf, idsOf, type RunStoreCheck, start, states, taskRun } from "./check.ts";

const flow = idOf("f", 1);
/** One run of each kind, the oldest first. */
const kinds: readonly TaskRunRow[] = [
  taskRun(1, {
    outcome: "hit",
    key: "k1",
    savedMs: 5,
    durationMs: 5,
    persisted: true,
    states: states(start + 1000, "COMPLETED", "Cached"),
  }),
  taskRun(2, { outcome: "miss", key: "k1", persisted: true, durationMs: 7, flowRunId: flow, tags: ["a", "ab"] }),
  taskRun(3, {
    outcome: "refreshed",
    key: "k2",
    persisted: true,
    durationMs: 1,
    taskName: "other",
    flowRunId: flow,
    tags: ["ab"],
  }),
  taskRun(4, { outcome: "uncached", states: states(start + 4000, "FAILED", "TimedOut"), taskName: "other" }),
  taskRun(5, { outcome: "disabled", states: states(start + 5000, "CRASHED") }),
  taskRun(6, { outcome: "miss", states: states(start + 6000) }),
];

const filters: ReadonlyArray<readonly [RunFilter, found: readonly number[]]> = [
  [{}, [6, 5, 4, 3, 2, 1]],
  [{ limit: 2 }, [6, 5]],
  [{ limit: 0 }, []],
  [{ of: "task" }, [6, 5, 2, 1]],
  [{ of: "task", limit: 1 }, [6]],
  [{ of: "tas" }, []],
  [{ flowRunId: flow }, [3, 2]],
  [{ flowRunId: flow, of: "other" }, [3]],
  [{ state: "COMPLETED" }, [3, 2, 1]],
  [{ state: "COMPLETED", limit: 2 }, [3, 2]],
  [{ state: "Cached" }, [1]],
  [{ state: "Completed" }, [3, 2]],
  [{ state: "FAILED", outcome: "uncached" }, [4]],
  [{ state: "FAILED", outcome: "hit" }, []],
  [{ state: "Nowhere" }, []],
  [{ tag: "a" }, [2]],
  [{ tag: "ab" }, [3, 2]],
  [{ tag: "b" }, []],
  [{ tag: "ab", of: "other" }, [3]],
  [{ outcome: "hit" }, [1]],
  [{ key: "k1" }, [2, 1]],
  [{ key: "k1", limit: 1 }, [2]],
  [{ key: "k1", outcome: "hit" }, [1]],
  [{ key: "k3" }, []],
  [{ stored: true }, [3, 2]],
  [{ stored: true, of: "task" }, [2]],
  [{ stored: true, before: start + 3000, limit: 1 }, [2]],
  [{ stored: true, outcome: "hit" }, []],
  [{ since: start + 5000 }, [6, 5]],
  [{ before: start + 3000 }, [2, 1]],
  [{ since: start + 2000, before: start + 5000, state: "COMPLETED" }, [3, 2]],
  [{ of: "task", since: start + 2000, before: start + 6000 }, [5, 2]],
  [{ name: "task-run-3" }, [3]],
  [{ name: "task-run-3", of: "task" }, []],
];

/** Finding runs again. */
export const questionChecks: readonly RunStoreCheck[] = [
  check("A list of task runs has those that meet the filter, the newest first", async (store) => {
    await store.write(batch({ taskRuns: kinds }));
    for (const [filter, found] of filters) {
      const expected = found.map((n) => idOf("a", n));
      assert.deepEqual(idsOf(await store.taskRuns.list(filter)), expected, JSON.stringify(filter));
    }
  }),
  check("A list of flow runs has those that meet the filter, the newest first", async (store) => {
    const failed = flowRun(2, { states: states(start + 2000, "FAILED", "TimedOut"), tags: ["nightly"] });
    const child = flowRun(3, { flowName: "child", parentId: failed.id });
    await store.write(batch({ flowRuns: [flowRun(1, { tags: ["night"] }), failed, child] }));
    const cases: ReadonlyArray<readonly [RunFilter, readonly number[]]> = [
      [{}, [3, 2, 1]],
      [{ limit: 1 }, [3]],
      [{ of: "flow" }, [2, 1]],
      [{ name: "flow-run-2" }, [2]],
      [{ state: "FAILED" }, [2]],
      [{ state: "TimedOut" }, [2]],
      [{ state: "Failed" }, []],
      [{ tag: "night" }, [1]],
      [{ flowRunId: failed.id }, [3]],
      [{ since: start + 2000, before: start + 3000 }, [2]],
      [{ key: "key" }, []],
      [{ outcome: "hit" }, []],
      [{ stored: true }, []],
    ];
    for (const [filter, found] of cases) {
      const expected = found.map((n) => idOf("f", n));
      assert.deepEqual(idsOf(await store.flowRuns.list(filter)), expected, JSON.stringify(filter));
    }
  }),
  check("A list has 50 runs where no limit is given, and refuses one that is no number of runs", async (store) => {
    const taskRuns = Array.from({ length: 60 }, (_, n) => taskRun(n));
    await store.write(batch({ taskRuns, flowRuns: taskRuns.map((_, n) => flowRun(n)) }));
    assert.equal((await store.taskRuns.list()).length, 50);
    assert.equal((await store.flowRuns.list()).length, 50);
    assert.ok(await fails(() => store.taskRuns.list({ limit: -1 })));
    assert.ok(await fails(() => store.flowRuns.list({ limit: 1.5 })));
  }),
  check("A run is found by its id, the beginning of its id, and its name", async (store) => {
    const usual = taskRun(0x12345, { name: `task-${idOf("a", 0x12345).slice(0, 3)}` });
    await store.write(
      batch({ taskRuns: [taskRun(1), usual, taskRun(2, { name: "same" }), taskRun(3, { name: "same" })] }),
    );
    await store.write(batch({ flowRuns: [flowRun(1), flowRun(2, { name: "same" }), flowRun(3, { name: "same" })] }));
    for (const [asked, n] of [
      [idOf("a", 1), 1],
      [idOf("a", 1).slice(0, 10), 1],
      ["a0012", 0x12345],
      ["task-run-1", 1],
      ["same", 3],
      [usual.name, 0x12345],
    ] as const) {
      assert.equal((await store.taskRuns.find(asked))?.id, idOf("a", n), asked);
    }
    for (const [asked, n] of [
      [idOf("f", 1), 1],
      ["f0000001", 1],
      ["f000", 3],
      ["same", 3],
    ] as const) {
      assert.equal((await store.flowRuns.find(asked))?.id, idOf("f", n), asked);
    }
    for (const asked of ["a00", "nobody", "", "%", "a0000001-0000-4000-8000-0000000000001", "other-a00"]) {
      assert.equal(await store.taskRuns.find(asked), undefined, asked);
      assert.equal(await store.flowRuns.find(asked.replace("a", "f")), undefined, asked);
    }
  }),
  check("A run with just this id goes before newer ones whose ids begin with it", async (store) => {
    await store.write(batch({ taskRuns: [taskRun(1, { id: "run-1" }), taskRun(2, { id: "run-10" })] }));
    await store.write(batch({ flowRuns: [flowRun(1, { id: "flow-1" }), flowRun(2, { id: "flow-10" })] }));
    assert.equal((await store.taskRuns.find("run-1"))?.id, "run-1");
    assert.equal((await store.taskRuns.find("run-"))?.id, "run-10");
    assert.equal((await store.flowRuns.find("flow-1"))?.id, "flow-1");
    assert.equal((await store.flowRuns.find("flow-"))?.id, "flow-10");
  }),
  check("Unfinished are the flow runs that somebody is at work on", async (store) => {
    const types = [
      "SCHEDULED",
      "PENDING",
      "CANCELLING",
      "PAUSED",
      "COMPLETED",
      "FAILED",
      "CRASHED",
      "CANCELLED",
    ] as const;
    const ended = types.map((type, n) => flowRun(n + 1, { states: states(start + n * 1000, type) }));
    await store.write(batch({ flowRuns: [...ended, flowRun(9, { states: states(start + 9000) })] }));
    const found = idsOf(await store.flowRuns.unfinished());
    assert.deepEqual(found, [idOf("f", 9), idOf("f", 3), idOf("f", 2), idOf("f", 1)]);
    await store.write(batch({ flowRuns: [flowRun(9)] }));
    assert.equal((await store.flowRuns.unfinished()).length, 3);
  }),
  check("Flows are listed with their last run", async (store) => {
    const last = flowRun(3, { states: states(start + 3000, "FAILED", "TimedOut") });
    await store.write(batch({ flowRuns: [last, flowRun(1), flowRun(2, { flowName: "another" })] }));
    assert.deepEqual(await store.flows.list(), [
      { name: "another", runs: 1, lastRunAt: start + 2000, lastState: "Completed" },
      { name: "flow", runs: 2, lastRunAt: start + 3000, lastState: "TimedOut" },
    ]);
  }),
  check("Statistics count the outcomes of each task", async (store) => {
    await store.write(batch({ taskRuns: kinds }));
    const none = { hits: 0, misses: 0, refreshed: 0, uncached: 0, failed: 0, savedMs: 0, computedMs: 0 };
    const other = { ...none, taskName: "other", runs: 2, refreshed: 1, uncached: 1, failed: 1, computedMs: 1 };
    const task = { ...none, taskName: "task", runs: 4, hits: 1, misses: 2, failed: 1, savedMs: 5, computedMs: 7 };
    assert.deepEqual(await store.taskRuns.stats(), [
      { ...other, lastRunAt: start + 4000 },
      { ...task, lastRunAt: start + 6000 },
    ]);
    const one = async (filter: RunFilter): Promise<unknown> =>
      (await store.taskRuns.stats(filter)).map(({ taskName, runs }) => [taskName, runs]);
    assert.deepEqual(await one({ since: start + 5000 }), [["task", 2]]);
    assert.deepEqual(await one({ of: "other", before: start + 4000 }), [["other", 1]]);
    assert.deepEqual(await one({ flowRunId: flow }), [
      ["other", 1],
      ["task", 1],
    ]);
    assert.deepEqual(await one({ key: "k1" }), [["task", 2]]);
    assert.deepEqual(await one({ tag: "ab", state: "COMPLETED" }), [
      ["other", 1],
      ["task", 1],
    ]);
  }),
  check("The last use of a record is that of its newest run", async (store) => {
    const many = Array.from({ length: 30 }, (_, n) => taskRun(100 + n, { key: "many" }));
    await store.write(batch({ taskRuns: [...kinds, ...many] }));
    const keys = ["k1", "k2", "k3", "many", ...Array.from({ length: 2500 }, (_, n) => `unused ${n}`)];
    const uses = [...(await store.taskRuns.lastUses(keys))].toSorted(([a], [b]) => (a < b ? -1 : 1));
    assert.deepEqual(uses, [
      ["k1", start + 2010],
      ["k2", start + 3010],
      ["many", start + 129_010],
    ]);
    assert.equal((await store.taskRuns.lastUses([])).size, 0);
  }),
];
