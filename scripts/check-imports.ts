/*
 * `npm run imports`: the rules of .dependency-cruiser.mjs, as a step of its own, so that a change of linter
 * cannot lose them. dependency-cruiser that cannot parse TypeScript reads no module and reports success: what
 * it read is compared with what is on disk.
 */
import { existsSync, globSync } from "node:fs";
import { join } from "node:path";
import { cruise, type ICruiseResult } from "dependency-cruiser";
import extractOptions from "dependency-cruiser/config-utl/extract-depcruise-options";
import extractTsConfig from "dependency-cruiser/config-utl/extract-ts-config";
import { report } from "./lib/findings.ts";
import { root } from "./lib/run.ts";

/** What a check of the imports found. */
export interface ImportReport {
  /** Modules of src/ that dependency-cruiser read. */
  readonly read: number;
  /** TypeScript files that are in src/. */
  readonly files: number;
  readonly violations: readonly WrongImport[];
}

/** One import that a rule forbids. */
export interface WrongImport {
  readonly rule: string;
  readonly from: string;
  readonly to: string;
  /** The files of the circle, where it is one. */
  readonly cycle: readonly string[];
  /** What the rule file says about the rule. */
  readonly comment: string;
}

/**
 * Applies a rule file to the `src/` of a folder.
 *
 * @param base the folder that holds `src/` and `tsconfig.json`
 * @param rules path of the rule file
 * @throws where dependency-cruiser did not read every TypeScript file there is
 */
export async function checkImports(base: string, rules: string): Promise<ImportReport> {
  const files = globSync("src/**/*.ts", { cwd: base }).length;
  if (files === 0) throw new Error(`No TypeScript file under ${join(base, "src")}: run this where src/ is`);
  const options = await extractOptions(rules);
  const tsConfig = join(base, "tsconfig.json");
  const transpile = existsSync(tsConfig) ? { tsConfig: extractTsConfig(tsConfig) } : {};
  const { output } = await cruise(["src"], { ...options, baseDir: base, validate: true }, {}, transpile);
  const { modules, summary } = output as ICruiseResult;
  const read = modules.filter(
    (module) => module.source.startsWith("src/") && module.source.endsWith(".ts") && !module.couldNotResolve,
  ).length;
  if (read < files) {
    throw new Error(
      `dependency-cruiser read ${read} of ${files} modules: it cannot parse this TypeScript; use the version that package.json pins`,
    );
  }
  const comments = new Map(options.ruleSet?.forbidden?.map(({ name, comment }) => [name, comment]));
  const violations = summary.violations.map(({ rule, from, to, cycle }) => ({
    rule: rule.name,
    from,
    to,
    cycle: cycle?.map(({ name }) => name) ?? [],
    comment: comments.get(rule.name) ?? "",
  }));
  return { read, files, violations };
}

/** A wrong import in two lines: what, and the rule that is broken. */
function describe({ rule, from, to, cycle, comment }: WrongImport): string {
  return `${from} → ${cycle.length > 0 ? cycle.join(" → ") : to}\n    ${rule}: ${comment}`;
}

if (import.meta.main) {
  const { read, violations } = await checkImports(root, join(root, ".dependency-cruiser.mjs"));
  report(violations.map(describe), `${read} modules keep the import rule`);
}
