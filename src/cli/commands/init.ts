import { existsSync, writeFileSync } from "node:fs";
import { basename, join, relative, resolve } from "node:path";
import { createFolder } from "../../io/disk-files.ts";
import { messageOf } from "../../kernel/errors.ts";
import { type Cli, examples } from "../cli.ts";
import { misuse, say } from "../output.ts";
import { ask } from "../prompts.ts";
import type { Terminal } from "../terminal.ts";

/** `oxbow init` */
export function addInit({ program, terminal, end }: Cli): void {
  program
    .command("init")
    .description("Make a project to begin with: a flow in TypeScript that runs")
    .argument("[folder]", "where; the working folder where it is not said")
    .option("-y, --yes", "ask nothing")
    .addHelpText("after", examples("oxbow init my-flows", "oxbow init --yes && npm install && npm start"))
    .action((folder: string | undefined, options: { readonly yes?: true }) => end(init(folder, options, terminal)));
}

export async function init(
  folder: string | undefined,
  { yes }: { readonly yes?: true },
  terminal: Terminal,
): Promise<void> {
  const { starterFiles } = await import("../init/templates.ts");
  const place = resolve(terminal.cwd, folder ?? (await ask(terminal, "In which folder?", ".", yes)));
  const name = await ask(terminal, "What is the package called?", packageNameOf(place), yes);
  const files = [...starterFiles(packageNameOf(name))];
  const taken = files.map(([path]) => path).filter((path) => existsSync(join(place, path)));
  const where = relative(terminal.cwd, place) || ".";
  if (taken.length > 0)
    throw misuse(`${where} has ${taken.join(", ")} already`, "name a folder that is empty, or is not there yet");
  try {
    createFolder(place);
    for (const [path, text] of files) writeFileSync(join(place, path), text, { flag: "wx" });
  } catch (error) {
    throw misuse(`Cannot write to ${where}: ${messageOf(error)}`);
  }
  say(terminal, `Wrote ${files.map(([path]) => join(where, path)).join(", ")}`);
  say(terminal, `Now: ${where === "." ? "" : `cd ${where} && `}npm install && npm start`);
}

/** What npm takes for a name. */
function packageNameOf(text: string): string {
  const name = basename(text)
    .toLowerCase()
    .replaceAll(/[^a-z\d._-]+/g, "-")
    .replaceAll(/^[._-]+|-+$/g, "");
  return name === "" || name === "oxbow" ? "flows" : name;
}
