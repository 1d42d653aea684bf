/*
 * DESIGN. The environment may change at any time, and a run has to see it, so it is looked at for every run. A look-up
 * in process.env goes to the C library and costs a tenth of a microsecond; listing all names costs many. So only the
 * known names are looked up and compared with what they were; names are listed when one of those has changed.
 */
import { layerOf, unknownSetting, type Layer } from "./layer.ts";
import { settingByEnvName } from "./schema.ts";

const envNames = [...settingByEnvName.keys()];
// Where "~" leads.
const userFolder = process.platform === "win32" ? "USERPROFILE" : "HOME";
const watched: readonly string[] = [...envNames, userFolder];

/** What the environment was at some moment. */
export interface EnvironmentSnapshot {
  readonly cwd: string;
  readonly values: readonly (string | undefined)[];
}

/** The environment as it is now. */
export function takeSnapshot(): EnvironmentSnapshot {
  return { cwd: workingFolder(), values: watched.map((name) => process.env[name]) };
}

/** Whether the environment still is what it was. */
export function isCurrent(snapshot: EnvironmentSnapshot): boolean {
  const { env } = process;
  const { values } = snapshot;
  for (let index = 0; index < watched.length; index++) {
    if (env[watched[index]!] !== values[index]) return false;
  }
  return workingFolder() === snapshot.cwd;
}

/** Node remembers it, so this is cheap. A folder that was removed has no name: there are no project files then. */
function workingFolder(): string {
  try {
    return process.cwd();
  } catch {
    return "/";
  }
}

/** What the environment says. Variables that are empty count as not set, as in a shell or a compose file. */
export function environmentLayer({ cwd, values }: EnvironmentSnapshot): Layer {
  const source = "the environment";
  checkEnvNames(Object.keys(process.env), source);
  const set = envNames.flatMap((name, index) => (values[index] ? [[name, values[index]]] : []));
  return layerOf(source, cwd, Object.fromEntries(set) as object);
}

// Names with the prefix that are no settings: of tests, and of parts that read them themselves.
const reserved = new Set(["OXBOW_API_URL", "OXBOW_BLOCKS_KEY", "OXBOW_DEBUG"]);

/**
 * Checks that every name with our prefix is known.
 *
 * @returns the names of settings among them
 * @throws {ConfigurationError} `OXBOW_SETTING_UNKNOWN`
 */
export function checkEnvNames(names: readonly string[], source: string): ReadonlySet<string> {
  const found = new Set<string>();
  for (const name of names) {
    if (settingByEnvName.has(name)) found.add(name);
    else if (name.startsWith("OXBOW_") && !name.startsWith("OXBOW_TEST_") && !reserved.has(name)) {
      throw unknownSetting(name, source);
    }
  }
  return found;
}
