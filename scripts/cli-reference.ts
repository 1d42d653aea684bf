/*
 * Writes docs/reference/cli.md from the commands of src/cli: `node scripts/cli-reference.ts`. With `--check` it writes
 * nothing, and fails where the page is not what it would write.
 */
import { readFileSync, writeFileSync } from "node:fs";
import type { Argument, Command, Option } from "commander";
import { makeProgram } from "../src/cli/program.ts";
import { type Output, processTerminal } from "../src/cli/terminal.ts";

const page = new URL("../docs/reference/cli.md", import.meta.url);

const introduction = `# Command line

<!-- Generated from src/cli by scripts/cli-reference.ts: change it there. -->

\`\`\`sh
npx oxbow --help
\`\`\`

What was asked for goes to standard output, everything else to standard error. \`--json\` is for programs: the tables for
people may change from release to release. Times in JSON are milliseconds since 1970, sizes are bytes.

| exit code | |
| --- | --- |
| 0 | done; the run completed |
| 1 | it failed: the run, the check, or what was asked for is not there |
| 2 | it was asked for wrongly: an option, a parameter, a setting |
| 3 | the run is paused or suspended |
| 130, 143 | ended by SIGINT, SIGTERM |

Names of runs may be ids or the first letters of ids; keys may be the first letters of keys. Durations are written \`"30s"\`,
\`"5 min"\`, \`"1 day"\`, sizes \`"64MiB"\`, \`"10GB"\`. A storage is named by its folder or its block.

All commands take \`--debug\`, as \`OXBOW_DEBUG=1\` does: errors are shown with all that is known of them. \`NO_COLOR\` and
\`FORCE_COLOR\` say whether there are colours. Questions are asked at a terminal only; \`--yes\` answers them.

An \`oxbow\` that is installed for the whole machine hands over to the one that the project of the file has, or of the
working folder. Where Node does not take types out of TypeScript by itself (before 22.18), it is started again with the
option that makes it.
`;

/** The page, as the program has it. */
export function cliReference(): string {
  const sections = topics().map((command) => {
    const inner = command.commands.filter((each) => isShown(each));
    const own = inner.length === 0 ? entry(command, "##") : `## ${nameOf(command)}\n\n${sentence(command)}\n`;
    return [own, ...inner.map((each) => entry(each, "###"))].join("\n");
  });
  return [introduction, ...sections].join("\n");
}

function topics(): readonly Command[] {
  return makeProgram({ ...processTerminal(), stdout: kept }).commands.filter(isShown);
}

let written = "";
const kept: Output = { write: (text) => void (written += text), isTTY: false, columns: 100, colors: false };

/** The examples that the help of a command ends with. */
function examplesOf(command: Command): readonly string[] {
  written = "";
  command.outputHelp();
  return [...written.matchAll(/^ {2}\$ (.*)$/gm)].map(([, line]) => line!);
}

function isShown(command: Command): boolean {
  return !command.name().startsWith("__") && command.name() !== "help";
}

function entry(command: Command, level: string): string {
  const usage = `\`\`\`text\n${nameOf(command)} ${command.usage()}\n\`\`\``;
  const rows = [...command.registeredArguments.map(argumentRow), ...command.options.map(optionRow)];
  const table = rows.length > 0 ? ["| | |", "| --- | --- |", ...rows, ""] : [];
  const examples = examplesOf(command);
  return [
    ...[`${level} ${nameOf(command)}`, "", sentence(command), "", usage, ""],
    ...table,
    ...(examples.length > 0 ? ["```sh", ...examples, "```", ""] : []),
  ].join("\n");
}

function nameOf(command: Command): string {
  return command.parent ? `${nameOf(command.parent)} ${command.name()}` : command.name();
}

function sentence(command: Command): string {
  return `${command.description()}.`;
}

function argumentRow(argument: Argument): string {
  const name = argument.required ? `<${argument.name()}>` : `[${argument.name()}]`;
  return row(name, argument.description, argument.argChoices);
}

function optionRow({ flags, description, argChoices, defaultValue }: Option): string {
  const isSaid = typeof defaultValue === "string";
  return row(flags, isSaid ? `${description}; ${defaultValue} where it is not said` : description, argChoices);
}

function row(name: string, description: string, choices: readonly string[] | undefined): string {
  const list = choices?.map((choice) => `\`${choice}\``).join(", ");
  const words = [description, list].filter((part) => part !== undefined && part !== "").join(": ");
  return `| \`${name}\` | ${words.replaceAll("|", "\\|")} |`;
}

if (import.meta.main ?? process.argv[1] === import.meta.filename) {
  const text = cliReference();
  if (!process.argv.includes("--check")) writeFileSync(page, text);
  else if (readFileSync(page, "utf8") !== text) {
    console.error("docs/reference/cli.md is out of date: run node scripts/cli-reference.ts");
    process.exitCode = 1;
  }
}
