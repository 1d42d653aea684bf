import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { attempt, root } from "../lib/run.ts";
import type { Block } from "./blocks.ts";
import { expectedLines, missing } from "./output.ts";

/** Inside the repository, so that `import "oxbow"` is the package around it; ignored by git. */
const folder = "temp/docs";

function pathOf({ page, file }: Block): string {
  return join(folder, page, file);
}

/** Writes every block as a module of its own, each line where it is in the page, so that errors name the page's lines. */
export function writeBlocks(blocks: readonly Block[]): void {
  rmSync(join(root, folder), { recursive: true, force: true });
  for (const block of blocks) {
    const path = join(root, pathOf(block));
    mkdirSync(dirname(path), { recursive: true });
    const module = /^\s*(import|export)\b/m.test(block.code) ? "" : "\nexport {};";
    writeFileSync(path, `${"\n".repeat(block.line - 1)}${block.code}${module}\n`);
  }
  const compilerOptions = { noEmit: true, declaration: false, isolatedDeclarations: false };
  writeFileSync(
    join(root, folder, "tsconfig.json"),
    JSON.stringify({ extends: "../../tsconfig.json", compilerOptions, include: ["."] }),
  );
}

/** `temp/docs/docs/guide/caching.md/line-3.ts` and a line, said as page and line. */
function inPage(text: string): string {
  return text
    .replaceAll(/(?:file:\/\/)?[^\s()'"]*temp[\\/]docs[\\/]([^\s()'"]+?\.md)[\\/][\w.-]+\.ts/g, "$1")
    .replaceAll(/(\.md)\((\d+),\d+\)/g, "$1:$2");
}

/** Type-checks all blocks as one program. */
export async function checkTypes(): Promise<string[]> {
  const { status, output } = await attempt("tsc", ["-p", folder, "--pretty", "false"]);
  return status === 0 ? [] : inPage(output).trimEnd().split("\n");
}

/** Runs one block in an empty folder and home, and compares what it prints with what the page says. */
export async function runBlock(block: Block): Promise<string[]> {
  const home = mkdtempSync(join(tmpdir(), "oxbow-docs-"));
  try {
    const env = { HOME: home, OXBOW_HOME: join(home, ".oxbow"), NO_COLOR: "1" };
    const { status, stdout, output } = await attempt("node", [join(root, pathOf(block))], {
      cwd: home,
      env,
      timeoutMs: 30_000,
    });
    const at = `${block.page}:${block.line}`;
    if (status !== 0) return [`${at}: exits with ${status}\n${indented(inPage(output))}`];
    const lines = expectedLines(block.code, block.output);
    const absent = missing(
      lines.map(({ text }) => text),
      stdout,
      block.output !== undefined,
    );
    if (absent === undefined) return [];
    const line = lines[absent.index];
    return [
      `${block.page}:${block.line + (line?.offset ?? 0)}: ${absent.problem}\n${indented(`it printed\n${indented(stdout)}`)}`,
    ];
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

function indented(text: string): string {
  return text.trimEnd().replace(/^/gm, "    ");
}
