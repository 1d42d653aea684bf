/*
 * `npm run package:check`: the package is what its users need. It is packed, its list of files and its `exports` are
 * compared, publint and attw judge it, and an empty project installs the tarball and uses it. Needs a build.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkContents, checkExports } from "./package/contents.ts";
import { useIt } from "./package/use-it.ts";
import { entryPoints } from "./lib/entry-points.ts";
import { report } from "./lib/findings.ts";
import { attempt, root, run } from "./lib/run.ts";

interface Packed {
  readonly filename: string;
  readonly files: ReadonlyArray<{ readonly path: string }>;
}

async function pack(folder: string): Promise<{ tarball: string; shipped: string[] }> {
  const stdout = await run("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder]);
  const answer = JSON.parse(stdout) as readonly Packed[] | Readonly<Record<string, Packed>>;
  // npm 12 answers with an object by package name, npm 11 with an array.
  const [packed] = Object.values(answer);
  if (packed === undefined) throw new Error(`npm pack said nothing about the package: ${stdout}`);
  return { tarball: join(folder, packed.filename), shipped: packed.files.map(({ path }) => path) };
}

async function judged(command: string, ...args: string[]): Promise<string[]> {
  const { status, output } = await attempt(command, args);
  return status === 0 ? [] : [`${command} finds:\n${output}`];
}

const folder = mkdtempSync(join(tmpdir(), "oxbow-package-"));
try {
  const { tarball, shipped } = await pack(folder);
  const points = entryPoints(readFileSync(join(root, "package.json"), "utf8"));
  const findings = [
    ...checkContents(points, shipped),
    ...checkExports(points, shipped),
    ...(await judged("publint", "run", tarball, "--strict")),
    ...(await judged("attw", tarball, "--profile", "esm-only", "--format", "ascii", "--no-emoji")),
    ...(await useIt(join(folder, "user"), tarball)),
  ];
  report(findings, `${shipped.length} files, ${points.length} entry points: installs, compiles and runs`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
