import { ConfigurationError } from "../kernel/errors.ts";
import { nearest } from "../kernel/suggest.ts";
import { declarations, settingByEnvName, settingNames, type SettingName } from "./schema.ts";
import { expectationOf, parseValue, type Place } from "./parse.ts";

/** What one source says. */
export interface Layer {
  /** Completes "in …": `the environment`, `/x/oxbow.toml`. */
  readonly source: string;
  /** What relative paths are relative to. */
  readonly base: string;
  readonly entries: ReadonlyMap<SettingName, Entry>;
}

/** What a source says about one setting. */
export interface Entry {
  /** The name as it is written there. */
  readonly written: string;
  readonly raw: unknown;
}

/**
 * Reads a table of settings: nested (`tasks: { concurrency: 5 }`), dotted (`"tasks.concurrency": 5`) or by the name of
 * the environment variable.
 *
 * @throws {ConfigurationError} `OXBOW_SETTING_UNKNOWN`, `OXBOW_SETTING_INVALID`
 */
export function layerOf(source: string, base: string, table: object): Layer {
  const entries = new Map<SettingName, Entry>();
  collect(table, "", source, entries);
  return { source, base, entries };
}

function collect(table: object, prefix: string, source: string, entries: Map<SettingName, Entry>): void {
  for (const [key, raw] of Object.entries(table) as Array<[string, unknown]>) {
    if (raw === undefined) continue;
    const written = prefix + key;
    const name = settingByEnvName.get(written) ?? settingNames.find((each) => each === written);
    if (name !== undefined) {
      const earlier = entries.get(name);
      if (earlier) throw invalid(`${written} in ${source} was set before, as ${earlier.written}`);
      entries.set(name, { written, raw });
    } else if (!isGroup(written)) {
      throw unknownSetting(written, source);
    } else if (typeof raw !== "object" || raw === null || Array.isArray(raw)) {
      throw invalid(`${written} in ${source} is ${show(raw)}, expected a table of settings`);
    } else {
      collect(raw, `${written}.`, source, entries);
    }
  }
}

function isGroup(written: string): boolean {
  return settingNames.some((name) => name.startsWith(`${written}.`));
}

/** The value that a layer gives to a setting. @throws {ConfigurationError} `OXBOW_SETTING_INVALID` */
export function valueOf(name: SettingName, entry: Entry, layer: Layer, home: string): unknown {
  const place: Place = { base: layer.base, home };
  const value = parseValue(declarations[name], entry.raw, place);
  if (value !== undefined) return value;
  throw invalid(
    `${entry.written} in ${layer.source} is ${show(entry.raw)}, expected ${expectationOf(declarations[name])}`,
  );
}

/** The error for a name that no setting has. */
export function unknownSetting(written: string, source: string): ConfigurationError {
  const known = written.startsWith("OXBOW_") ? [...settingByEnvName.keys()] : settingNames;
  const meant = nearest(written, known) ?? bySecondHalf(written);
  return new ConfigurationError("OXBOW_SETTING_UNKNOWN", `Unknown setting ${written} in ${source}`, {
    hint: meant ? `did you mean ${meant}?` : `the settings are ${known.join(", ")}`,
  });
}

/** `refresh_cache` and `caching.refreshCache` both mean `tasks.refreshCache`. */
function bySecondHalf(written: string): SettingName | undefined {
  const bare = (name: string): string =>
    name
      .slice(name.lastIndexOf(".") + 1)
      .replaceAll(/[_-]/g, "")
      .toLowerCase();
  return settingNames.find((name) => bare(name) === bare(written));
}

/** The error for a value that a setting cannot have. */
export function invalid(
  message: string,
  options: { readonly cause?: unknown; readonly hint?: string } = {},
): ConfigurationError {
  return new ConfigurationError("OXBOW_SETTING_INVALID", message, options);
}

function show(raw: unknown): string {
  if (typeof raw !== "object" || raw === null) return typeof raw === "string" ? JSON.stringify(raw) : String(raw);
  try {
    return JSON.stringify(raw);
  } catch {
    return "an object";
  }
}
