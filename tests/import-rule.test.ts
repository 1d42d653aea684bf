import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { checkImports } from "../scripts/check-imports.ts";

const repository = join(import.meta.dirname, "..");

/** A tree in the shape of src/ that keeps the rule: file → what it imports. */
const skeleton: Readonly<Record<string, readonly string[]>> = {
  "kernel/errors.ts": [],
  "states/state.ts": ["../kernel/errors.ts"],
  "hashing/encode.ts": ["../kernel/errors.ts"],
  "serializers/serializer.ts": ["../kernel/errors.ts"],
  "serializers/json.ts": ["./serializer.ts"],
  "serializers/index.ts": ["./json.ts"],
  "storage/storage.ts": ["../kernel/errors.ts"],
  "storage/internal/record-bytes.ts": ["../storage.ts", "../../hashing/encode.ts"],
  "storage/file.ts": ["./storage.ts", "./internal/record-bytes.ts", "./file/names.ts"],
  "storage/file/names.ts": ["../storage.ts", "./escape.ts", "../internal/record-bytes.ts"],
  "storage/file/escape.ts": [],
  "storage/sqlite.ts": ["./storage.ts", "../locks/lock-manager.ts"],
  "locks/lock-manager.ts": [],
  "locks/memory.ts": ["./lock-manager.ts"],
  "caching/cache-policy.ts": ["../storage/storage.ts"],
  "caching/inputs.ts": ["./cache-policy.ts", "../hashing/encode.ts"],
  "settings/schema.ts": ["../kernel/errors.ts"],
  "logging/logger.ts": ["../settings/schema.ts"],
  "results/result-store.ts": ["../storage/storage.ts", "../serializers/serializer.ts"],
  "transactions/transaction.ts": ["../results/result-store.ts"],
  "engine/task-engine.ts": ["../transactions/transaction.ts", "../logging/logger.ts", "../caching/cache-policy.ts"],
  "defaults.ts": ["./storage/sqlite.ts", "./engine/task-engine.ts"],
  "authoring/task.ts": ["../engine/task-engine.ts", "../defaults.ts"],
  "index.ts": ["./authoring/task.ts"],
  "cli/main.ts": ["../index.ts"],
};

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "oxbow-imports-"));
  cpSync(join(repository, "tsconfig.json"), join(root, "tsconfig.json"));
  for (const [file, imports] of Object.entries(skeleton)) {
    write(file, imports.map((path) => `import "${path}";`).join("\n"));
  }
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(file: string, text: string): void {
  const path = join(root, "src", file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${text}\nexport const here = "${file}";\nexport interface Here { readonly at: string }\n`);
}

async function violations(): Promise<string[]> {
  const report = await checkImports(root, join(repository, ".dependency-cruiser.mjs"));
  return report.violations.map(({ rule, from }) => `${rule} ${from}`).sort();
}

it("the import rule accepts a tree that keeps it", async () => {
  expect(await violations()).toEqual([]);
});

const planted: ReadonlyArray<readonly [what: string, file: string, line: string, rules: readonly string[]]> = [
  ["an arrow up from the kernel", "kernel/clock.ts", 'import "../states/state.ts";', ["kernel-imports"]],
  [
    "an arrow up that is only a type",
    "results/record.ts",
    'import type { Here } from "../engine/task-engine.ts";',
    ["results-imports"],
  ],
  ["an arrow up by a re-export", "engine/futures.ts", 'export * from "../authoring/task.ts";', ["engine-imports"]],
  [
    "an arrow up by a dynamic import",
    "storage/s3.ts",
    'await import("../results/result-store.ts");',
    ["storage-imports"],
  ],
  [
    "an arrow up by an import in a type",
    "hashing/graph.ts",
    'type T = import("../engine/task-engine.ts").Here;',
    ["hashing-imports"],
  ],
  ["a driver that knows its sibling", "storage/redis.ts", 'import "./file.ts";', ["drivers-do-not-know-each-other"]],
  [
    "a driver that knows the inside of its sibling",
    "storage/redis.ts",
    'import "./file/names.ts";',
    ["drivers-do-not-know-each-other"],
  ],
  [
    "the inside of a driver that knows a sibling",
    "storage/s3/get.ts",
    'import "../file.ts";',
    ["drivers-do-not-know-each-other"],
  ],
  [
    "a driver that knows another folder's implementation",
    "storage/postgres.ts",
    'import "../locks/memory.ts";',
    ["storage-imports"],
  ],
  [
    "an implementation named outside the composition root",
    "engine/retries.ts",
    'import "../storage/sqlite.ts";',
    ["engine-imports"],
  ],
  [
    "a serializer that goes through the roster",
    "serializers/signed.ts",
    'import "./index.ts";',
    ["drivers-do-not-know-each-other"],
  ],
  ["shared code that knows a driver", "storage/internal/names.ts", 'import "../file.ts";', ["shared-knows-no-driver"]],
  [
    "a contract that knows more than contracts",
    "history/run-store.ts",
    'import "../hashing/encode.ts";',
    ["contracts-are-pure"],
  ],
  [
    "the front door used from inside",
    "testing/clock.ts",
    'import "../index.ts";',
    ["nobody-imports-the-front-door", "testing-imports"],
  ],
  [
    "a library file that needs the command line",
    "authoring/flow.ts",
    'import "../cli/main.ts";',
    ["authoring-imports", "nobody-imports-ui-or-cli"],
  ],
  [
    "a folder that nobody put into the table",
    "utils/misc.ts",
    'import "../kernel/errors.ts";',
    ["folder-is-in-the-table"],
  ],
  ["input and output in the kernel", "kernel/disk.ts", 'import "node:fs/promises";', ["kernel-does-no-io"]],
  ["a file that is not there", "locks/redis.ts", 'import "./gone.ts";', ["every-import-resolves"]],
  [
    "a file of the repository around src",
    "logging/out.ts",
    'import "../../scripts/tool.ts";',
    ["source-stays-in-source"],
  ],
];

it.each(planted)("the import rule reports %s", async (_, file, line, rules) => {
  mkdirSync(join(root, "scripts"));
  writeFileSync(join(root, "scripts/tool.ts"), "export {};\n");
  write(file, line);
  expect(await violations()).toEqual(rules.map((rule) => `${rule} src/${file}`));
});

it("the import rule reports a circle, of types only too", async () => {
  write("results/record.ts", 'import type { Here } from "./result-store.ts";');
  write("results/result-store.ts", 'import type { Here } from "./record.ts";');
  expect(await violations()).toEqual(["no-cycles src/results/record.ts"]);
});

it("the import rule reports a test that is imported", async () => {
  write("kernel/errors.test.ts", "");
  write("kernel/ids.ts", 'import "./errors.test.ts";');
  expect(await violations()).toEqual(["tests-are-imported-by-nobody src/kernel/ids.ts"]);
});

it("the check fails where there is no module to read", async () => {
  rmSync(join(root, "src"), { recursive: true });
  await expect(violations()).rejects.toThrow(/No TypeScript file/);
});
