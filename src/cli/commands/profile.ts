import {
  addProfile as adding,
  deleteProfile,
  inspectProfile,
  renameProfile,
  useProfile,
} from "../../settings/profile-edits.ts";
import { tableOf, writeProfiles, type Profiles } from "../../settings/profiles.ts";
import { describeSettings, forgetSettingsFiles } from "../../settings/settings.ts";
import { exitCodes, say, writeJson } from "../output.ts";
import { type Cli, examples } from "../cli.ts";
import { confirm } from "../prompts.ts";
import { masked, profilesNow } from "../settings.ts";
import { writePairs, writeTable } from "../table.ts";
import type { Terminal } from "../terminal.ts";

/** `oxbow profile …` */
export function addProfile({ program, terminal, end }: Cli): void {
  const profile = program.command("profile").description("Look after profiles: named sets of settings");
  profile
    .command("ls")
    .description("List the profiles; the active one has an asterisk")
    .option("--json", "as JSON")
    .addHelpText("after", examples("oxbow profile ls"))
    .action((options: JsonOption) => end(list(options, terminal)));
  profile
    .command("create")
    .description("Make a profile")
    .argument("<name>")
    .option("--from <profile>", "with the settings of another one")
    .option("--use", "and make it the active one")
    .addHelpText("after", examples("oxbow profile create work --from default --use"))
    .action((name: string, options: CreateOptions) => end(create(name, options, terminal)));
  profile
    .command("use")
    .description("Make a profile the active one")
    .argument("<profile>")
    .addHelpText("after", examples("oxbow profile use work"))
    .action((name: string) => end(use(name, terminal)));
  profile
    .command("inspect")
    .description("Show the settings of a profile; the active one where none is named")
    .argument("[profile]")
    .option("--json", "as JSON")
    .addHelpText("after", examples("oxbow profile inspect work"))
    .action((name: string | undefined, options: JsonOption) => end(inspect(name, options, terminal)));
  profile
    .command("rename")
    .description("Give a profile another name")
    .argument("<profile>")
    .argument("<name>", "the new name")
    .addHelpText("after", examples("oxbow profile rename work office"))
    .action((name: string, to: string) => end(rename(name, to, terminal)));
  profile
    .command("delete")
    .description("Remove a profile that is not active")
    .argument("<profile>")
    .option("-y, --yes", "do not ask")
    .addHelpText("after", examples("oxbow profile delete work --yes"))
    .action((name: string, options: DeleteOptions) => end(remove(name, options, terminal)));
}

interface JsonOption {
  readonly json?: true;
}

interface CreateOptions {
  readonly from?: string;
  readonly use?: true;
}

interface DeleteOptions {
  readonly yes?: true;
}

export async function list({ json }: JsonOption, terminal: Terminal): Promise<void> {
  const { all, active } = profilesNow(terminal);
  const rows = [...all.profiles.keys()].map((name) => ({
    name,
    active: name === active,
    settings: numberOf(all, name),
  }));
  if (json) return writeJson(terminal.stdout, rows);
  await writeTable(terminal.stdout, rows, [
    { head: "", value: ({ active }) => (active ? "*" : "") },
    { head: "PROFILE", value: ({ name }) => name, look: ({ active }) => (active ? "green" : undefined) },
    { head: "SETTINGS", value: ({ settings }) => String(settings), align: "right" },
  ]);
}

/** How many settings are in a profile; its tables may be nested, and it may have been written for another release. */
function numberOf(all: Profiles, name: string): number {
  const leaves = (table: object): number =>
    Object.values(table).reduce<number>((sum, value) => {
      const isTable = typeof value === "object" && value !== null && !Array.isArray(value);
      return sum + (isTable ? leaves(value as object) : 1);
    }, 0);
  return leaves(tableOf(all, name));
}

export async function create(name: string, { from, use: uses }: CreateOptions, terminal: Terminal): Promise<void> {
  const { all } = profilesNow(terminal);
  const made = adding(all, name, from);
  write(uses ? useProfile(made, name) : made);
  say(
    terminal,
    `Profile "${name}" is there${uses ? ", and active" : `; oxbow profile use ${name} makes it the active one`}`,
  );
}

export async function use(name: string, terminal: Terminal): Promise<void> {
  const { all } = profilesNow(terminal);
  write(useProfile(all, name));
  say(terminal, `Profile "${name}" is the active one`);
  const now = describeSettings().find((setting) => setting.name === "profile");
  if (now && now.value !== name)
    say(terminal, `note: here it is "${String(now.value)}", by ${now.source}, which goes before`);
}

export async function inspect(name: string | undefined, { json }: JsonOption, terminal: Terminal): Promise<void> {
  const { all, active } = profilesNow(terminal);
  const settings = [...inspectProfile(all, name ?? active)].map(([key, value]) => [key, masked(value)] as const);
  if (json) return writeJson(terminal.stdout, { name: name ?? active, settings: Object.fromEntries(settings) });
  if (settings.length === 0) return say(terminal, `Profile "${name ?? active}" sets nothing`);
  writePairs(
    terminal.stdout,
    settings.map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]),
  );
}

export async function rename(name: string, to: string, terminal: Terminal): Promise<void> {
  write(renameProfile(profilesNow(terminal).all, name, to));
  say(terminal, `Profile "${name}" is called "${to}" now`);
}

export async function remove(name: string, { yes }: DeleteOptions, terminal: Terminal): Promise<number> {
  const { all } = profilesNow(terminal);
  const kept = deleteProfile(all, name);
  if (!(await confirm(terminal, `Delete profile "${name}" and its settings?`, yes))) return exitCodes.failed;
  write(kept);
  say(terminal, `Profile "${name}" is gone`);
  return exitCodes.done;
}

function write(profiles: Profiles): void {
  writeProfiles(profiles);
  forgetSettingsFiles();
}
