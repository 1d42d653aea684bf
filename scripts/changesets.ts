/*
 * Changesets cannot see a package at the root of its own workspace (it releases members of a workspace only, and
 * `npm ci` refuses the root as a member of itself). So it works on a copy that has no workspace.
 *
 *   npm run changeset -- minor "What users notice"   writes a file into .changeset/ (patch, minor or major)
 *   node scripts/changesets.ts check     every file in .changeset/ is understood (a step of `npm run verify`)
 *   node scripts/changesets.ts version   sets the version and CHANGELOG.md from them, and removes them
 */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "./lib/run.ts";

const parts = [".changeset", "CHANGELOG.md"];

function copyOf(folder: string): void {
  const { workspaces: _, ...manifest } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Record<
    string,
    unknown
  >;
  writeFileSync(join(folder, "package.json"), JSON.stringify(manifest));
  for (const part of parts)
    if (existsSync(join(root, part))) cpSync(join(root, part), join(folder, part), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  spawnSync("git", ["init", "--quiet"], { cwd: folder });
}

function version(folder: string): string {
  const { name, version: before } = readManifest(folder);
  const run = spawnSync(process.execPath, [join(root, "node_modules/@changesets/cli/bin.js"), "version"], {
    cwd: folder,
    encoding: "utf8",
  });
  if (run.status !== 0)
    throw new Error(`A file in .changeset/ cannot be read; it starts with ---, "${name}": minor, ---\n${run.stderr}`);
  const { version: after } = readManifest(folder);
  console.log(before === after ? `No changesets; ${name} stays at ${before}` : `${name} ${before} → ${after}`);
  return after;
}

function readManifest(folder: string): { name: string; version: string } {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { name: string; version: string };
}

function apply(folder: string, after: string): void {
  const path = join(root, "package.json");
  writeFileSync(path, readFileSync(path, "utf8").replace(/("version": )"[^"]+"/, `$1"${after}"`));
  for (const part of parts) {
    rmSync(join(root, part), { recursive: true, force: true });
    if (existsSync(join(folder, part))) cpSync(join(folder, part), join(root, part), { recursive: true });
  }
  console.log("Now run `npm install --package-lock-only` and commit");
}

/** Writes a changeset, named after its first words. */
function add(bump: string | undefined, text: string | undefined): void {
  if (bump === undefined || !["patch", "minor", "major"].includes(bump) || !text) {
    throw new Error('Say how much changes, and what users notice: npm run changeset -- patch "Fix …"');
  }
  const words = text.toLowerCase().match(/[a-z0-9]+/g) ?? ["change"];
  const file = join(".changeset", `${words.slice(0, 5).join("-")}.md`);
  if (existsSync(join(root, file))) throw new Error(`${file} is there already; begin the text with other words`);
  writeFileSync(join(root, file), `---\n"${readManifest(root).name}": ${bump}\n---\n\n${text}\n`);
  console.log(`${file} written; commit it with the change`);
}

const command = process.argv[2];
if (command === "add") {
  add(process.argv[3], process.argv[4]);
} else if (command === "check" || command === "version") {
  const folder = mkdtempSync(join(tmpdir(), "oxbow-changesets-"));
  try {
    copyOf(folder);
    const after = version(folder);
    if (command === "version") apply(folder, after);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
} else {
  throw new Error("Say what to do: node scripts/changesets.ts add | check | version");
}
