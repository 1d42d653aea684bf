/*
 * Writes docs/reference/settings.md from the schema of settings: `node scripts/settings-reference.ts`. With `--check`
 * it writes nothing, and fails where the page is not what it would write.
 */
import { readFileSync, writeFileSync } from "node:fs";
import {
  declarations,
  envNameOf,
  settingNames,
  type SettingDeclaration,
  type SettingName,
} from "../src/settings/schema.ts";

const page = new URL("../docs/reference/settings.md", import.meta.url);

const introduction = `# Settings

<!-- Generated from src/settings/schema.ts by scripts/settings-reference.ts: change it there. -->

A setting has the value that the first of these sources gives it:

1. \`withSettings({ … }, fn)\`, for the runs inside it;
2. the environment: \`OXBOW_TASKS_CONCURRENCY=20\`;
3. the file \`.env\` in the working folder, of which only the names that begin with \`OXBOW_\` are read;
4. the nearest \`oxbow.toml\`, from the working folder upwards;
5. the field \`oxbow\` of the nearest \`package.json\` that has one;
6. the active profile in \`{home}/profiles.toml\`;
7. the default.

The environment and the working folder are looked at whenever a run begins that has no run around it. Files are read
once. A variable that is set and empty counts as not set. A name that no setting has, or a value that a setting cannot
have, is an error that names the source. Other variables may begin with \`OXBOW_TEST_\`.

\`\`\`toml
# oxbow.toml
results.persistByDefault = true

[tasks]
concurrency = 20
defaultRetryDelay = ["1s", "10s", "1 min"]
\`\`\`

\`\`\`toml
# ~/.oxbow/profiles.toml
active = "work"

[profiles.work]
tasks.concurrency = 20
OXBOW_LOGGING_LEVEL = "debug" # the names of the environment are understood too
\`\`\`

Relative paths are relative to the file that they stand in, and to the working folder where they stand in none; \`~\` is
the user's folder, \`{home}\` the setting \`home\`.
`;

const types: Readonly<Record<SettingDeclaration["type"], string>> = {
  boolean: "`true`, `false`",
  integer: "whole number",
  bytes: 'size: `"64MiB"`, `"10GB"`',
  path: "path",
  string: "text",
  duration: 'duration: `"30s"`, `"5 min"`',
  delays: 'duration, or list of durations: `"1s, 10s"`',
  choice: "",
};

/** The page, as the schema has it. */
export function settingsReference(): string {
  const groups = Map.groupBy(settingNames, (name) => (name.includes(".") ? name.slice(0, name.indexOf(".")) : ""));
  const sections = [...groups].map(([group, names]) => {
    const rows = names.map((name) => row(name, declarations[name]));
    const head = ["| setting | environment | type | default | |", "| --- | --- | --- | --- | --- |"];
    return [`## ${group || "general"}`, "", ...head, ...rows, ""].join("\n");
  });
  return [introduction, ...sections].join("\n");
}

function row(name: SettingName, declaration: SettingDeclaration): string {
  const { default: value, description } = declaration;
  const type =
    declaration.type === "choice"
      ? declaration.choices.map((choice) => `\`${choice}\``).join(", ")
      : types[declaration.type];
  const least = declaration.type === "integer" && declaration.least > 0 ? ` from ${declaration.least}` : "";
  const initial = value === undefined ? "not set" : `\`${value}\``;
  return `| \`${name}\` | \`${envNameOf(name)}\` | ${type}${least} | ${initial} | ${description} |`;
}

if (import.meta.main ?? process.argv[1] === import.meta.filename) {
  const text = settingsReference();
  if (!process.argv.includes("--check")) writeFileSync(page, text);
  else if (readFileSync(page, "utf8") !== text) {
    console.error("docs/reference/settings.md is out of date: run node scripts/settings-reference.ts");
    process.exitCode = 1;
  }
}
