/*
 * `npm run lockfile`: `npm ci` can follow package-lock.json on any machine, from any registry.
 *
 * It names no host: .npmrc asks npm for that (`omit-lockfile-registry-resolved`), and an npm that does not read it
 * would write them. It names the binaries of every platform: a registry that does not have one (yet) makes
 * `npm install` leave it out, and then `npm ci` refuses the lockfile. `--complete` writes what is missing.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { report } from "./lib/findings.ts";
import { type Locked, type Lockfile, missingBinaries } from "./lib/lockfile.ts";
import { root } from "./lib/run.ts";

const file = join(root, "package-lock.json");
const lockfile = JSON.parse(readFileSync(file, "utf8")) as Lockfile;

function problem({ link, resolved, version, integrity, optional }: Locked): string | undefined {
  if (link) return undefined;
  if (resolved !== undefined)
    return `resolved from ${resolved}; delete the line, and install with the .npmrc of this folder`;
  if (version?.includes(":")) return `version ${version} is an address; depend on a release`;
  if (integrity === undefined && !optional) return "no integrity; delete package-lock.json and run `npm install`";
  return undefined;
}

const missing = missingBinaries(lockfile);
if (process.argv.includes("--complete")) {
  const packages = Object.fromEntries(
    Object.entries({ ...lockfile.packages, ...missing }).sort(([a], [b]) => a.localeCompare(b, "en")),
  );
  writeFileSync(file, `${JSON.stringify({ ...lockfile, packages }, undefined, 2)}\n`);
  console.log(`${Object.keys(missing).length} packages added`);
} else {
  const findings = Object.keys(missing).map((path) => `${path} is not locked: run \`npm run lockfile -- --complete\``);
  for (const [path, locked] of Object.entries(lockfile.packages)) {
    const found = path.includes("node_modules/") ? problem(locked) : undefined;
    if (found !== undefined) findings.push(`${path}: ${found}`);
  }
  report(findings, `${Object.keys(lockfile.packages).length} packages locked, none to a host`);
}
