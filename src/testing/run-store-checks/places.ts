import assert from "node:assert/strict";
import { batch, check, checkTwo, flowRun, idOf, idsOf, type RunStoreCheck, start, states, taskRun } from "./check.ts";

const flow = idOf("f", 1);
const log = (n: number, flowRunId: string) =>
  ({ time: start + n * 1000, level: "info", message: `${n}`, flowRunId }) as const;

/** What goes, and the place as a whole. */
export const placeChecks: readonly RunStoreCheck[] = [
  check("An empty history answers every question with nothing", async (store) => {
    for (const list of [store.flows.list, store.flowRuns.list, store.flowRuns.unfinished, store.taskRuns.list]) {
      assert.deepEqual(await list(), []);
    }
    assert.equal(await store.flowRuns.find("nobody"), undefined);
    assert.equal(await store.taskRuns.find("nobody"), undefined);
    assert.equal((await store.taskRuns.lastUses(["key"])).size, 0);
    assert.deepEqual(await store.taskRuns.stats(), []);
    assert.deepEqual(await store.logs.list("nobody"), []);
    assert.deepEqual(await store.cacheEvents.list(), []);
    assert.deepEqual(await store.taskSources.list(), []);
    assert.deepEqual(await store.questions.list("nobody"), []);
    assert.deepEqual(await store.requests.cancelled(["nobody"]), []);
    assert.equal(await store.questions.answer("nobody", "name", "1", start), false);
    assert.equal(await store.flowRuns.delete(["nobody"]), 0);
    assert.equal(await store.prune(start), 0);
    assert.deepEqual(await store.check(), { schema: 0, flowRuns: 0, taskRuns: 0 });
  }),
  check("check() counts the runs", async (store) => {
    await store.write(batch({ flowRuns: [flowRun(1)], taskRuns: [taskRun(1), taskRun(2)] }));
    const { schema, ...counts } = await store.check();
    assert.deepEqual(counts, { flowRuns: 1, taskRuns: 2 });
    assert.ok(schema >= 1);
  }),
  check("A flow run is deleted with its task runs, logs and questions", async (store) => {
    const ofOther = taskRun(900, { flowRunId: idOf("f", 2) });
    const taskRuns = Array.from({ length: 450 }, (_, n) => taskRun(n, { flowRunId: flow, key: `${n}` }));
    await store.write(batch({ flowRuns: [flowRun(1), flowRun(2)], taskRuns: [...taskRuns, ofOther] }));
    await store.write(batch({ logs: [log(1, flow), log(2, idOf("f", 2))] }));
    for (const flowRunId of [flow, idOf("f", 2)]) {
      await store.questions.ask({ flowRunId, name: "q", askedAt: start, text: "?" });
      await store.requests.cancel(flowRunId, start);
    }
    assert.equal(await store.flowRuns.delete([flow, "nobody"]), 1);
    assert.deepEqual(idsOf(await store.flowRuns.list()), [idOf("f", 2)]);
    assert.deepEqual(idsOf(await store.taskRuns.list()), [ofOther.id]);
    assert.equal((await store.taskRuns.lastUses(["1"])).size, 0);
    assert.deepEqual(await store.logs.list(flow), []);
    assert.equal((await store.logs.list(idOf("f", 2))).length, 1);
    assert.deepEqual(await store.questions.list(flow), []);
    assert.equal((await store.questions.list(idOf("f", 2))).length, 1);
    assert.deepEqual(await store.requests.cancelled([flow, idOf("f", 2)]), [idOf("f", 2)]);
    assert.equal(await store.flowRuns.delete([]), 0);
  }),
  check("prune() removes what ended before a moment, and nothing else", async (store) => {
    const going = flowRun(2, { states: states(start + 2000) });
    const late = flowRun(3, {
      states: states(start + 3000, "COMPLETED").with(-1, {
        type: "COMPLETED",
        name: "Completed",
        timestamp: start + 60_000,
      }),
    });
    const paused = flowRun(4, { states: states(start + 4000, "PAUSED") });
    await store.write(
      batch({
        flowRuns: [flowRun(1), going, late, paused, flowRun(11)],
        taskRuns: [
          taskRun(1, { flowRunId: flow }),
          taskRun(2, { flowRunId: going.id }),
          taskRun(3),
          taskRun(4, { states: states(start + 4000) }),
          taskRun(5, { flowRunId: idOf("f", 99) }),
          taskRun(12),
        ],
        logs: [log(1, flow), log(2, going.id), log(5, idOf("f", 99)), log(12, flow)],
        cacheEvents: [
          { time: start + 1000, kind: "removed", detail: "old" },
          { time: start + 11_000, kind: "removed", detail: "new" },
        ],
      }),
    );
    // A flow run, a task run outside of flows, and one of a flow run that is not there.
    assert.equal(await store.prune(start + 10_000), 3);
    const flows = [flowRun(11), paused, late, going];
    assert.deepEqual(idsOf(await store.flowRuns.list()), idsOf(flows));
    assert.deepEqual(
      idsOf(await store.taskRuns.list()),
      [12, 4, 2].map((n) => idOf("a", n)),
    );
    assert.equal((await store.logs.list(going.id)).length, 1);
    assert.deepEqual(await store.logs.list(idOf("f", 99)), []);
    assert.deepEqual(
      (await store.cacheEvents.list()).map(({ detail }) => detail),
      ["new"],
    );
    assert.equal(await store.prune(start + 10_000), 0);
  }),
  check("prune() removes thousands, while the event loop goes on", async (store) => {
    const taskRuns = Array.from({ length: 2500 }, (_, n) => taskRun(n, { flowRunId: idOf("f", n % 50), key: `${n}` }));
    const lone = Array.from({ length: 700 }, (_, n) => taskRun(5000 + n));
    const flowRuns = Array.from({ length: 50 }, (_, n) => flowRun(n));
    await store.write(batch({ flowRuns, taskRuns: [...taskRuns, ...lone] }));
    let turns = 0;
    const timer = setInterval(() => (turns += 1), 1);
    assert.equal(await store.prune(start + 10_000_000), 750);
    clearInterval(timer);
    assert.ok(turns > 0, "Nothing else had a turn meanwhile");
    assert.deepEqual(await store.taskRuns.list(), []);
    await store.write(batch({ taskRuns: [taskRun(1, { key: "1" })] }));
    assert.deepEqual(idsOf(await store.taskRuns.list({ key: "1" })), [idOf("a", 1)]);
  }),
  check("A store that was closed opens itself again", async (store) => {
    await store.close();
    await store.write(batch({ taskRuns: [taskRun(1)] }));
    await store.close();
    await store.close();
    assert.deepEqual(idsOf(await store.taskRuns.list()), [idOf("a", 1)]);
    await store.write(batch({ taskRuns: [taskRun(2)] }));
    assert.equal((await store.taskRuns.list()).length, 2);
  }),
  checkTwo("What one store has written the other one sees", async (store, other) => {
    assert.deepEqual(await other.taskRuns.list(), []);
    await store.write(batch({ flowRuns: [flowRun(1)], taskRuns: [taskRun(1)] }));
    assert.deepEqual(await other.taskRuns.list(), [taskRun(1)]);
    assert.deepEqual(await other.flowRuns.find(flow), flowRun(1));
    await other.requests.cancel(flow, start);
    assert.deepEqual(await store.requests.cancelled([flow]), [flow]);
  }),
  checkTwo("Two stores write at once, also the very first time", async (store, other) => {
    const writes = Array.from({ length: 40 }, (_, n) => {
      const run = taskRun(n, { key: `${n % 4}` });
      return (n % 2 === 0 ? store : other).write(batch({ taskRuns: [run], flowRuns: [flowRun(n % 3)] }));
    });
    await Promise.all(writes);
    assert.equal((await store.taskRuns.list()).length, 40);
    assert.equal((await other.taskRuns.list({ key: "1" })).length, 10);
    assert.equal((await other.flowRuns.list()).length, 3);
  }),
];
