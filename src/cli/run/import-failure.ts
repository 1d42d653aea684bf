/* What is said of a file that cannot be imported: what went wrong, where, and what is most likely meant. */
import { existsSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { ConfigurationError, describeError, OxbowError } from "../../kernel/errors.ts";

/** The error for a file that cannot be imported. One of Oxbow's own is handed on: it says itself what to do. */
export function importFailure(path: string, error: unknown): Error {
  if (error instanceof OxbowError) return error;
  const place = placeOf(error);
  const said = place ? `${describeError(error)} (${place})` : describeError(error);
  const hint = hintFor(error) ?? "--debug shows where it comes from";
  return new ConfigurationError("OXBOW_OPTION_INVALID", `Cannot import ${basename(path)}: ${said}`, {
    cause: error,
    hint,
  });
}

/** `etl.ts:12:5`: the first place in code of the user that the error went through. */
export function placeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || typeof error.stack !== "string") return undefined;
  for (const line of error.stack.split("\n")) {
    const place = /(file:\/\/[^\s()]+|(?<=[( ])\/[^\s():]+)(:\d+(?::\d+)?)/.exec(line);
    if (!place || line.includes("/node_modules/") || line.includes("node:internal")) continue;
    const path = place[1]!.startsWith("file:") ? fileURLToPath(place[1]!.replace(/\?.*$/, "")) : place[1]!;
    return `${basename(path)}${place[2]}`;
  }
  return undefined;
}

function hintFor(error: unknown): string | undefined {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  if (code === "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX" || code === "ERR_INVALID_TYPESCRIPT_SYNTAX") {
    return "Node takes types out and compiles nothing: no enums, namespaces, parameter properties; NODE_OPTIONS=--import=tsx has a compiler do it";
  }
  if (code === "ERR_UNKNOWN_FILE_EXTENSION") return "Node runs .ts, .mts, .js and .mjs";
  if (code !== "ERR_MODULE_NOT_FOUND") return undefined;
  const missing = (error as { readonly url?: string }).url;
  const typed = missing?.startsWith("file:") ? fileURLToPath(missing).replace(/\.([cm]?)js$/, ".$1ts") : undefined;
  if (typed && existsSync(typed)) return `an import names the file that is there: ${basename(typed)}`;
  return missing === undefined ? "npm install it" : undefined;
}
