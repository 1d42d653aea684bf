// Cache records can be kept apart from the results. They can then be removed without touching the results.
import { readdir, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { INPUTS, task, TASK_SOURCE } from "oxbow";

const home = process.env["OXBOW_HOME"] ?? join(homedir(), ".oxbow");
const keys = join(home, "my-keys");
const results = join(home, "my-results");

const cachePolicy = TASK_SOURCE.and(INPUTS).configure({ keyStorage: keys });

const myCachedTask = task("my-cached-task", { cachePolicy, resultStorage: results }, (x: number) => x + 42);

const count = async (folder: string) => (await readdir(folder)).filter((name) => !name.startsWith(".")).length;

const key = (await myCachedTask.run(1)).decision?.key ?? "";
console.log((await myCachedTask.run(1)).name);
console.log(`records: ${await count(keys)}, results: ${await count(results)}`);

await rm(join(keys, key));
console.log(`records: ${await count(keys)}, results: ${await count(results)}`);
console.log((await myCachedTask.run(1)).name); // without its record it is computed again
