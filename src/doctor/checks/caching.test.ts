import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { complaints, findingsOf, newFolder } from "../../../tests/fixtures/doctor.ts";
import { memoryStorage } from "../../storage/memory.ts";
import { caching } from "./caching.ts";

const oxbow = JSON.stringify(new URL("../../index.ts", import.meta.url).href);

it("passes where results are looked up and stored", async () => {
  expect(complaints(await findingsOf(caching))).toEqual([]);
});

it("every setting that switches the cache off is named, with its source", async () => {
  vi.stubEnv("OXBOW_TASKS_REFRESH_CACHE", "1");
  const settings = { tasks: { disableCaching: true, defaultNoCache: true }, caching: { mode: "read-only" as const } };
  expect(complaints(await findingsOf(caching, { settings }))).toEqual([
    "warn tasks.disableCaching: It is on in withSettings: nothing is looked up, and nothing is stored",
    "warn tasks.refreshCache: It is on in the environment: every task computes anew, whatever is stored",
    "warn tasks.defaultNoCache: It is on in withSettings: tasks without a cachePolicy are not cached",
    "warn caching.mode: It is read-only in withSettings: results are used, and new ones are not stored",
  ]);
  vi.unstubAllEnvs();
});

it("a storage that does not outlive the process is named", async () => {
  expect(complaints(await findingsOf(caching, { storages: [memoryStorage()] }))).toEqual([
    expect.stringContaining("It is in the memory of this process"),
  ]);
});

it("tasks of a file whose options let nothing be found are named", async () => {
  const file = join(newFolder(), "tasks.mjs");
  writeFileSync(
    file,
    `import { INPUTS, TASK_NAME, memoryStorage, task } from ${oxbow};
     export const lasting = task("lasting", { cachePolicy: INPUTS.and(TASK_NAME), cacheExpiration: "1 hour" }, (x) => x);
     export const brief = task("brief", { cachePolicy: INPUTS.and(TASK_NAME), cacheExpiration: "10s" }, (x) => x);
     export const forgotten = task("forgotten", { cachePolicy: INPUTS.and(TASK_NAME), resultStorage: memoryStorage() }, (x) => x);
     export const restless = task("restless", { cachePolicy: INPUTS.and(TASK_NAME), refreshCache: true }, (x) => x);`,
  );
  expect(complaints(await findingsOf(caching, { file }))).toEqual([
    "warn task brief: Its results expire after 10 s: hardly any call finds one",
    "warn task forgotten: Its results are in the memory of the process (memory #1) and do not outlive it",
    "warn task restless: refreshCache is on: it computes anew at every call",
  ]);
});

it("tasks that share records are named, and no others", async () => {
  const file = join(newFolder(), "tasks.mjs");
  writeFileSync(
    file,
    `import { INPUTS, TASK_NAME, TASK_SOURCE, task } from ${oxbow};
     export const double = task("double", { cachePolicy: INPUTS }, (x) => x * 2);
     export const square = task("square", { cachePolicy: INPUTS }, (x) => x * x);
     export const other = task("other", { cachePolicy: INPUTS }, (y) => y);
     export const elsewhere = task("elsewhere", { cachePolicy: INPUTS, resultStorage: "/tmp/else" }, (x) => x);
     export const named = task("named", { cachePolicy: INPUTS.and(TASK_NAME) }, (x) => x);
     export const sourced = task("sourced", { cachePolicy: INPUTS.and(TASK_SOURCE) }, (x) => x);
     export const keyed = task("keyed", { cacheKeyFn: () => "key" }, (x) => x);
     export const usual = task("usual", (x) => x);`,
  );
  expect(complaints(await findingsOf(caching, { file }))).toEqual([
    expect.stringMatching(/^warn tasks double, square: They share records/),
  ]);
});
