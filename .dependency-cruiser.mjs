// The import rule: arrows point down, and sideways only to a contract. The order of the table is the architecture.
// Run by scripts/check-imports.ts (`npm run imports`); tests/import-rule.test.ts plants wrong imports and sees each one reported.

/** What an implementation promises: the only files of a folder of implementations that others may know. */
const contracts =
  "(storage/storage|locks/(lock-manager|lock-medium|lease-locks)|serializers/serializer|caching/(cache-policy|policy-configuration)|history/run-store|engine/task-runner)\\.ts$";
/** The files that lease-locks.ts is made of; nobody else may know them. */
const leaseLocks = "locks/lease-locks/";
/** Folders that hold a contract and one file per implementation. */
const plug = "(storage|locks|serializers|caching|history)";
/** The files that name the implementations of their own folder: its subpath export, and what finds one by its name. */
const rosters = "(serializers/(index|registry))\\.ts$";
/** What works on any implementation, so it lives beside the contract: it is no driver, and no driver may need it. */
const machinery = "(caching/(compute-key|difference)|serializers/(registry|streams|file-formats))\\.ts$";

/** What lies under everything that works; the contracts stand for the folders they are in. */
const low = ["kernel/", "states/", "hashing/", contracts];
const engine = [...low, "settings/", "logging/", "results/", "transactions/", machinery];
const door = ["index\\.ts$", "defaults\\.ts$", "defaults/"];

/** folder → what it may import beside itself and packages */
const may = {
  kernel: [],
  io: ["kernel/"],
  states: ["kernel/"],
  hashing: ["kernel/"],
  serializers: low,
  storage: [...low, "io/"],
  locks: [...low, "io/"],
  caching: low,
  history: [...low, "io/"],
  settings: ["kernel/"],
  logging: ["kernel/", "settings/"],
  results: [...low, machinery, "io/spool\\.ts$"],
  transactions: [...low, "results/"],
  maintenance: [...low, machinery, "results/", "io/"],
  blocks: [...low, "settings/", "io/"],
  engine,
  defaults: [
    ...engine,
    "caching/",
    "engine/",
    "storage/",
    "locks/",
    "serializers/",
    "blocks/",
    "history/",
    "io/",
    "maintenance/",
    "telemetry/",
  ],
  telemetry: [...engine, "engine/"],
  authoring: [...engine, "engine/", "defaults\\.ts$"],
  classic: [...engine, "engine/", "authoring/", "defaults\\.ts$", "storage/"],
  doctor: [...engine, "engine/", "blocks/", "io/", "authoring/definition-of\\.ts$", ...door],
  server: [...low, ...door],
  cli: [
    ...engine,
    ...door,
    "caching/",
    "history/",
    "storage/",
    "authoring/",
    "blocks/",
    "doctor/",
    "engine/",
    "io/",
    "maintenance/",
    "serializers/",
    "server/index\\.ts$",
  ],
  testing: [...engine, "engine/", "authoring/", "defaults\\.ts$"],
};
const said = new Map([
  [contracts, "the contracts"],
  [machinery, "compute-key.ts, difference.ts, registry.ts, streams.ts, file-formats.ts"],
]);
const folders = Object.keys(may).join("|");

const code = { pathNot: "\\.test\\.ts$" };
const rule = (name, comment, from, to) => ({ name, comment, severity: "error", from, to });

export default {
  forbidden: [
    rule("no-cycles", "no circle of imports, type-only ones included", {}, { circular: true }),
    ...Object.entries(may).map(([folder, allowed]) =>
      rule(
        `${folder}-imports`,
        `src/${folder}/ may import only itself${allowed.map((path) => `, ${said.get(path) ?? path.replace("\\", "").replace("$", "")}`).join("")}`,
        { path: `^src/${folder}/`, ...code },
        { path: "^(src|ui)/", pathNot: `^src/(${[`${folder}/`, ...allowed].join("|")})` },
      ),
    ),
    rule(
      "folder-is-in-the-table",
      "a new folder of src/ gets its line in the table of .dependency-cruiser.mjs",
      { path: `^src/(?!(${folders})/)[^/]+/`, ...code },
      {},
    ),
    rule(
      "contracts-are-pure",
      "a contract knows only the kernel, the states and other contracts",
      { path: `^src/(${contracts}|${leaseLocks})`, ...code },
      { path: "^src/", pathNot: `^src/(kernel/|states/|${contracts}|${leaseLocks})` },
    ),
    rule(
      "drivers-do-not-know-each-other",
      "an implementation knows its contract, its own folder and internal/; what two of them need goes into internal/",
      {
        path: `^src/${plug}/([^/.]+)(\\.ts$|/)`,
        pathNot: [`^src/${contracts}`, `^src/${rosters}`, "^src/[^/]+/internal/", "\\.test\\.ts$"],
      },
      { path: "^src/$1/", pathNot: [`^src/${contracts}`, "^src/$1/internal/", "^src/$1/$2(\\.ts$|/)"] },
    ),
    rule(
      "shared-knows-no-driver",
      "src/*/internal/ is under the implementations, not above them",
      { path: `^src/${plug}/internal/`, ...code },
      { path: "^src/$1/", pathNot: [`^src/${contracts}`, "^src/$1/internal/"] },
    ),
    rule(
      "kernel-does-no-io",
      "src/kernel/ is values and arithmetic",
      { path: "^src/kernel/", ...code },
      { path: "^(node:)?(fs|net|http|https|http2|tls|dgram|dns|child_process|worker_threads|cluster|sqlite)(/|$)" },
    ),
    rule(
      "nobody-imports-the-front-door",
      "inside src/, import the file itself; index.ts is for users, the CLI and the server",
      { path: "^src/(?!cli/|server/)", ...code },
      { path: "^src/index\\.ts$" },
    ),
    rule(
      "nobody-imports-ui-or-cli",
      "the library works without its command line and its pages",
      { path: "^src/(?!cli/)" },
      { path: "^(ui|src/cli)/" },
    ),
    rule(
      "source-stays-in-source",
      "src/ is what is published: nothing of the repository around it is there at run time",
      { path: "^src/", ...code },
      { path: "^(tests|scripts|examples|benchmarks|docs|dist|tools)/" },
    ),
    rule(
      "tests-are-imported-by-nobody",
      "what tests share goes into src/testing/ or tests/",
      {},
      { path: "\\.test\\.ts$" },
    ),
    rule("every-import-resolves", "the file or package is not there", { path: "^src/" }, { couldNotResolve: true }),
    rule(
      "packages-are-declared",
      "a package that src/ uses at run time stands in dependencies, optionalDependencies or peerDependencies",
      { path: "^src/", ...code },
      { dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown"], dependencyTypesNot: ["type-only", "npm-peer"] },
    ),
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    doNotFollow: { path: "node_modules" },
  },
};
