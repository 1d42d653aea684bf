/*
 * `npm run build`: dist/ with the code of each public subpath (rolldown.config.mjs) and the declarations of every
 * module (tsc). Files of an older build are removed last, so that a program that runs meanwhile finds its modules.
 */
import { globSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { build, type BuildOptions } from "rolldown";
import { loadConfig } from "rolldown/config";
import { attempt, root } from "./lib/run.ts";

// File times are coarser than this clock on some file systems.
const started = Date.now() - 1000;

process.chdir(root);
await build((await loadConfig(join(root, "rolldown.config.mjs"))) as BuildOptions);
const { status, output } = await attempt("tsc", ["-p", "tsconfig.build.json"]);
if (status !== 0) {
  console.error(output.trimEnd());
  process.exitCode = status;
} else {
  for (const file of globSync("dist/**/*.*")) {
    const path = join(root, file);
    if (statSync(path).mtimeMs < started) rmSync(path);
  }
}
