/*
 * DESIGN. A setting has the value that the first of these gives it: `withSettings`, the environment, `.env`,
 * `oxbow.toml`, `package.json#oxbow`, the active profile, the default. The result is one frozen object, and the same
 * one as long as nothing changed, so that callers may compare. Files are read once per working folder and home folder;
 * the environment and the working folder are compared on every call, which costs about 3 µs.
 */
import { environmentLayer, isCurrent, takeSnapshot, type EnvironmentSnapshot } from "./environment.ts";
import { layerOf, valueOf, type Layer } from "./layer.ts";
import { parseValue, path } from "./parse.ts";
import { builtInProfile, profileLayer, readProfiles, type Profiles } from "./profiles.ts";
import { projectLayers } from "./project-files.ts";
import {
  declarations,
  envNameOf,
  settingNames,
  type SettingName,
  type Settings,
  type SettingsOverrides,
} from "./schema.ts";

export type { Settings, SettingsOverrides } from "./schema.ts";

/** A setting as it is, for people. */
export interface SettingDescription {
  readonly name: SettingName;
  readonly env: string;
  /** As it was written, before it was interpreted; paths as they are used. */
  readonly value: unknown;
  /** `the environment`, `/x/oxbow.toml`, `profile "work" of …`, `default`. */
  readonly source: string;
}

/** Everything that was said at some moment without `withSettings`. */
interface Said {
  readonly snapshot: EnvironmentSnapshot;
  readonly layers: readonly Layer[];
  readonly settings: Settings;
}

const byFolder = new Map<string, readonly Layer[]>();
const byHome = new Map<string, Profiles>();
let said: Said | undefined;
let overridden = new WeakMap<SettingsOverrides, { readonly over: Said; readonly settings: Settings }>();

/**
 * The settings that hold now.
 *
 * @param overrides settings that go before all others; the object must not be changed afterwards
 * @throws {ConfigurationError} `OXBOW_SETTING_UNKNOWN` or `OXBOW_SETTING_INVALID`, naming the source
 */
export function loadSettings(overrides?: SettingsOverrides): Settings {
  const now = (said = said !== undefined && isCurrent(said.snapshot) ? said : read());
  if (overrides === undefined) return now.settings;
  const made = overridden.get(overrides);
  if (made?.over === now) return made.settings;
  const settings = resolveAll(withOverrides(now, overrides)).settings;
  overridden.set(overrides, { over: now, settings });
  return settings;
}

/** The settings that {@link loadSettings} found last: cheap, where a run has looked a moment ago. */
export function lastSettings(): Settings {
  return (said ??= read()).settings;
}

/** Every setting, its value and where it comes from. @throws {ConfigurationError} */
export function describeSettings(overrides?: SettingsOverrides): readonly SettingDescription[] {
  loadSettings(overrides);
  return resolveAll(overrides ? withOverrides(said!, overrides) : said!.layers).descriptions;
}

/** Lets files be read again. For tests; a program has the settings files that it began with. */
export function forgetSettingsFiles(): void {
  byFolder.clear();
  byHome.clear();
  said = undefined;
  overridden = new WeakMap();
}

function read(): Said {
  said = undefined;
  const snapshot = takeSnapshot();
  const layers = [environmentLayer(snapshot), ...once(byFolder, snapshot.cwd, projectLayers)];
  return { snapshot, layers, settings: resolveAll(layers).settings };
}

function withOverrides({ snapshot, layers }: Said, overrides: SettingsOverrides): readonly Layer[] {
  return [layerOf("withSettings", snapshot.cwd, overrides), ...layers];
}

function once<T>(cache: Map<string, T>, key: string, make: (key: string) => T): T {
  let made = cache.get(key);
  if (made === undefined) cache.set(key, (made = make(key)));
  return made;
}

interface Resolved {
  readonly settings: Settings;
  readonly descriptions: readonly SettingDescription[];
}

/** @param written the layers that do not depend on other settings: all but the profile */
function resolveAll(written: readonly Layer[]): Resolved {
  const home = homeOf(written);
  const profile = profileOf(written, once(byHome, home, readProfiles));
  const layers = [...written, profile.layer];
  const settings: Record<string, unknown> = {};
  const descriptions = settingNames.map((name): SettingDescription => {
    const { value, shown, source } = name === "profile" ? profile : resolveOne(name, layers, home);
    put(settings, name, value);
    return { name, env: envNameOf(name), value: shown, source };
  });
  for (const group of Object.values(settings)) Object.freeze(group);
  return { settings: Object.freeze(settings) as Settings, descriptions };
}

interface ResolvedValue {
  readonly value: unknown;
  readonly shown: unknown;
  readonly source: string;
}

function resolveOne(name: SettingName, layers: readonly Layer[], home: string): ResolvedValue {
  const declaration = declarations[name];
  const isPath = declaration.type === "path";
  for (const layer of layers) {
    const entry = layer.entries.get(name);
    if (!entry) continue;
    const value = valueOf(name, entry, layer, home);
    return { value, shown: isPath ? value : entry.raw, source: layer.source };
  }
  const value =
    declaration.default === undefined ? undefined : parseValue(declaration, declaration.default, { base: home, home });
  return { value, shown: isPath ? value : declaration.default, source: "default" };
}

function homeOf(layers: readonly Layer[]): string {
  for (const layer of layers) {
    const entry = layer.entries.get("home");
    if (entry) return valueOf("home", entry, layer, "") as string;
  }
  return path(declarations.home.default as string, { base: "/", home: "" });
}

/** The active profile: the one that the setting names, or the file, or the built-in one. */
function profileOf(layers: readonly Layer[], all: Profiles): ResolvedValue & { readonly layer: Layer } {
  const layer = layers.find((each) => each.entries.has("profile"));
  const entry = layer?.entries.get("profile");
  const name = layer && entry ? (valueOf("profile", entry, layer, "") as string) : (all.active ?? builtInProfile);
  const source = layer ? layer.source : all.active === undefined ? "default" : all.path;
  const chosenBy = layer && entry ? `${entry.written} in ${source}` : `active in ${source}`;
  return { value: name, shown: name, source, layer: profileLayer(all, name, chosenBy) };
}

function put(settings: Record<string, unknown>, name: SettingName, value: unknown): void {
  const [group, key] = name.split(".") as [string, string?];
  if (key === undefined) settings[group] = value;
  else ((settings[group] ??= {}) as Record<string, unknown>)[key] = value;
}
