import { existsSync } from "node:fs";
import { join } from "node:path";
import { root } from "../lib/run.ts";
import type { EntryPoint } from "../lib/entry-points.ts";

const beside = ["package.json", "README.md", "LICENSE", "CHANGELOG.md"];
/** Started as programs of their own: the command line, and what the doctor looks at a file with. */
const programs = ["dist/cli/main.js", "dist/doctor/probe.js"];
const required = ["package.json", "README.md", "LICENSE"];

/** What is wrong with the list of files that `npm pack` ships. */
export function checkContents(points: readonly EntryPoint[], shipped: readonly string[]): string[] {
  const findings = required.filter((file) => !shipped.includes(file)).map((file) => `${file} is not in the package`);
  const code = new Set(points.map((point) => bare(point.code)));
  for (const file of shipped) {
    if (beside.includes(file)) continue;
    if (!/^dist\/.+\.(js|d\.ts)$/.test(file))
      findings.push(`${file} is in the package; "files" in package.json should leave it out`);
    else if (/\.test\.|\/fixtures\//.test(file))
      findings.push(`${file} is a test and in the package; exclude it in tsconfig.build.json`);
    else if (!isMade(file, code)) findings.push(`${file} comes from an older build: delete dist/ and build again`);
  }
  return findings;
}

/** Whether a build of the source that is there makes this file: code by entry point and chunk, declarations one by one. */
function isMade(file: string, code: ReadonlySet<string>): boolean {
  if (file.endsWith(".js")) return code.has(file) || programs.includes(file) || file.startsWith("dist/chunks/");
  return existsSync(join(root, file.replace(/^dist\//, "src/").replace(/\.d\.ts$/, ".ts")));
}

function bare(path: string): string {
  return path.replace(/^\.\//, "");
}

/** Compares `exports` with the files both ways: each names a file, and each entry file of a folder is named. */
export function checkExports(points: readonly EntryPoint[], shipped: readonly string[]): string[] {
  const findings: string[] = [];
  for (const { subpath, types, code } of points) {
    for (const path of [types, code]) {
      if (!shipped.includes(bare(path)))
        findings.push(`exports["${subpath}"] names ${path}, which is not in the package`);
    }
    if (types.replace(/\.d\.ts$/, "") !== code.replace(/\.js$/, ""))
      findings.push(`exports["${subpath}"] has types of another file`);
    const place = code.replace(/^\.\/dist/, ".").replace(/(\/index)?\.js$/, "");
    if (place !== subpath)
      findings.push(`exports["${subpath}"] is ${code}; a subpath has the name of its file or folder, here "${place}"`);
  }
  const named = new Set(points.map(({ code }) => bare(code)));
  for (const file of shipped) {
    if (/^dist\/([^/]+\/)?index\.js$/.test(file) && !named.has(file))
      findings.push(`${file} has no line in "exports"; give it one or another name`);
  }
  return findings;
}
