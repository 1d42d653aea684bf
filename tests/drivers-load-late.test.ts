import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, it } from "vitest";

const source = join(import.meta.dirname, "..", "src");

/** The optional packages that are loaded once a module of src/ has been imported. */
function loadedBy(...modules: readonly string[]): unknown {
  const script = `
    const { createRequire } = await import("node:module");
    for (const url of ${JSON.stringify(modules.map((path) => pathToFileURL(path).href))}) await import(url);
    const loaded = Object.keys(createRequire(import.meta.url).cache).map((path) => path.replaceAll("\\\\", "/"));
    const drivers = loaded.map((path) => /node_modules[/](ioredis|pg|papaparse|hyparquet|@aws-sdk|@smithy|@google-cloud|@azure)[/]/.exec(path)?.[1]).filter(Boolean);
    console.log(JSON.stringify([...new Set(drivers)]));`;
  const args = ["--no-warnings", "--input-type=module", "-e", script];
  return JSON.parse(execFileSync(process.execPath, args, { cwd: source, encoding: "utf8" }));
}

it("importing oxbow, or what needs a driver, loads no driver", () => {
  const storages = ["postgres", "redis", "s3", "gcs", "azure", "unstorage"].map((name) => `storage/${name}.ts`);
  const paths = ["index.ts", "classic/index.ts", "locks/redis.ts", "locks/postgres.ts", ...storages];
  expect(loadedBy(...paths.map((path) => join(source, path)))).toEqual([]);
});

it("would be noticed", () => {
  const ioredis = join(source, "../node_modules/ioredis/built/index.js");
  expect(loadedBy(ioredis)).toEqual(["ioredis"]);
});
