/*
 * Runs before each test file, in the file's own process. No test sees the settings, profiles or results of the
 * person who runs it, and none leaves anything in their home.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { afterAll, expect } from "vitest";

for (const name of Object.keys(process.env)) {
  if (name.startsWith("OXBOW_")) delete process.env[name];
}

const home = mkdtempSync(join(tmpdir(), "oxbow-test-"));
process.env["OXBOW_HOME"] = home;
// The tests of the run history switch it on.
process.env["OXBOW_HISTORY_ENABLED"] = "false";

// The first afterAll to be registered is the last one to run: the stores of the file are closed by then.
afterAll(() => rmSync(home, { recursive: true, force: true, maxRetries: 3 }));

// A test that loops without ever waiting cannot be stopped from its own thread: no time limit of vitest reaches it.
const limitMs = 5 * 60_000;
const guard = `
  const { workerData: { limitMs, file } } = require("node:worker_threads");
  setTimeout(() => {
    require("node:fs").writeSync(2, "\\n" + file + ": ended after " + limitMs / 1000 + " s; a test in it loops, or the file is too long\\n");
    process.kill(process.pid, "SIGKILL");
  }, limitMs);
`;
const file = expect.getState().testPath;
new Worker(guard, { eval: true, workerData: { limitMs, file } }).unref();
