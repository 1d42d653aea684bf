/** One line that a page says a block prints. */
export interface ExpectedLine {
  readonly text: string;
  /** Lines after the start of the block. */
  readonly offset: number;
}

/** What a block is said to print: the `text output` block after it, or the comments behind its `console.log` calls. */
export function expectedLines(code: string, output: string | undefined): ExpectedLine[] {
  const lines = code.split("\n");
  if (output !== undefined)
    return output.split("\n").map((text, index) => ({ text, offset: lines.length + 1 + index }));
  return lines.flatMap((line, offset) => {
    const [, text] = /\bconsole\.log\(.*\);\s*\/\/ (.+)$/.exec(line) ?? [];
    return text === undefined ? [] : [{ text: text.trimEnd(), offset }];
  });
}

const varying: ReadonlyArray<readonly [what: RegExp, same: string]> = [
  [/\u001b\[[0-9;]*m/g, ""],
  [/\b\d\d:\d\d:\d\d\.\d{3}\b/g, "<time>"],
  [/(Task run '[^']*)-[0-9a-f]{3}'/g, "$1-<id>'"],
  [/Flow run '[a-z]+-[a-z]+'/g, "Flow run '<name>'"],
];

/** Without what differs from run to run: times of day, the ends of task run names, flow run names, colours. */
function settled(text: string): string {
  return varying.reduce((line, [what, same]) => line.replaceAll(what, same), text).trimEnd();
}

function matcher(expected: string): RegExp {
  const parts = settled(expected)
    .split("…")
    .map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`, "u");
}

/**
 * Looks for expected lines among printed ones, in order. `…` stands for anything within a line.
 *
 * @param whole nothing else may be printed, except for lines where the expectation has `…` alone
 * @returns the first that is not there, or nothing
 */
export function missing(
  expected: readonly string[],
  stdout: string,
  whole: boolean,
): { index: number; problem: string } | undefined {
  const printed = stdout === "" ? [] : stdout.replace(/\n$/, "").split("\n").map(settled);
  let next = 0;
  let gap = !whole;
  for (const [index, text] of expected.entries()) {
    if (whole && text.trim() === "…") {
      gap = true;
      continue;
    }
    const wanted = matcher(text);
    const found = gap
      ? printed.findIndex((line, at) => at >= next && wanted.test(line))
      : wanted.test(printed[next] ?? "")
        ? next
        : -1;
    if (found === -1 || found >= printed.length) return { index, problem: `does not print ${JSON.stringify(text)}` };
    next = found + 1;
    gap = !whole;
  }
  if (!gap && next < printed.length)
    return { index: expected.length - 1, problem: `prints more: ${JSON.stringify(printed[next])}` };
  return undefined;
}
