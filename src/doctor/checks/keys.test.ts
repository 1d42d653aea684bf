import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { complaints, findingsOf, newFolder } from "../../../tests/fixtures/doctor.ts";
import type { Finding } from "../finding.ts";
import type { RunStore } from "../../history/run-store.ts";
import { keys } from "./keys.ts";

const oxbow = JSON.stringify(new URL("../../index.ts", import.meta.url).href);

function look(text: string, history?: RunStore): Promise<readonly Finding[]> {
  const file = join(newFolder(), "tasks.mjs");
  writeFileSync(file, `import { cacheKeyFn, INPUTS, task, TASK_SOURCE } from ${oxbow};\n${text}`);
  return findingsOf(keys, {
    file,
    ...(history && { history, settings: { history: { enabled: true } } }),
  });
}

/** A history of one run. */
function historyWith(json: string, left?: Record<string, string>): RunStore {
  return { taskRuns: { list: async () => [{ inputs: { json, left } }] } } as unknown as RunStore;
}

describe("The tasks of a file", () => {
  it("pass where each process and each import sees the same", async () => {
    const found = await look(`
      export const plain = task("plain", { cachePolicy: INPUTS.and(TASK_SOURCE) }, (x) => x);
      export const keyed = task("keyed", { cacheKeyFn: (run, { x }) => \`\${run.taskRun.task.name}-\${x}\` }, (x) => x);`);
    expect(complaints(found)).toEqual([]);
    expect(found.map(({ message }) => message)).toContain("component key-fn is the same each time, for no inputs");
  });

  it.each([
    ["the time", "Date.now()"],
    ["the time in seconds", "Math.round(Date.now() / 1000)"],
    ["the minute", "new Date().toISOString().slice(0, 16)"],
    ["a random number", "Math.random()"],
    ["a UUID", "crypto.randomUUID()"],
    ["the process", "process.pid"],
    ["a counter", "(globalThis.count = (globalThis.count ?? 0) + 1)"],
  ])("fail where a key function uses %s", async (_, expression) => {
    const found = await look(
      `export const t = task("t", { cacheKeyFn: (_, { x }) => \`k-\${x}-\${${expression}}\` }, (x) => x);`,
    );
    expect(complaints(found)).toEqual([
      expect.stringMatching(
        /^fail task t: Component key-fn differs from call to call, for the same inputs: "k-.*" and "k-/,
      ),
    ]);
  });

  it("are looked at with the newest recorded inputs, where the history has them", async () => {
    const text = `export const t = task("t", { cacheKeyFn: (_, { when }) => when.toISOString() }, (when) => when);`;
    const [, withoutHistory] = await look(text);
    expect(withoutHistory!.message).toContain("component key-fn was not compared");
    const [, recorded] = await look(text, historyWith('{"when":{"$type":"date","value":"2026-01-02T00:00:00.000Z"}}'));
    expect(recorded).toMatchObject({ status: "warn" });
    const cut = await look(text, historyWith("{}", { when: "48 KiB" }));
    expect(cut[1]!.message).toContain("component key-fn was not compared");
  });

  it("fail where their code differs from import to import, or cannot be read", async () => {
    const found = await look(`
      export const changing = task("changing", { cachePolicy: TASK_SOURCE }, new Function("x", \`return x + \${Math.random()}\`));
      export const bound = task("bound", { cachePolicy: TASK_SOURCE }, function f(x) { return x; }.bind({}));
      export const named = task("named", { cachePolicy: TASK_SOURCE, version: "1" }, function f(x) { return x; }.bind({}));`);
    expect(complaints(found)).toEqual([
      expect.stringContaining(
        'fail task bound: Component task-source: Cannot read the source of task "bound": it is a bound function',
      ),
      expect.stringContaining("fail task changing: Component task-source differs from import to import"),
    ]);
  });

  it("fail where they are others each time", async () => {
    const found = await look("export const t = task(`t-${Math.random()}`, { cachePolicy: TASK_SOURCE }, (x) => x);");
    expect(complaints(found)[0]).toContain("The file does not export it each time as t");
  });

  it.each([
    ["throws", "throw new Error('no database');", "Error: no database"],
    ["ends the process", "process.exit(3);", "ended with 3"],
    ["is not there", undefined, "there is no such file"],
  ])("cannot be looked at where the file %s", async (_, text, message) => {
    const found = text === undefined ? await findingsOf(keys, { file: "/nowhere/tasks.ts" }) : await look(text);
    expect(complaints(found)).toEqual([expect.stringContaining(message)]);
  });

  it("of another copy of oxbow are named", async () => {
    const found = await look(
      `export const alien = Object.assign(() => {}, { explain() {}, withOptions() {}, submit() {} });`,
    );
    expect(complaints(found)).toEqual([expect.stringContaining("It is a task of another copy of oxbow")]);
  });
});
