// `resultStorage` says where results go. A folder that several machines mount is a cache for all of them. Run this twice.
import { homedir } from "node:os";
import { join } from "node:path";
import { fileStorage, INPUTS, task } from "oxbow";

const shared = fileStorage(join(process.env["OXBOW_HOME"] ?? join(homedir(), ".oxbow"), "my-cache"));

const myCachedTask = task("my-cached-task", { cachePolicy: INPUTS, resultStorage: shared }, (x: number) => x + 42);

const state = await myCachedTask.run(1);
console.log(`${state.name} ${state.result()}`);
