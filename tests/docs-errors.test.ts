import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { errorCodes, type ErrorCode } from "../src/kernel/errors.ts";

const root = join(import.meta.dirname, "..");
const page = readFileSync(join(root, "docs/errors.md"), "utf8");
const catalogue = readFileSync(join(root, "src/kernel/errors.ts"), "utf8");
const codes = Object.keys(errorCodes) as ErrorCode[];

/** The sections of the page, by heading. */
const sections = new Map(
  page
    .split(/^## /m)
    .slice(1)
    .map((section) => {
      const end = section.indexOf("\n");
      return [section.slice(0, end).trim(), section.slice(end).trim()] as const;
    }),
);

/** The source without tests and without the catalogue itself. */
const source = globSync("src/**/*.ts", { cwd: root })
  .filter((path) => !path.endsWith(".test.ts") && !path.replaceAll("\\", "/").endsWith("kernel/errors.ts"))
  .map((path) => readFileSync(join(root, path), "utf8"))
  .join("\n");

/** The class whose instances all have this code, for example `StorageError`. */
function classOf(code: ErrorCode): string | undefined {
  const chosen = catalogue.split("export class ").find((text) => text.includes(`super("${code}"`));
  return chosen && /^\w+/.exec(chosen)![0];
}

function isMade(code: ErrorCode): boolean {
  const name = classOf(code);
  return name === undefined ? source.includes(`"${code}"`) : source.includes(`new ${name}(`);
}

describe("docs/errors.md", () => {
  test("has one section per error code, in the order of the catalogue, and no other", () => {
    expect([...sections.keys()]).toEqual(codes);
    expect(page.match(/^## /gm)).toHaveLength(codes.length);
  });

  test.each(codes)("%s is explained: what it says, when, and what to do", (code) => {
    const section = sections.get(code) ?? "";
    expect(section.split("\n", 1)[0]).toBe(`${errorCodes[code]}.`);
    expect(section).toContain("**When.**");
    expect(section).toContain("**What to do.**");
    expect(section, "an example message").toContain("```text\n");
  });

  test("names every code in its table of classes", () => {
    const table = page.slice(0, page.indexOf("\n## "));
    expect(codes.filter((code) => !table.includes(`\`${code}\``))).toEqual([]);
  });

  test("names no code that does not exist, here or on the other pages", () => {
    const pages = globSync("docs/**/*.md", { cwd: root }).map((path) => readFileSync(join(root, path), "utf8"));
    const named = new Set(pages.flatMap((text) => text.match(/\bOXBOW_[A-Z_]+\b/g) ?? []));
    const settings = /^OXBOW_(?:HOME|PROFILE|(?:TASKS|FLOWS|RESULTS|CACHING|LOGGING)_\w+)$/;
    expect([...named].filter((name) => !(name in errorCodes) && !settings.test(name))).toEqual([]);
  });
});

describe("the catalogue of errors", () => {
  test("is in alphabetical order", () => {
    expect(codes).toEqual(codes.toSorted());
  });

  test.each(codes)("%s is thrown somewhere", (code) => {
    expect(isMade(code)).toBe(true);
  });

  test("holds every code that the source names", () => {
    const named = new Set([...source.matchAll(/Error\(\s*"(OXBOW_\w+)"/g)].map((match) => match[1]!));
    expect([...named].filter((code) => !(code in errorCodes))).toEqual([]);
  });
});
