/*
 * DESIGN. What can be done to profiles: each function returns new `Profiles` and leaves the old ones alone, and
 * `writeProfiles` makes the change last.
 */
import { dirname } from "node:path";
import { invalid, unknownSetting, valueOf } from "./layer.ts";
import { builtInProfile, isTable, profileLayer, tableOf, type Profiles } from "./profiles.ts";
import { settingByEnvName, settingNames, type SettingName } from "./schema.ts";

/** The settings of a profile by their dotted names, as they are written. @throws {ConfigurationError} */
export function inspectProfile(all: Profiles, name: string): ReadonlyMap<SettingName, unknown> {
  return new Map([...profileLayer(all, name).entries].map(([setting, { raw }]) => [setting, raw]));
}

/** Adds an empty profile, or one with the settings of another. @throws {ConfigurationError} where the name is taken or unfit */
export function addProfile(all: Profiles, name: string, from?: string): Profiles {
  checkNewName(all, name);
  return { ...all, profiles: new Map(all.profiles).set(name, from === undefined ? {} : tableOf(all, from)) };
}

/** Makes a profile the active one. @throws {ConfigurationError} */
export function useProfile(all: Profiles, name: string): Profiles {
  tableOf(all, name);
  return { ...all, active: name };
}

/** Gives a profile another name; if it is active it stays so. @throws {ConfigurationError} */
export function renameProfile(all: Profiles, name: string, to: string): Profiles {
  tableOf(all, name);
  if (name === builtInProfile) throw invalid(`Profile "${name}" is built in and cannot be renamed`);
  checkNewName(all, to);
  const profiles = new Map([...all.profiles].map(([each, table]) => [each === name ? to : each, table]));
  return { ...all, active: all.active === name ? to : all.active, profiles };
}

/** Removes a profile. @throws {ConfigurationError} where it is active or built in */
export function deleteProfile(all: Profiles, name: string): Profiles {
  tableOf(all, name);
  if (name === builtInProfile) throw invalid(`Profile "${name}" is built in and cannot be deleted`);
  if (all.active === name) throw invalid(`Profile "${name}" is active`, { hint: "use another one first" });
  return { ...all, profiles: new Map([...all.profiles].filter(([each]) => each !== name)) };
}

/**
 * Sets a setting of a profile, or takes it out where the value is `undefined`. Other settings keep their spelling.
 *
 * @throws {ConfigurationError} for a profile or setting that there is not, and for a value that cannot be
 */
export function setInProfile(all: Profiles, name: string, setting: string, value: unknown): Profiles {
  const known = settingByEnvName.get(setting) ?? settingNames.find((each) => each === setting);
  if (known === undefined) throw unknownSetting(setting, `profile "${name}" of ${all.path}`);
  const table = without(tableOf(all, name), known, "");
  const changed: Profiles = {
    ...all,
    profiles: new Map(all.profiles).set(name, value === undefined ? table : nest(table, known, value)),
  };
  const layer = profileLayer(changed, name);
  const entry = layer.entries.get(known);
  if (entry) valueOf(known, entry, layer, dirname(all.path));
  return changed;
}

function without(
  table: Readonly<Record<string, unknown>>,
  setting: SettingName,
  prefix: string,
): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(table)) {
    const written = prefix + key;
    if (written === setting || settingByEnvName.get(written) === setting) continue;
    kept[key] = setting.startsWith(`${written}.`) && isTable(value) ? without(value, setting, `${written}.`) : value;
  }
  return kept;
}

function nest(table: Record<string, unknown>, setting: SettingName, value: unknown): Record<string, unknown> {
  const [group, key] = setting.split(".") as [string, string?];
  if (key === undefined) return { ...table, [group]: value };
  return { ...table, [group]: { ...(table[group] as object | undefined), [key]: value } };
}

function checkNewName(all: Profiles, name: string): void {
  if (all.profiles.has(name)) throw invalid(`Profile "${name}" exists already`);
  if (!/^[A-Za-z0-9][\w.-]*$/.test(name)) {
    throw invalid(`"${name}" cannot be the name of a profile`, {
      hint: "use letters, digits, dots, dashes and underscores",
    });
  }
}
