/*
 * Runs before each test file, in the file's own process. No test sees the settings, profiles or results of the
 * person who runs it, and none leaves anything in their home.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";

for (const name of Object.keys(process.env)) {
  if (name.startsWith("OXBOW_")) delete process.env[name];
}

const home = mkdtempSync(join(tmpdir(), "oxbow-test-"));
process.env["OXBOW_HOME"] = home;

// The first afterAll to be registered is the last one to run: the stores of the file are closed by then.
afterAll(() => rmSync(home, { recursive: true, force: true, maxRetries: 3 }));
