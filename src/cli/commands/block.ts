import { exitCodes, refuse, say, writeJson } from "../output.ts";
import { type Cli, examples } from "../cli.ts";
import { confirm } from "../prompts.ts";
import { writePairs, writeTable } from "../table.ts";
import type { Terminal } from "../terminal.ts";
import { timeOf } from "../text.ts";

/** `oxbow block …` */
export function addBlock({ program, terminal, end }: Cli): void {
  const block = program
    .command("block")
    .description("Look after blocks: named configurations of storages and lock managers");
  block
    .command("ls")
    .description("List the blocks")
    .option("--json", "as JSON")
    .addHelpText("after", examples("oxbow block ls"))
    .action((options: JsonOption) => end(list(options, terminal)));
  block
    .command("inspect")
    .description("Show what a block holds, without its secrets")
    .argument("<block>", "its reference: block:s3/results")
    .option("--json", "as JSON")
    .addHelpText("after", examples("oxbow block inspect block:s3/results"))
    .action((reference: string, options: JsonOption) => end(inspect(reference, options, terminal)));
  block
    .command("delete")
    .description("Remove a block; what is stored in its storage stays there")
    .argument("<block>", "its reference: block:s3/results")
    .option("-y, --yes", "do not ask")
    .addHelpText("after", examples("oxbow block delete block:s3/results --yes"))
    .action((reference: string, options: { readonly yes?: true }) => end(remove(reference, options, terminal)));
}

interface JsonOption {
  readonly json?: true;
}

const blocks = (): Promise<typeof import("../../defaults/blocks.ts")> => import("../../defaults/blocks.ts");

export async function list({ json }: JsonOption, terminal: Terminal): Promise<void> {
  const all = await (await blocks()).listBlocks();
  if (json) return writeJson(terminal.stdout, all);
  if (all.length === 0) return say(terminal, "There are no blocks; saveBlock(name, storage) makes one");
  await writeTable(terminal.stdout, all, [
    { head: "BLOCK", value: ({ reference }) => reference },
    { head: "TYPE", value: ({ type }) => type },
    { head: "NAME", value: ({ name }) => name },
  ]);
}

export async function inspect(reference: string, { json }: JsonOption, { stdout }: Terminal): Promise<void> {
  const block = await (await blocks()).inspectBlock(reference);
  if (json) return writeJson(stdout, block);
  writePairs(stdout, [
    ["Block", block.reference],
    ["Saved", timeOf(block.createdAt)],
    ["Made with", JSON.stringify(block.args, undefined, 2)],
    ["Secrets", block.secrets.join(", ")],
  ]);
}

export async function remove(reference: string, { yes }: { readonly yes?: true }, terminal: Terminal): Promise<number> {
  const { deleteBlock, inspectBlock } = await blocks();
  // One that is not there is said by name, with what was meant; one that is damaged can be removed all the same.
  const isThere = (await (await blocks()).listBlocks()).some((block) => block.reference === reference);
  if (!isThere) await inspectBlock(reference);
  if (!(await confirm(terminal, `Delete ${reference}?`, yes))) return exitCodes.failed;
  if (!(await deleteBlock(reference))) return refuse(terminal, `${reference} does not exist any more`);
  say(terminal, `${reference} is gone`);
  return exitCodes.done;
}
