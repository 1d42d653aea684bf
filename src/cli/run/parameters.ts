/*
 * DESIGN. Parameters on a command line are texts. `k=v` is the JSON value v where v is JSON, and else the text v: so `n=20` is a number,
 * `n="20"` a text, `day=2026-03-01` a text. `k=@file` is what the file holds. Names are held against those of the function, since one
 * that is mistyped would be a default that nobody meant.
 */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { unbindInputs, type Parameters } from "../../hashing/parameters.ts";
import { messageOf } from "../../kernel/errors.ts";
import { nearest } from "../../kernel/suggest.ts";
import { misuse } from "../output.ts";

/** What `--param` and `--params-json` said, by name. @throws {ConfigurationError} */
export function readParameters(
  pairs: readonly string[],
  document: string | undefined,
  cwd: string,
): Readonly<Record<string, unknown>> {
  const values: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  if (document !== undefined) Object.assign(values, objectOf(document, cwd));
  const given = new Set<string>();
  for (const pair of pairs) {
    const at = pair.indexOf("=");
    if (at < 1) throw misuse(`--param ${pair} says no value`, "write --param name=value");
    const name = pair.slice(0, at);
    if (given.has(name)) throw misuse(`--param ${name} is there twice`);
    given.add(name);
    values[name] = valueOf(name, pair.slice(at + 1), cwd);
  }
  return values;
}

function objectOf(document: string, cwd: string): object {
  const text = document.startsWith("@") ? read(document.slice(1), "--params-json", cwd) : document;
  const value = parsed(text, "--params-json");
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  throw misuse("--params-json is no object", `write --params-json '{"name": "value"}'`);
}

function valueOf(name: string, text: string, cwd: string): unknown {
  if (!text.startsWith("@")) return jsonOrText(text);
  const content = read(text.slice(1), `--param ${name}`, cwd);
  return /\.json$/i.test(text) ? parsed(content, `${text.slice(1)}, for the parameter ${name},`) : jsonOrText(content);
}

/** JSON, or else the text itself. */
export function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function parsed(text: string, what: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, "")) as unknown;
  } catch (error) {
    throw misuse(`${what} is no JSON: ${messageOf(error)}`);
  }
}

function read(path: string, what: string, cwd: string): string {
  try {
    return readFileSync(resolve(cwd, path), "utf8");
  } catch (error) {
    throw misuse(
      `${what} cannot be read from ${path}: ${messageOf(error)}`,
      `a text that begins with @ is written in quotes: '"@…"'`,
    );
  }
}

/** The arguments that give these values to a function's parameters. @throws {ConfigurationError} for a name that it has not */
export function argumentsFor(
  name: string,
  parameters: Parameters,
  values: Readonly<Record<string, unknown>>,
): readonly unknown[] {
  const { kind, names, open, rest } = parameters;
  const given = Object.keys(values);
  if (kind === "positional" && open && given.length > 0) {
    throw misuse(
      `The names of the parameters of "${name}" cannot be read from its code`,
      "name them in the option params",
    );
  }
  const unknown = open ? undefined : given.find((each) => !names.includes(each));
  if (unknown !== undefined) {
    const meant = nearest(unknown, names);
    const all = names.length === 0 ? "it has none" : `it has ${names.join(", ")}`;
    throw misuse(`"${name}" has no parameter "${unknown}"`, meant ? `did you mean ${meant}? ${all}` : all);
  }
  if (rest !== undefined && rest in values && !Array.isArray(values[rest])) {
    return unbindInputs(parameters, [], { ...values, [rest]: [values[rest]] });
  }
  return unbindInputs(parameters, [], values);
}
