/* What is loaded, and what happens where the package is missing: in processes of their own. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, it } from "vitest";

const source = join(import.meta.dirname, "../../src");

/** What a program returns, and what it says in its log. */
function outputOf(program: string): { readonly result: unknown; readonly log: string } {
  const script = `
    const { createRequire } = await import("node:module");
    const require = createRequire(${JSON.stringify(join(source, "index.ts"))});
    const isLoaded = () => Object.keys(require.cache).some((path) => path.includes("@opentelemetry"));
    const { flow, task } = await import(${JSON.stringify(pathToFileURL(join(source, "index.ts")).href)});
    const add = task("add", async (x) => x + 1);
    const sum = flow("sum", async () => add(await add(1)));
    console.log(JSON.stringify(await (async () => { ${program} })()));`;
  const args = ["--no-warnings", "--input-type=module", "-e", script];
  const env = { ...process.env, OXBOW_LOGGING_LEVEL: "warn" };
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: source, encoding: "utf8", env });
  return { result: stdout === "" ? undefined : JSON.parse(stdout), log: stderr };
}

it("without a provider, runs load nothing of OpenTelemetry", () => {
  expect(outputOf("return [await sum(), isLoaded()];")).toEqual({ result: [3, false], log: "" });
});

it("a provider that is registered after the first run gets the next one", () => {
  const { result } = outputOf(`
    const before = [await sum(), isLoaded()];
    const { trace, INVALID_SPAN_CONTEXT } = require("@opentelemetry/api");
    const names = [];
    trace.setGlobalTracerProvider({ getTracer: (name, version) => ({ startSpan: (span) => {
      names.push([name, /^[0-9]+[.]/.test(version), span].join(" "));
      return trace.wrapSpanContext(INVALID_SPAN_CONTEXT);
    } }) });
    return [...before, await sum(), names];`);
  const [flowRun, taskRun] = ["oxbow true flow run sum", "oxbow true task run add"];
  expect(result).toEqual([3, false, 3, [flowRun, taskRun, taskRun]]);
});

it("where the package is missing, that is said once, and runs go on", () => {
  const { result, log } = outputOf(`
    const Module = process.getBuiltinModule("node:module");
    const resolve = Module._resolveFilename;
    Module._resolveFilename = (name, ...rest) => {
      if (name === "@opentelemetry/api") throw new Error("Cannot find module '@opentelemetry/api'");
      return resolve(name, ...rest);
    };
    globalThis[Symbol.for("opentelemetry.js.api.1")] = { version: "1.9.1", trace: {} };
    return [await sum(), await sum()];`);
  expect(result).toEqual([3, 3]);
  expect(log.match(/npm install @opentelemetry\/api/g)).toHaveLength(1);
  expect(log.trim().split("\n")).toHaveLength(1);
});
