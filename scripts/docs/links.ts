import { existsSync, globSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { root } from "../lib/run.ts";
import { pageText, prose } from "./blocks.ts";

/** The anchors that GitHub gives to the headings of a page. */
function anchors(page: string): Set<string> {
  const seen = new Map<string, number>();
  const found = new Set<string>();
  for (const [, heading = ""] of prose(pageText(page), false).matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)) {
    const words = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
    const slug = words.replaceAll(/[^\p{L}\p{N}\s_-]/gu, "").replaceAll(/\s/g, "-");
    const before = seen.get(slug) ?? 0;
    seen.set(slug, before + 1);
    found.add(before === 0 ? slug : `${slug}-${before}`);
  }
  for (const [, id = ""] of pageText(page).matchAll(/<a (?:id|name)="([^"]+)"/g)) found.add(id);
  return found;
}

function lineOf(text: string, index: number): number {
  return text.slice(0, index).split("\n").length;
}

/** Relative links of a page that lead nowhere. */
export function brokenLinks(page: string): string[] {
  const text = prose(pageText(page), true);
  const inline = [...text.matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g)];
  const listed = [...text.matchAll(/^\s*\[[^\]]+\]:\s+(\S+)/gm)];
  return [...inline, ...listed].flatMap((match) => {
    const target = match[1]!;
    if (/^[a-z][a-z+.-]*:/i.test(target)) return [];
    const at = `${page}:${lineOf(text, match.index)}`;
    const [path = "", anchor] = decodeURI(target).split("#");
    const file = path === "" ? page : join(dirname(page), path);
    if (!existsSync(join(root, file)))
      return file.startsWith(join("docs", "reference", "api")) ? [] : [`${at}: ${target} is not there`];
    if (!anchor || !file.endsWith(".md")) return [];
    return anchors(file).has(anchor) ? [] : [`${at}: ${file} has no heading #${anchor}`];
  });
}

const folders = "src|tests|scripts|docs|examples|benchmarks|tools|etc|ui|\\.ci|\\.github|\\.changeset";
const pathLike = new RegExp(`^(?:(?:${folders})(?:/.*)?|[\\w.-]+\\.(?:md|json|mjs|ts))$`);

/**
 * Paths between backticks that do not exist. `<name>` and `*` in one stand for anything, and something has to be there.
 * A bare file name may be in any folder.
 */
export function missingPaths(page: string): string[] {
  const text = prose(pageText(page), false);
  return [...text.matchAll(/`([^`\n]+)`/g)].flatMap((match) => {
    const path = match[1]!.replace(/:\d+$/, "");
    if (!pathLike.test(path) || exists(path)) return [];
    return [`${page}:${lineOf(text, match.index)}: ${path} is not there`];
  });
}

function exists(path: string): boolean {
  const literal = join(root, path);
  if (existsSync(literal)) return !path.endsWith("/") || statSync(literal).isDirectory();
  const pattern = path.replaceAll(/<[^>/]+>/g, "*").replace(/\/$/, "");
  const places = pattern.includes("/")
    ? [pattern]
    : [pattern, `{src,tests,scripts,docs,examples,benchmarks,tools}/**/${pattern}`];
  return globSync(places, { cwd: root, exclude: (name) => name === "node_modules" }).length > 0;
}
