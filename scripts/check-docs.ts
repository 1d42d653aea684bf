/*
 * `npm run docs:check`: what the documentation shows is true. It reads README.md, ARCHITECTURE.md, CONTRIBUTING.md
 * and docs/ (without docs/reference/api), and needs a build. Name pages or parts of their paths to check only those.
 *
 *   ```ts                 is type-checked, and run by node in an empty folder and home; it must exit with 0
 *   ```ts no-run          is type-checked only: it needs a server, or would not end
 *   ```ts file=tasks.ts   is also there for later blocks of the page: import { … } from "./tasks.ts"
 *   console.log(x); // 3  behind the call, on its line: what it prints, in the order in which it is printed
 *   ```text output        right after a ts block: all that the block prints to standard output
 *
 * In what is expected, `…` stands for anything within a line, and alone on a line of a `text output` block for any
 * lines. Times of day, ids at the end of task run names, and flow run names match any other. Each block is a module
 * of its own. Other ```text blocks are only shown.
 *
 * Relative links have to lead to a file, and to a heading if they name one. In ARCHITECTURE.md and CONTRIBUTING.md,
 * so has every path between backticks that starts with a folder of the repository; `src/storage/<name>.ts` and
 * `src/*.ts` have to match something.
 */
import { blocks, pages, type Block } from "./docs/blocks.ts";
import { brokenLinks, missingPaths } from "./docs/links.ts";
import { checkTypes, runBlock, writeBlocks } from "./docs/run-blocks.ts";
import { report } from "./lib/findings.ts";

async function runAll(waiting: Block[], findings: string[]): Promise<void> {
  for (let block = waiting.shift(); block !== undefined; block = waiting.shift())
    findings.push(...(await runBlock(block)));
}

const wanted = process.argv.slice(2);
const chosen = pages().filter((page) => wanted.length === 0 || wanted.some((part) => page.includes(part)));
if (chosen.length === 0)
  throw new Error(`No page has ${wanted.join(" or ")} in its path: there are ${pages().join(", ")}`);

const findings = chosen.flatMap(brokenLinks);
for (const page of chosen)
  if (page === "ARCHITECTURE.md" || page === "CONTRIBUTING.md") findings.push(...missingPaths(page));

const found = chosen.flatMap(blocks);
if (found.length > 0) {
  writeBlocks(found);
  findings.push(...(await checkTypes()));
  const waiting = found.filter(({ runs }) => runs);
  await Promise.all([runAll(waiting, findings), runAll(waiting, findings)]);
}
report([...new Set(findings)], `${chosen.length} pages, ${found.length} blocks of TypeScript: all hold`);
