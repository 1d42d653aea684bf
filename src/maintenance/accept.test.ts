import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { INPUTS, TASK_SOURCE } from "../index.ts";
import type { KeyContext } from "../caching/cache-policy.ts";
import { type CacheKey, computeKey } from "../caching/compute-key.ts";
import { setAcceptedSources, taskSourceText } from "../caching/task-source.ts";
import { hashText } from "../hashing/encode.ts";
import type { TaskRunRow, TaskSourceRow } from "../history/run-store.ts";
import { TestClock } from "../testing/test-clock.ts";
import { memoryHistory, taskRun } from "../../tests/maintenance/memory-history.ts";
import { accept, accepted, acceptedSources, revoke } from "./index.ts";

let folder: string;
let path: string;
let seconds: number;
let errors: unknown[];
const clock = new TestClock(Date.UTC(2026, 2, 1));

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "oxbow-accept-"));
  path = join(folder, "home", "accepted.json");
  seconds = 0;
  errors = [];
  setAcceptedSources(
    acceptedSources(
      () => path,
      (error) => errors.push(error),
      () => seconds * 1000,
    ),
  );
});
afterEach(() => {
  setAcceptedSources(undefined);
  rmSync(folder, { recursive: true });
});

const versions = [(x: number): number => x + 1, (x: number): number => 1 + x, (x: number): number => x - -1];
const [v1, v2, v3] = versions.map((fn) => ({ name: "add", version: undefined, fn })) as unknown as [Task, Task, Task];
type Task = KeyContext["task"];

function keyOf(task: Task): CacheKey {
  const context = { task, inputs: { x: 1 }, flowParameters: undefined, runId: "", run: undefined };
  return computeKey(INPUTS.and(TASK_SOURCE), { ...context, checkKeyFunctions: false }) as CacheKey;
}

function seen(task: Task, seenAt: number): TaskSourceRow {
  const text = taskSourceText(task);
  return { taskName: task.name, digest: hashText(text).slice(0, 16), text, seenAt };
}

describe("accept()", () => {
  it("makes the records of the earlier source count, and a hit say so", async () => {
    const history = memoryHistory({ taskSources: [seen(v1, 1), seen(v2, 2)] });
    const before = keyOf(v1);
    expect(keyOf(v2).value).not.toBe(before.value);
    const change = await accept("add", { path, now: taskSourceText(v2), history, clock, by: "ada" });
    expect(change).toEqual({
      taskName: "add",
      from: taskSourceText(v2),
      to: taskSourceText(v1),
      at: clock.now(),
      by: "ada",
    });
    expect(accepted({ path })).toEqual([change]);
    expect(history.events).toMatchObject([{ kind: "accepted", taskName: "add" }]);
    seconds += 1;
    expect(keyOf(v2).value).toBe(before.value);
    expect(keyOf(v2).digests()).toEqual(before.digests());
    expect(keyOf(v2).notes()).toEqual(["source change accepted 2026-03-01"]);
    expect(before.notes()).toEqual([]);
    expect(keyOf(v3).value).not.toBe(before.value);
    expect(await revoke("add", { path, history, clock })).toBe(1);
    seconds += 1;
    expect(keyOf(v2).value).not.toBe(before.value);
    expect(await revoke("add", { path, history, clock })).toBe(0);
    expect(history.events.map(({ kind }) => kind)).toEqual(["accepted", "revoked"]);
    expect(readdirSync(join(folder, "home"))).toEqual(["accepted.json"]);
  });

  it("looks at the file again once a second, at most", async () => {
    const before = keyOf(v1).value;
    expect(keyOf(v2).value).not.toBe(before);
    await accept("add", { path, now: taskSourceText(v2), was: taskSourceText(v1), clock });
    seconds += 0.9;
    expect(keyOf(v2).value).not.toBe(before);
    seconds += 0.1;
    expect(keyOf(v2).value).toBe(before);
  });

  it("follows chains to their end, and refuses circles", async () => {
    const history = memoryHistory({ taskSources: [seen(v1, 1), seen(v2, 2), seen(v3, 3)] });
    await accept("add", { path, now: taskSourceText(v2), was: seen(v1, 0).digest, history, clock });
    await accept("add", { path, now: taskSourceText(v3), history, clock });
    expect(accepted({ path }).map(({ to }) => to)).toEqual([taskSourceText(v1), taskSourceText(v2)]);
    expect(keyOf(v3).value).toBe(keyOf(v1).value);
    await expect(accept("add", { path, now: taskSourceText(v1), history, clock })).rejects.toThrow(
      /count for .* already/,
    );
    const circle = [
      { taskName: "add", from: taskSourceText(v1), to: taskSourceText(v2), at: 0, by: "" },
      { taskName: "add", from: taskSourceText(v2), to: taskSourceText(v1), at: 0, by: "" },
    ];
    writeFileSync(path, JSON.stringify({ version: 1, entries: circle }));
    seconds += 1;
    expect(keyOf(v1).notes()).toEqual([]);
    expect(keyOf(v1).value).not.toBe(keyOf(v2).value);
  });

  it("goes back to what the task was called before", async () => {
    const renamed = { ...v1, name: "sum" };
    const history = memoryHistory({ taskSources: [seen(v1, 1), seen(renamed, 2)] });
    await accept("sum", { path, now: taskSourceText(renamed), renamedFrom: "add", history, clock });
    expect(keyOf(renamed).value).toBe(keyOf(v1).value);
  });

  it("refuses a name that the task never had", async () => {
    const history = memoryHistory({ taskSources: [seen(v1, 1), seen(v2, 2)] });
    const options = { path, now: taskSourceText(v2), renamedFrom: "nope", clock };
    await expect(accept("add", { ...options, history })).rejects.toThrow(/the run history has no source of "nope"/);
    await expect(accept("add", options)).rejects.toThrow(/the run history has no source of "nope"/);
    expect(accepted({ path })).toEqual([]);
  });

  it("refuses code that was put back, unless the later source is named", async () => {
    const stored = (task: Task, timestamp: number): TaskRunRow =>
      taskRun(`run-${timestamp}`, {
        taskName: "add",
        states: [{ type: "COMPLETED", name: "Completed", timestamp }],
        components: { "task-source": seen(task, 0).digest },
      });
    const taskRuns = [stored(v1, 1), stored(v2, 2)];
    const history = memoryHistory({ taskSources: [seen(v2, 2), seen(v1, 3)], taskRuns });
    const options = { path, now: taskSourceText(v1), history, clock };
    await expect(accept("add", options)).rejects.toMatchObject({
      message: expect.stringContaining("is an earlier one"),
      hint: expect.stringContaining(`--was ${seen(v2, 0).digest}`),
    });
    expect(accepted({ path })).toEqual([]);
    await accept("add", { ...options, was: seen(v2, 0).digest });
    expect(accepted({ path })).toHaveLength(1);
    await revoke("add", { path });
    // The usual way: it ran once since the change, and stored something.
    await accept("add", { ...options, now: taskSourceText(v2) });
    expect(accepted({ path }).map(({ to }) => to)).toEqual([taskSourceText(v1)]);
  });

  it("says what it does not know", async () => {
    const options = { path, now: taskSourceText(v1), clock };
    const history = memoryHistory({ taskSources: [seen(v1, 1)] });
    await expect(accept("add", options)).rejects.toThrow(/no other source of "add"/);
    await expect(accept("add", { ...options, history })).rejects.toThrow(/no other source of "add"/);
    await expect(accept("add", { ...options, history, was: "abcdef" })).rejects.toThrow(/no source abcdef/);
    await expect(accept("add", { ...options, was: "function" })).rejects.toThrow(/is no source of a task/);
    await expect(accept("add", { ...options, was: options.now })).rejects.toThrow(/the one that it has now/);
    expect(accepted({ path })).toEqual([]);
  });

  it("keeps what somebody else has accepted, and replaces what was accepted of the same source", async () => {
    await accept("add", { path, now: taskSourceText(v3), was: taskSourceText(v1), clock });
    await accept("add", { path, now: taskSourceText(v3), was: taskSourceText(v2), clock });
    await accept("other", { path, now: '["other",null,"2"]', was: '["other",null,"1"]', clock });
    expect(accepted({ path }).map(({ taskName, to }) => [taskName, to])).toEqual([
      ["add", taskSourceText(v2)],
      ["other", '["other",null,"1"]'],
    ]);
    expect(await revoke("add", { path })).toBe(1);
    expect(accepted({ path })).toHaveLength(1);
  });

  it("takes a file that cannot be used for none, says so once, and does not overwrite it", async () => {
    await accept("add", { path, now: taskSourceText(v2), was: taskSourceText(v1), clock });
    for (const text of ["{", '{"version":2,"entries":[]}', '{"version":1,"entries":[{"from":1}]}']) {
      writeFileSync(path, text);
      seconds += 1;
      errors.length = 0;
      expect(keyOf(v2).value).not.toBe(keyOf(v1).value);
      seconds += 1;
      keyOf(v2);
      expect(errors).toEqual([expect.objectContaining({ code: "OXBOW_SETTING_INVALID" })]);
      const accepting = accept("add", { path, now: taskSourceText(v3), was: taskSourceText(v1), clock });
      await expect(accepting).rejects.toMatchObject({ code: "OXBOW_SETTING_INVALID" });
      expect(readFileSync(path, "utf8")).toBe(text);
    }
  });
});
