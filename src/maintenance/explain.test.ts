import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { put } from "../testing/storage-checks/check.ts";
import { TestClock } from "../testing/test-clock.ts";
import { flowRun, memoryHistory, taskRun } from "../../tests/maintenance/memory-history.ts";
import { openPlace, storageNames, type TestPlace, write } from "../../tests/maintenance/places.ts";
import { diff, show, why } from "./index.ts";

const hour = 3_600_000;
const clock = new TestClock();
const now = clock.now();
const at = (timestamp: number): { states: [{ type: "COMPLETED"; name: string; timestamp: number }] } => ({
  states: [{ type: "COMPLETED", name: "Completed", timestamp }],
});

describe.each(storageNames)("in the storage %s", (name) => {
  let place: TestPlace;
  beforeEach(() => {
    place = openPlace(name);
  });
  afterEach(() => place.dispose());

  it("show() tells everything of a record, found by its key or the beginning of it", async () => {
    const key = "abcd".repeat(16);
    await write(place.storage, key, { taskRunId: "writer", value: { pages: [1, 2, 3] }, expiresAt: now });
    await write(place.storage, "abce", {});
    const history = memoryHistory({
      taskRuns: [taskRun("writer", { key }), taskRun("user", { key, outcome: "hit", ...at(now - hour) })],
    });
    history.lastUseOf.set(key, now - hour);
    const found = await show({ storage: place.storage, history, clock }, "abcdab");
    expect(found).toMatchObject({
      key,
      storage: place.storage.location,
      status: "expired",
      metadata: { taskName: "fetch-page", components: { "inputs.url": "ab12" } },
      value: { text: "{ pages: [ 1, 2, 3 ] }", isCut: false },
      writtenBy: { id: "writer" },
      usedBy: [{ id: "user" }],
      lastUsedAt: now - hour,
    });
    expect(await show({ storage: place.storage, clock }, "nothing")).toBeUndefined();
    await write(place.storage, "abcde", {});
    await expect(show({ storage: place.storage, clock }, "abcd")).rejects.toThrow(/Several keys begin with "abcd"/);
  });

  it("show() cuts what is long, and says why there is nothing to be seen", async () => {
    const target = { storage: place.storage, clock };
    await write(place.storage, "long", { value: "x".repeat(100_000) });
    await put(place.storage, "strange", "x", { serializer: "of-a-plugin" });
    await put(place.storage, "broken", "x");
    await put(place.storage, "text", "line 1\nline 2", { serializer: "readable" });
    await put(place.storage, "binary", new Uint8Array([0, 255, 3, 0, 1]), { serializer: "blob" });
    const preview = async (key: string): Promise<unknown> => (await show(target, key, { previewLength: 50 }))?.value;
    expect(await preview("long")).toMatchObject({ isCut: true, text: expect.stringMatching(/^'x{49}$/) });
    expect(await preview("strange")).toEqual({ unavailable: expect.stringContaining("Unknown serializer format") });
    expect(await preview("broken")).toEqual({ unavailable: expect.any(String) });
    expect(await preview("text")).toEqual({ text: "line 1\nline 2", isCut: false });
    expect(await preview("binary")).toEqual({ text: "<Buffer 00 ff 03 00 01>", isCut: false });
    expect(await show(target, "long", { previewLength: 0 })).toMatchObject({ value: { unavailable: "not asked for" } });
  });

  it("diff() tells the components that differ, with what they were made of", async () => {
    const components = { "inputs.url": "1111", "inputs.depth": "2222", "task-source": "3333" };
    await write(place.storage, "left", { components, taskRunId: "t1", flowRunId: "f1" });
    await write(place.storage, "right", { components: { ...components, "inputs.url": "9999" }, taskRunId: "t2" });
    const history = memoryHistory({
      flowRuns: [flowRun("f1")],
      taskRuns: [
        taskRun("t1", { inputs: { json: '{"url":"a.com","depth":1}' } }),
        taskRun("t2", { inputs: { json: '{"url":"b.com","depth":1}' } }),
      ],
      taskSources: [{ taskName: "fetch-page", digest: "3333", text: "source", seenAt: 0 }],
    });
    const found = await diff({ storage: place.storage, history, clock }, "left", "right");
    expect(found.isSameValue).toBe(false);
    expect(found.components[0]).toEqual({
      name: "inputs.url",
      isEqual: false,
      ...{ left: "1111", right: "9999", leftValue: '"a.com"', rightValue: '"b.com"' },
    });
    expect(found.components.slice(1).map(({ isEqual }) => isEqual)).toEqual([true, true]);
    expect(found.components.at(-1)).toMatchObject({ name: "task-source", leftValue: "source" });
    await expect(diff({ storage: place.storage }, "left", "none")).rejects.toThrow(/no record under the key "none"/);
  });

  it("why() explains the last miss of a task, a run or a key, and what happened to its record", async () => {
    const components = { "inputs.url": "1111", "task-source": "3333" };
    await write(place.storage, "kept", { createdAt: now - 5 * hour, components: { ...components, "inputs.url": "0" } });
    const history = memoryHistory({
      taskRuns: [
        taskRun("earlier", {
          persisted: true,
          components: { ...components, "inputs.url": "0" },
          ...at(now - 5 * hour),
        }),
        taskRun("missed", { key: "gone", components, reason: "no record under this key", ...at(now - hour) }),
        taskRun("hit", { key: "kept", outcome: "hit", ...at(now) }),
      ],
    });
    history.events.push({ time: now - 3 * hour, kind: "evicted", key: "gone", detail: "cache.maxSize" });
    const target = { storage: place.storage, history, clock };
    const ofTask = await why(target, "fetch-page");
    expect(ofTask).toMatchObject({
      subject: { kind: "task", name: "fetch-page" },
      run: { id: "missed" },
      key: "gone",
      record: undefined,
      difference: expect.stringMatching(/input "url" changed \(1 of 1\); source unchanged; last stored 5 h ago/),
    });
    expect(ofTask?.lines).toEqual([
      'Run "missed-name" of task "fetch-page", 1 h ago: miss, no record under this key',
      expect.stringContaining('input "url" changed'),
      "A record of this key was evicted 3 h ago (cache.maxSize)",
      "There is no record under this key now: the next call computes",
    ]);
    const reason = 'input "url" changed (1 of 1); source unchanged; last stored 390 ms ago';
    const ofOld = memoryHistory({ taskRuns: [taskRun("old", { key: "gone", components, reason, ...at(now - hour) })] });
    expect((await why({ ...target, history: ofOld }, "old"))?.lines).toEqual([
      `Run "old-name" of task "fetch-page", 1 h ago: miss; it said then: "${reason}"`,
      "There is no record under this key now: the next call computes",
    ]);
    expect(await why(target, "missed")).toMatchObject({ subject: { kind: "task-run" } });
    expect((await why(target, "gone"))?.lines).toEqual(ofTask?.lines);
    expect((await why(target, "kept"))?.lines).toEqual([
      "There is a record now, written 5 h ago: the next call uses it",
    ]);
    expect(await why(target, "unknown")).toBeUndefined();
    expect(await why({ storage: place.storage, clock }, "kept")).toMatchObject({ status: "valid" });
  });
});
