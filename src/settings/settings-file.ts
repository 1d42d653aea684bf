import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type * as toml from "smol-toml";
import { messageOf } from "../kernel/errors.ts";
import { invalid } from "./layer.ts";

/**
 * The text of a file; `undefined` where there is none.
 *
 * @throws {ConfigurationError} where it is there and cannot be read
 */
export function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw invalid(`Cannot read ${path}: ${messageOf(error)}`, { cause: error });
  }
}

// Only who has a TOML file pays for the parser.
let parser: typeof toml | undefined;
const load = (): typeof toml => (parser ??= createRequire(import.meta.url)("smol-toml") as typeof toml);

/** @throws {ConfigurationError} that names file, line and column */
export function parseToml(text: string, path: string): Record<string, unknown> {
  try {
    return load().parse(text);
  } catch (error) {
    if (!(error instanceof load().TomlError)) throw error;
    const reason = messageOf(error).replace(/^Invalid TOML document: /, "");
    throw invalid(`${path}:${error.line}:${error.column} is not TOML: ${reason}`, { cause: error });
  }
}

/** A table as TOML text. */
export function formatToml(table: Record<string, unknown>): string {
  return `${load().stringify(table).trim()}\n`;
}

/** @throws {ConfigurationError} that names the file */
export function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (error) {
    throw invalid(`${path} is not JSON: ${messageOf(error)}`, { cause: error });
  }
}
