/*
 * DESIGN. Flows belong to the copy of the package that their file imports: another copy sees only functions. So the command line
 * hands over to that copy: the one that the file of `run FILE` finds, or else the working folder. An `oxbow` that is installed
 * for the whole machine thereby works in every project, each with its own version.
 */
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { packageFolder } from "./package.ts";

/** Lets the copy of the package that belongs to the place run the command. @returns whether there is one */
export async function handOver(args: readonly string[], cwd: string): Promise<boolean> {
  const main = otherCopy(args, cwd);
  if (main === undefined) return false;
  await import(pathToFileURL(main).href);
  return true;
}

/** The program of the copy that the place of a command line has; `undefined` where it is this one, or there is none. */
export function otherCopy(args: readonly string[], cwd: string): string | undefined {
  const file =
    args[0] === "run" || args[0] === "doctor" ? args.slice(1).find((arg) => !arg.startsWith("-")) : undefined;
  const places = file === undefined ? [cwd] : [dirname(resolve(cwd, file)), cwd];
  const folder = places.map(copyOf).find((each) => each !== undefined);
  if (folder === undefined || folder === realpathSync(packageFolder())) return undefined;
  const { bin } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { readonly bin?: unknown };
  const program = typeof bin === "string" ? bin : (bin as { readonly oxbow?: string } | undefined)?.oxbow;
  const main = program === undefined ? undefined : join(folder, program);
  return main !== undefined && existsSync(main) ? main : undefined;
}

function copyOf(folder: string): string | undefined {
  try {
    return dirname(realpathSync(createRequire(join(folder, "_.js")).resolve("oxbow/package.json")));
  } catch {
    return undefined;
  }
}

/** What to say of a file whose flows are not seen because they belong to another copy of the package; `undefined` where they do not. */
export function hintOfOtherCopy(path: string): string | undefined {
  const folder = copyOf(dirname(path));
  if (folder === undefined || folder === realpathSync(packageFolder())) return undefined;
  return `the file uses another copy of oxbow, ${folder}: call that one, with npx in its project`;
}
