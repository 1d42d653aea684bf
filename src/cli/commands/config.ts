import { setInProfile } from "../../settings/profile-edits.ts";
import { profileLayer, writeProfiles, type Profiles } from "../../settings/profiles.ts";
import { unknownSetting, valueOf } from "../../settings/layer.ts";
import { settingByEnvName, settingNames } from "../../settings/schema.ts";
import { describeSettings, forgetSettingsFiles, type SettingDescription } from "../../settings/settings.ts";
import { hintOf, messageOf } from "../../kernel/errors.ts";
import { exitCodes, misuse, refuse, say, writeJson } from "../output.ts";
import { type Cli, examples } from "../cli.ts";
import { masked, profilesNow, typedValue } from "../settings.ts";
import { writeTable } from "../table.ts";
import type { Terminal } from "../terminal.ts";

/** `oxbow config …` */
export function addConfig({ program, terminal, end }: Cli): void {
  const config = program.command("config").description("Show and change settings");
  config
    .command("view")
    .description("Show each setting, its value and where it comes from")
    .argument("[setting...]", "only these")
    .option("--changed", "only what is not the default")
    .option("--json", "as JSON")
    .addHelpText("after", examples("oxbow config view --changed", "oxbow config view results.storagePath --json"))
    .action((names: string[], options: ViewOptions) => end(view(names, options, terminal)));
  config
    .command("set")
    .description("Set settings in the active profile")
    .argument("<setting=value...>", "by dotted name or by the name of the environment variable")
    .option("--profile <name>", "in this profile")
    .addHelpText("after", examples("oxbow config set tasks.concurrency=20 'tasks.defaultRetryDelay=1s, 10s'"))
    .action((assignments: string[], options: EditOptions) => end(set(assignments, options, terminal)));
  config
    .command("unset")
    .description("Take settings out of the active profile")
    .argument("<setting...>")
    .option("--profile <name>", "out of this profile")
    .addHelpText("after", examples("oxbow config unset tasks.concurrency"))
    .action((names: string[], options: EditOptions) => end(unset(names, options, terminal)));
  config
    .command("validate")
    .description("Check the settings from all sources, and all profiles")
    .option("--json", "as JSON")
    .addHelpText("after", examples("oxbow config validate"))
    .action((options: { readonly json?: true }) => end(validate(options, terminal)));
}

interface ViewOptions {
  readonly json?: true;
  readonly changed?: true;
}

interface EditOptions {
  readonly profile?: string;
}

export async function view(
  names: readonly string[],
  { json, changed }: ViewOptions,
  { stdout }: Terminal,
): Promise<void> {
  const wanted = names.map(settingOf);
  const shown = describeSettings()
    .filter(({ name }) => wanted.length === 0 || wanted.includes(name))
    .filter(({ source }) => !changed || source !== "default")
    .map((setting) => ({ ...setting, value: masked(setting.value) }));
  if (json)
    return writeJson(
      stdout,
      shown.map(({ value, ...rest }) => ({ ...rest, value: value ?? null })),
    );
  await writeTable<SettingDescription>(stdout, shown, [
    { head: "SETTING", value: ({ name }) => name },
    { head: "VALUE", value: ({ value }) => textOf(value) },
    { head: "SOURCE", value: ({ source }) => source, look: ({ source }) => (source === "default" ? "dim" : undefined) },
  ]);
}

export async function set(assignments: readonly string[], options: EditOptions, terminal: Terminal): Promise<void> {
  const pairs = assignments.map((assignment): readonly [string, string] => {
    const at = assignment.indexOf("=");
    if (at < 1) throw misuse(`${JSON.stringify(assignment)} sets nothing`, "write tasks.concurrency=20");
    return [assignment.slice(0, at), assignment.slice(at + 1)];
  });
  edit(options, terminal, (all, profile) => {
    let edited = all;
    for (const [name, text] of pairs) edited = setInProfile(edited, profile, name, typedValue(name, text));
    return edited;
  });
  warnOfOthers(
    pairs.map(([name]) => name),
    options,
    terminal,
  );
}

export async function unset(names: readonly string[], options: EditOptions, terminal: Terminal): Promise<void> {
  edit(options, terminal, (all, profile) => {
    let edited = all;
    for (const name of names) edited = setInProfile(edited, profile, name, undefined);
    return edited;
  });
}

function edit(
  { profile }: EditOptions,
  terminal: Terminal,
  change: (all: Profiles, profile: string) => Profiles,
): void {
  const { all, active } = profilesNow(terminal);
  const name = profile ?? active;
  writeProfiles(change(all, name));
  forgetSettingsFiles();
  say(terminal, `Wrote profile "${name}" of ${all.path}`);
}

/** What is set in a profile may be overruled: then nothing would seem to happen. */
function warnOfOthers(written: readonly string[], { profile }: EditOptions, terminal: Terminal): void {
  const { all, active } = profilesNow(terminal);
  const chosen = profile ?? active;
  if (chosen !== active) return say(terminal, `note: the active profile is "${active}"`);
  const ours = `profile "${active}" of ${all.path}`;
  const names = written.map(settingOf);
  for (const { name, source } of describeSettings()) {
    if (names.includes(name) && source !== ours)
      say(terminal, `note: ${name} is set by ${source} as well, which goes before`);
  }
}

export async function validate({ json }: { readonly json?: true }, terminal: Terminal): Promise<number> {
  const problems: { readonly where: string; readonly message: string; readonly hint: string | undefined }[] = [];
  const check = (where: string, work: () => unknown): void => {
    try {
      work();
    } catch (error) {
      problems.push({ where, message: messageOf(error), hint: hintOf(error) });
    }
  };
  check("settings", () => describeSettings());
  const isUnusable = problems.length > 0;
  check("profiles", () => {
    const { all, active } = profilesNow(
      isUnusable ? { ...terminal, stderr: { ...terminal.stderr, write: () => {} } } : terminal,
    );
    for (const name of all.profiles.keys()) {
      if (name === active && isUnusable) continue;
      check(`profile "${name}"`, () => checkProfile(all, name));
    }
  });
  if (json) writeJson(terminal.stdout, { valid: problems.length === 0, problems });
  else for (const { message, hint } of problems) refuse(terminal, message, hint);
  if (problems.length > 0) return exitCodes.failed;
  if (!json) terminal.stdout.write("All settings are valid\n");
  return exitCodes.done;
}

function checkProfile(all: Profiles, name: string): void {
  const layer = profileLayer(all, name);
  for (const [setting, entry] of layer.entries) valueOf(setting, entry, layer, layer.base);
}

function settingOf(written: string): SettingDescription["name"] {
  const name = settingByEnvName.get(written) ?? settingNames.find((each) => each === written);
  if (name === undefined) throw unknownSetting(written, "the command line");
  return name;
}

function textOf(value: unknown): string {
  if (value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}
