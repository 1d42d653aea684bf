/*
 * `npm run lockfile`: package-lock.json names no host, so that `npm ci` uses the registry of whoever runs it.
 * .npmrc asks npm for that (`omit-lockfile-registry-resolved`); an npm that does not read it would write them.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { report } from "./shared/findings.ts";
import { root } from "./shared/run.ts";

interface Locked {
  readonly version?: string;
  readonly resolved?: string;
  readonly link?: boolean;
  readonly integrity?: string;
}

const text = readFileSync(join(root, "package-lock.json"), "utf8");
const { packages } = JSON.parse(text) as { readonly packages: Readonly<Record<string, Locked>> };
const findings: string[] = [];
for (const [path, { link, resolved, version, integrity }] of Object.entries(packages)) {
  if (!path.includes("node_modules/") || link) continue;
  if (resolved !== undefined)
    findings.push(`${path}: resolved from ${resolved}; delete the line, and install with the .npmrc of this folder`);
  if (version?.includes(":")) findings.push(`${path}: version ${version} is an address; depend on a release`);
  if (integrity === undefined) findings.push(`${path}: no integrity; delete package-lock.json and run \`npm install\``);
}
report(findings, `${Object.keys(packages).length} packages locked, none to a host`);
