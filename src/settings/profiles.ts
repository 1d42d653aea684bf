/*
 * DESIGN. Profiles are named sets of settings in `{home}/profiles.toml`:
 *
 *   active = "work"
 *   [profiles.work]
 *   tasks.concurrency = 20
 *
 * A profile named `default` is always there. Only the active profile is held against the schema when settings are
 * loaded: another one may have been written for another release.
 */
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { invalid, layerOf, unknownSetting, type Layer } from "./layer.ts";
import { declarations } from "./schema.ts";
import { formatToml, parseToml, textOf } from "./settings-file.ts";

/** The profile that is always there. */
export const builtInProfile = "default";

/** What a profiles file holds. */
export interface Profiles {
  readonly path: string;
  /** What the file says; `undefined` where it says nothing. */
  readonly active: string | undefined;
  /** The settings of each profile, as they are written. */
  readonly profiles: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
}

/** The profiles of a home folder. @throws {ConfigurationError} that names the file, where it cannot be used */
export function readProfiles(home: string): Profiles {
  const path = join(home, "profiles.toml");
  const text = textOf(path);
  const { active, profiles = {}, ...others } = text === undefined ? {} : parseToml(text, path);
  const other = Object.keys(others)[0];
  if (other !== undefined) throw unknownSetting(other, path);
  if (active !== undefined && typeof active !== "string") throw invalid(`active in ${path} is not a name`);
  if (!isTable(profiles)) throw invalid(`profiles in ${path} is not a table`);
  const byName = new Map<string, Record<string, unknown>>([[builtInProfile, {}]]);
  for (const [name, table] of Object.entries(profiles)) {
    if (!isTable(table)) throw invalid(`profiles.${name} in ${path} is not a table`);
    byName.set(name, table);
  }
  return { path, active, profiles: byName };
}

/** Writes a profiles file for the user alone (mode 0600), whole or not at all. Comments in the old one are lost. */
export function writeProfiles({ path, active, profiles }: Profiles): void {
  const kept = [...profiles].filter(([name, table]) => name !== builtInProfile || Object.keys(table).length > 0);
  const text = formatToml({ ...(active === undefined ? {} : { active }), profiles: Object.fromEntries(kept) });
  const temporary = `${path}.${process.pid}-${Date.now().toString(36)}`;
  try {
    makeFolder(dirname(path));
    const file = openSync(temporary, "wx", 0o600);
    try {
      writeFileSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw invalid(`Cannot write ${path}: ${(error as Error).message}`, { cause: error });
  }
}

/** One by one: in /proc, where none can be made, Node's own `recursive` tries for ever. */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  try {
    mkdirSync(path);
  } catch (error) {
    // Another process was faster.
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}

/**
 * What a profile says about settings.
 *
 * @param chosenBy what named the profile; part of the error where it does not exist
 * @throws {ConfigurationError} where there is no such profile, or for what it says
 */
export function profileLayer(all: Profiles, name: string, chosenBy?: string): Layer {
  const source = `profile "${name}" of ${all.path}`;
  const layer = layerOf(source, dirname(all.path), tableOf(all, name, chosenBy && `, chosen by ${chosenBy},`));
  for (const [setting, { written }] of layer.entries) {
    if (declarations[setting].outsideProfiles) throw invalid(`${written} in ${source} cannot be set by a profile`);
  }
  return layer;
}

/** The settings of a profile, as they are written. @throws {ConfigurationError} that names the profiles there are */
export function tableOf(all: Profiles, name: string, chosen = ""): Readonly<Record<string, unknown>> {
  const table = all.profiles.get(name);
  if (table) return table;
  throw invalid(`Profile "${name}"${chosen} does not exist in ${all.path}`, {
    hint: `there are ${[...all.profiles.keys()].map((each) => `"${each}"`).join(", ")}`,
  });
}

/** Whether a value of a TOML file is a table. */
export function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}
