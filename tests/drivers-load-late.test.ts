import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, it } from "vitest";

const source = join(import.meta.dirname, "..", "src");

/** The optional packages that are loaded once a module of src/ has been imported. */
function loadedBy(...modules: readonly string[]): unknown {
  const script = `
    const { registerHooks } = await import("node:module");
    const loaded = [];
    registerHooks({ load: (url, context, next) => { loaded.push(url); return next(url, context); } });
    for (const url of ${JSON.stringify(modules.map((path) => pathToFileURL(path).href))}) await import(url);
    const late = ["ioredis", "pg", "papaparse", "hyparquet", "@aws-sdk", "@smithy", "@google-cloud", "@azure", "@opentelemetry", "kysely", "commander", "@clack", "cli-table3"];
    console.log(JSON.stringify(late.filter((name) => loaded.some((url) => url.includes("/node_modules/" + name + "/")))));`;
  const args = ["--no-warnings", "--input-type=module", "-e", script];
  return JSON.parse(execFileSync(process.execPath, args, { cwd: source, encoding: "utf8" }));
}

it("importing oxbow, or what needs a driver, loads no driver", () => {
  const storages = ["postgres", "redis", "s3", "gcs", "azure", "unstorage"].map((name) => `storage/${name}.ts`);
  const paths = ["index.ts", "classic/index.ts", "locks/redis.ts", "locks/postgres.ts", ...storages];
  expect(loadedBy(...paths.map((path) => join(source, path)))).toEqual([]);
});

it("would be noticed", () => {
  const packages = join(source, "../node_modules");
  expect(loadedBy(join(packages, "ioredis/built/index.js"))).toEqual(["ioredis"]);
  expect(loadedBy(join(packages, "kysely/dist/esm/index.js"))).toEqual(["kysely"]);
});
