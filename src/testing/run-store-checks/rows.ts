import assert from "node:assert/strict";
import type { FlowRunRow, TaskRunRow } from "../../history/run-store.ts";
import { batch, check, fails, flowRun, idOf, idsOf, type RunStoreCheck, start, states, taskRun } from "./check.ts";

const odd = "\u0001 \0 'x' \"y\" \\ \n % _ ü 🦊";

const fullFlowRun: FlowRunRow = {
  ...flowRun(1),
  name: odd,
  flowName: odd,
  parentId: idOf("a", 7),
  version: "1.2",
  tags: ["nightly", odd, "", "a\\nb", '"'],
  states: [
    { type: "PENDING", name: "Pending", timestamp: start + 0.25 },
    { type: "RUNNING", name: "Retrying", timestamp: start + 0.5, message: odd },
    { type: "FAILED", name: "Failed", timestamp: start + 1.0009765625, message: "" },
  ],
  attempt: 3,
  error: odd,
  process: "host 1 2 3 4",
  file: "file:///project/flow.ts",
  parameters: { json: '{"a":1}', left: { b: "secret" } },
  parametersKey: "parameters/1",
  counts: { tasks: 1, failed: 2, hit: 3, miss: 4, refreshed: 5, uncached: 6, disabled: 7, savedMs: 8.5 },
};

const fullTaskRun: TaskRunRow = {
  ...taskRun(1),
  name: odd,
  taskName: odd,
  flowRunId: idOf("f", 1),
  parentId: idOf("f", 1),
  version: "1.2",
  tags: ["b", "a"],
  states: fullFlowRun.states,
  attempt: 2,
  error: odd,
  inputs: { json: '{"a":1}', left: { b: "48 KiB" } },
  inputsKey: "inputs/1",
  upstream: [idOf("a", 2), idOf("a", 3)],
  outcome: "miss",
  reason: odd,
  key: odd,
  components: { "task-source": "abc", inputs: "def" },
  storage: "/results",
  persisted: true,
  durationMs: 12.75,
  savedMs: 0.1,
};

/** What is written comes back as it was. */
export const rowChecks: readonly RunStoreCheck[] = [
  check("A flow run comes back as it was written", async (store) => {
    await store.write(batch({ flowRuns: [fullFlowRun, flowRun(2)] }));
    assert.deepEqual(await store.flowRuns.find(fullFlowRun.id), fullFlowRun);
    assert.deepEqual(await store.flowRuns.find(idOf("f", 2)), flowRun(2));
    assert.deepEqual(await store.flowRuns.list({ name: odd }), [fullFlowRun]);
  }),
  check("A task run comes back as it was written", async (store) => {
    const plain = taskRun(2, { name: `task-${idOf("a", 2).slice(0, 3)}`, parentId: idOf("a", 1), flowRunId: "other" });
    await store.write(batch({ taskRuns: [fullTaskRun, plain] }));
    assert.deepEqual(await store.taskRuns.find(fullTaskRun.id), fullTaskRun);
    assert.deepEqual(await store.taskRuns.find(plain.id), plain);
    assert.deepEqual(await store.taskRuns.list({ key: odd, of: odd, name: odd }), [fullTaskRun]);
  }),
  check("A run that is written again is replaced", async (store) => {
    const begun = taskRun(1, { states: states(start) });
    const ended = taskRun(1, { states: states(start, "FAILED"), key: "key", outcome: "miss", error: "x" });
    await store.write(batch({ flowRuns: [flowRun(1, { states: states(start) })], taskRuns: [begun] }));
    assert.deepEqual(await store.taskRuns.list(), [begun]);
    await store.write(batch({ flowRuns: [flowRun(1)], taskRuns: [ended] }));
    assert.deepEqual(await store.taskRuns.list(), [ended]);
    assert.deepEqual(await store.taskRuns.list({ key: "key" }), [ended]);
    assert.deepEqual(await store.flowRuns.list(), [flowRun(1)]);
  }),
  check("Of several rows of one run in a batch the last one counts", async (store) => {
    const begun = taskRun(1, { states: states(start) });
    const ended = taskRun(1, { states: states(start, "COMPLETED") });
    const flows = [flowRun(1, { states: states(start) }), flowRun(1)];
    await store.write(batch({ flowRuns: flows, taskRuns: [begun, taskRun(2), ended] }));
    assert.deepEqual(await store.taskRuns.find(begun.id), ended);
    assert.deepEqual(await store.flowRuns.list(), [flowRun(1)]);
  }),
  check("Batches that are written without waiting come in their order", async (store) => {
    const all = Array.from({ length: 20 }, (_, attempt) => taskRun(1, { attempt: attempt + 1 }));
    await Promise.all(all.map((run) => store.write(batch({ taskRuns: [run] }))));
    assert.equal((await store.taskRuns.find(idOf("a", 1)))?.attempt, 20);
  }),
  check("A batch is written whole or not at all", async (store) => {
    await store.write(batch({ taskRuns: [taskRun(1)] }));
    const bad = taskRun(3, { components: { x: 1n as unknown as string } });
    assert.ok(await fails(() => store.write(batch({ flowRuns: [flowRun(1)], taskRuns: [taskRun(2), bad] }))));
    assert.deepEqual(idsOf(await store.taskRuns.list()), [idOf("a", 1)]);
    assert.deepEqual(await store.flowRuns.list(), []);
    await store.write(batch({ taskRuns: [taskRun(4)] }));
    assert.deepEqual(idsOf(await store.taskRuns.list()), [idOf("a", 4), idOf("a", 1)]);
  }),
  check("A batch of several thousand rows is written", async (store) => {
    const taskRuns = Array.from({ length: 3000 }, (_, n) => taskRun(n, { flowRunId: idOf("f", 1) }));
    await store.write(batch({ flowRuns: [flowRun(1)], taskRuns }));
    const found = await store.taskRuns.list({ flowRunId: idOf("f", 1), limit: Number.POSITIVE_INFINITY });
    assert.deepEqual(idsOf(found), idsOf(taskRuns.toReversed()));
  }),
];
