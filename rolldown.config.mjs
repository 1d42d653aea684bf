import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";

/*
 * Joins the modules behind each public subpath: loading a hundred small files costs 35 ms, one file 10 ms. What several
 * subpaths share stands in chunks, so that a class is the same one wherever it is imported from.
 */

/**
 * `import { x } from "node:fs"` makes a module of everything that node:fs has, which loads node:fs/promises, streams and
 * readline. Taking `x` from the built-in itself loads what `x` needs.
 */
const builtInsAsTheyAre = {
  name: "built-ins-as-they-are",
  renderChunk: (code) =>
    code.replace(/^import \{([^}]*)\} from "(node:[a-z/_]+)";$/gm, (_, names, builtIn) => {
      return `const {${names.replaceAll(" as ", ": ")}} = process.getBuiltinModule("${builtIn}");`;
    }),
};

/** The modules that a module imports for running, with those that they import. */
function reachedFrom(entry, reached = new Set()) {
  if (reached.has(entry)) return reached;
  reached.add(entry);
  const code = readFileSync(entry, "utf8");
  for (const [, path] of code.matchAll(/^(?:import|export)\b(?! type\b)[^;"]*? from "(\.[^"]+\.ts)";/gm))
    reachedFrom(resolve(dirname(entry), path), reached);
  return reached;
}

/** What `import "oxbow"` needs is one file, whatever else needs parts of it. */
const core = reachedFrom(resolve("src/index.ts"));
core.delete(resolve("src/index.ts"));

export default {
  input: {
    index: "src/index.ts",
    "serializers/index": "src/serializers/index.ts",
    "testing/index": "src/testing/index.ts",
    "locks/redis": "src/locks/redis.ts",
    "locks/postgres": "src/locks/postgres.ts",
    "storage/postgres": "src/storage/postgres.ts",
    "storage/redis": "src/storage/redis.ts",
    "storage/s3": "src/storage/s3.ts",
    "storage/gcs": "src/storage/gcs.ts",
    "storage/azure": "src/storage/azure.ts",
    "storage/unstorage": "src/storage/unstorage.ts",
    "classic/index": "src/classic/index.ts",
    "maintenance/index": "src/maintenance/index.ts",
    "cli/main": "src/cli/main.ts",
    "doctor/probe": "src/doctor/probe.ts",
  },
  platform: "node",
  external: [
    /^node:/,
    "@aws-sdk/client-s3",
    "@azure/storage-blob",
    "@clack/prompts",
    "@google-cloud/storage",
    "@opentelemetry/api",
    "acorn",
    "cli-table3",
    "commander",
    "hyparquet",
    "hyparquet-writer",
    "ioredis",
    "kysely",
    "ms",
    "papaparse",
    "pg",
    "smol-toml",
  ],
  plugins: [builtInsAsTheyAre],
  output: {
    dir: "dist",
    format: "esm",
    entryFileNames: "[name].js",
    chunkFileNames: "chunks/[name].js",
    codeSplitting: { groups: [{ name: "core", test: (id) => core.has(id) }] },
    minify: false,
  },
};
