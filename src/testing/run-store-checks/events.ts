import assert from "node:assert/strict";
import type { CacheEventRow, LogRow, Question, TaskSourceRow } from "../../history/run-store.ts";
import { batch, check, flowRun, idOf, type RunStoreCheck, start, taskRun } from "./check.ts";

const flow = idOf("f", 1);
const inside = idOf("a", 1);
const alone = idOf("a", 2);

/** What happens beside the states of runs. */
export const eventChecks: readonly RunStoreCheck[] = [
  check("The log of a flow run has the lines of its task runs, in the order of time", async (store) => {
    const lines: readonly LogRow[] = [
      { time: start + 2, level: "warn", message: "second \0", flowRunId: flow, taskRunId: inside },
      { time: start + 1, level: "info", message: "first", flowRunId: flow },
      { time: start + 3, level: "error", message: "alone", taskRunId: alone },
      { time: start + 4, level: "debug", message: "nowhere" },
      { time: start + 5, level: "debug", message: "third", flowRunId: flow },
      { time: start + 5, level: "debug", message: "fourth", flowRunId: flow },
    ];
    await store.write(
      batch({ flowRuns: [flowRun(1)], taskRuns: [taskRun(1, { flowRunId: flow }), taskRun(2)], logs: lines }),
    );
    const ofFlow = [lines[1], lines[0], lines[4], lines[5]];
    assert.deepEqual(await store.logs.list(flow), ofFlow);
    assert.deepEqual(await store.logs.list(flow, { limit: 2 }), ofFlow.slice(0, 2));
    assert.deepEqual(await store.logs.list(flow, { after: start + 1, limit: 1 }), [lines[0]]);
    assert.deepEqual(await store.logs.list(inside), [lines[0]]);
    assert.deepEqual(await store.logs.list(alone), [lines[2]]);
    assert.deepEqual(await store.logs.list("nobody"), []);
  }),
  check("Cache events are listed by key and by task, the newest first", async (store) => {
    const events: readonly CacheEventRow[] = [
      { time: start + 1, kind: "evicted", key: "k1", taskName: "task", storage: "/results", detail: "too old" },
      { time: start + 3, kind: "damaged", key: "k2", taskName: "task", detail: "" },
      { time: start + 2, kind: "removed", key: "k1", detail: "by hand" },
      { time: start + 4, kind: "pulled", detail: "12 records" },
    ];
    await store.write(batch({ cacheEvents: events }));
    assert.deepEqual(await store.cacheEvents.list(), [events[3], events[1], events[2], events[0]]);
    assert.deepEqual(await store.cacheEvents.list({ limit: 1 }), [events[3]]);
    assert.deepEqual(await store.cacheEvents.list({ key: "k1" }), [events[2], events[0]]);
    assert.deepEqual(await store.cacheEvents.list({ key: "k1", taskName: "task" }), [events[0]]);
    assert.deepEqual(await store.cacheEvents.list({ taskName: "another" }), []);
  }),
  check("A definition of a task is kept once, with the time at which it was last seen", async (store) => {
    const one: TaskSourceRow = { taskName: "task", digest: "d1", text: "() => 1", file: "file:///a.ts", seenAt: start };
    const two: TaskSourceRow = { taskName: "task", digest: "d2", text: "() => 2", seenAt: start + 1 };
    const other: TaskSourceRow = { taskName: "other", digest: "d1", text: "", seenAt: start + 2 };
    await store.write(batch({ taskSources: [one, two, other] }));
    assert.deepEqual(await store.taskSources.list(), [other, two, one]);
    await store.write(batch({ taskSources: [one, { ...one, seenAt: start + 5 }] }));
    assert.deepEqual(await store.taskSources.list("task"), [{ ...one, seenAt: start + 5 }, two]);
  }),
  check("A question is asked once, and answered once", async (store) => {
    const question: Question = {
      flowRunId: flow,
      name: "approve",
      askedAt: start,
      text: "Go on?",
      deadline: start + 100,
    };
    const later: Question = { flowRunId: flow, name: "again", askedAt: start + 1, text: "Again?" };
    assert.deepEqual(await store.questions.ask(question), question);
    assert.deepEqual(await store.questions.ask({ ...question, askedAt: start + 50, text: "Sure?" }), question);
    assert.deepEqual(await store.questions.ask(later), later);
    assert.equal(await store.questions.answer(flow, "unasked", "1", start), false);
    assert.equal(await store.questions.answer("nobody", "approve", "1", start), false);
    assert.equal(await store.questions.answer(flow, "approve", '{"yes":true}', start + 99), true);
    assert.equal(await store.questions.answer(flow, "approve", '{"yes":false}', start + 99), false);
    const answered = { ...question, answer: '{"yes":true}', answeredAt: start + 99 };
    assert.deepEqual(await store.questions.list(flow), [answered, later]);
    assert.deepEqual(await store.questions.ask(question), answered);
    assert.deepEqual(await store.questions.list("nobody"), []);
  }),
  check("No answer counts from the deadline on", async (store) => {
    const question: Question = {
      flowRunId: flow,
      name: "approve",
      askedAt: start,
      text: "Go on?",
      deadline: start + 100,
    };
    await store.questions.ask(question);
    assert.equal(await store.questions.answer(flow, "approve", "1", start + 100), false);
    assert.deepEqual(await store.questions.list(flow), [question]);
  }),
  check("Who was asked to be cancelled is known", async (store) => {
    await store.requests.cancel(flow, start);
    await store.requests.cancel(flow, start + 1);
    assert.deepEqual(await store.requests.cancelled([idOf("f", 2), flow]), [flow]);
    assert.deepEqual(await store.requests.cancelled([]), []);
  }),
];
