/*
 * A process that runs a flow of three tasks and ends: `node exit-process.ts HOW`.
 *   exit      process.exit(0) at once
 *   throw     an exception that nobody catches, while a second flow runs
 *   signal    it says "ready" while a flow runs, and waits to be ended by a signal
 *   slow      process.exit(0) when a batch has been tried
 */
import { writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { flow, getRunContext, task } from "../../src/index.ts";

const how = process.argv[2];
const addOne = task("add-one", (x: number) => x + 1);
const sums = flow("sums", async () => addOne.map([1, 2, 3]));
const waiting = flow("waiting", async () => sleep(60_000, undefined, { signal: getRunContext()!.signal }));

await sums();
if (how === "exit") process.exit(0);
if (how === "slow") setTimeout(() => process.exit(0), 200);
else {
  if (how === "throw")
    setImmediate(() => {
      throw new Error("nobody catches this");
    });
  else setImmediate(() => void writeSync(1, "ready\n"));
  await waiting();
}
