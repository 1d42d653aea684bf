/* The settings as the command line reads and changes them. */
import { homedir } from "node:os";
import { join } from "node:path";
import { messageOf } from "../kernel/errors.ts";
import { builtInProfile, readProfiles, type Profiles } from "../settings/profiles.ts";
import { declarations, settingByEnvName, settingNames } from "../settings/schema.ts";
import { loadSettings } from "../settings/settings.ts";
import { say } from "./output.ts";
import type { Terminal } from "./terminal.ts";

/** The profiles, and which one counts now. */
export interface ProfilesNow {
  readonly all: Profiles;
  readonly active: string;
}

/**
 * The profiles of this home. Where the settings cannot be read, a profile may be why: then the home is that of the environment, so
 * that it can be put right.
 */
export function profilesNow(terminal: Terminal): ProfilesNow {
  try {
    const { home, profile } = loadSettings();
    return { all: readProfiles(home), active: profile };
  } catch (error) {
    const home = process.env["OXBOW_HOME"] || join(homedir(), ".oxbow");
    const all = readProfiles(home);
    say(terminal, `The settings cannot be used (${messageOf(error)}); these are the profiles of ${home}`);
    return { all, active: process.env["OXBOW_PROFILE"] || all.active || builtInProfile };
  }
}

/** The value of a setting as a person typed it: numbers and booleans as such, so that the file looks as if written by hand. */
export function typedValue(written: string, text: string): unknown {
  const name = settingByEnvName.get(written) ?? settingNames.find((each) => each === written);
  const type = name && declarations[name].type;
  if (type === "boolean" && (text === "true" || text === "false")) return text === "true";
  if (type === "integer" && /^-?\d+$/.test(text)) return Number(text);
  return text;
}

/** A value of a setting without the password that may stand in it. */
export function masked(value: unknown): unknown {
  if (typeof value !== "string") return value;
  return value
    .replace(/^([a-z][a-z\d+.-]*:\/\/[^:@/?#]*):[^/?#]*@/i, "$1:********@")
    .replace(/([?&\s](?:password|passwd|secret|token|key)=)[^&\s]+/gi, "$1********");
}
