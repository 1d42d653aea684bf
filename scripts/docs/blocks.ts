import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../lib/run.ts";

/** A fenced block of TypeScript in a page. */
export interface Block {
  /** The page, from the root of the repository. */
  readonly page: string;
  /** The line of the page on which the code starts. */
  readonly line: number;
  readonly code: string;
  /** Its name, so that later blocks of the page can import it; else made of the line. */
  readonly file: string;
  /** False where the fence says `no-run`. */
  readonly runs: boolean;
  /** What the `text output` block that follows says the block prints. */
  readonly output: string | undefined;
}

const readers = "{README,ARCHITECTURE,CONTRIBUTING}.md";

/** The pages that people read, from the root of the repository. */
export function pages(): string[] {
  return globSync([readers, "docs/**/*.md"], { cwd: root })
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => !path.startsWith("docs/reference/api/"))
    .sort();
}

/** The text of a page. */
export function pageText(page: string): string {
  return readFileSync(join(root, page), "utf8");
}

interface Fence {
  readonly info: readonly string[];
  readonly line: number;
  readonly lines: string[];
}

/** Every fenced block of a text, whatever its language. */
function fences(text: string): Fence[] {
  const found: Fence[] = [];
  let open: (Fence & { readonly indent: string; readonly ticks: string }) | undefined;
  for (const [index, line] of text.split("\n").entries()) {
    const [, indent = "", ticks = "", info = ""] = /^(\s*)(`{3,})(.*)$/.exec(line) ?? [];
    if (open === undefined) {
      if (ticks !== "") open = { indent, ticks, info: info.trim().split(/\s+/), line: index + 2, lines: [] };
    } else if (ticks.length >= open.ticks.length && info.trim() === "") {
      found.push(open);
      open = undefined;
    } else {
      open.lines.push(line.startsWith(open.indent) ? line.slice(open.indent.length) : line);
    }
  }
  if (open !== undefined)
    throw new Error(`The block that starts in line ${open.line - 1} is never closed:\n${open.lines[0]}`);
  return found;
}

/** The TypeScript blocks of a page. */
export function blocks(page: string): Block[] {
  const all = fences(pageText(page));
  return all.flatMap(({ info, line, lines }, index) => {
    const [language, ...words] = info;
    if (language !== "ts" && language !== "typescript") return [];
    const unknown = words.find((word) => word !== "no-run" && !word.startsWith("file="));
    if (unknown !== undefined)
      throw new Error(
        `${page}:${line - 1}: \`${unknown}\` means nothing after \`\`\`ts; there are no-run and file=NAME.ts`,
      );
    const next = all[index + 1];
    return [
      {
        page,
        line,
        code: lines.join("\n"),
        file: words.find((word) => word.startsWith("file="))?.slice("file=".length) ?? `line-${line}.ts`,
        runs: !words.includes("no-run"),
        output: next?.info[0] === "text" && next.info[1] === "output" ? next.lines.join("\n") : undefined,
      },
    ];
  });
}

/** The text without its code: blocks, and what stands between backticks if `inline` too. Lines stay where they are. */
export function prose(text: string, inline: boolean): string {
  const bare = text.replace(/^(\s*)(`{3,})[^\n]*\n[\s\S]*?^\s*\2`*\s*$/gm, (block) => block.replace(/[^\n]/g, ""));
  return inline ? bare.replace(/`[^`\n]*`/g, (code) => " ".repeat(code.length)) : bare;
}
