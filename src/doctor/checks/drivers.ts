import { listBlocks } from "../../defaults/blocks.ts";
import type { Check, CheckContext } from "../check.ts";
import { fail, type Found, pass, warn } from "../finding.ts";
import { ownPackage, packagesOf } from "../packages.ts";
import { isInRange } from "../version-range.ts";

/** The packages that settings and blocks need are installed, in versions that this release knows. */
export const drivers: Check = {
  name: "drivers",
  async *run(context) {
    const users = await neededBy(context);
    if (users.size === 0) yield pass("packages", "nothing that is configured needs a package beside oxbow");
    for (const [packageName, who] of users) yield examinePackage(context, packageName, who);
  },
};

/** Packages, and who needs each. */
async function neededBy({ settings }: CheckContext): Promise<ReadonlyMap<string, readonly string[]>> {
  const users = new Map<string, string[]>();
  const need = (packageName: string | undefined, who: string): void => {
    if (packageName === undefined) return;
    const all = users.get(packageName) ?? [];
    users.set(packageName, all.includes(who) ? all : [...all, who]);
  };
  if (settings.history.enabled && /^postgres(ql)?:/.test(settings.database.url ?? "")) need("pg", "database.url");
  const chosen = settings.results.defaultStorageBlock;
  need(packagesOf[chosen?.split(/[:/]/)[1] ?? ""], `results.defaultStorageBlock (${chosen})`);
  for (const { type, reference } of await listBlocks()) need(packagesOf[type], reference);
  return users;
}

function examinePackage({ machine }: CheckContext, name: string, who: readonly string[]): Found {
  const version = machine.installed(name);
  const needs = `${who.join(", ")} need${who.length === 1 ? "s" : ""} it`;
  if (version === undefined) return fail(name, `It is not installed, and ${needs}`, `npm install ${name}`);
  const range = ownPackage().manifest.peerDependencies?.[name] ?? "";
  if (range !== "" && !isInRange(version, range))
    return warn(
      name,
      `Version ${version} is installed, and this release was made for ${range}; ${needs}`,
      `npm install "${name}@${range}"`,
    );
  return pass(name, `version ${version} is installed; ${needs}`);
}
