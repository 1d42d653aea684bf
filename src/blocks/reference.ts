import { ConfigurationError } from "../kernel/errors.ts";

/** Which block: `block:s3/results`. */
export interface BlockName {
  /** What it is a configuration of: `s3`; for locks `redis-locks`. */
  readonly type: string;
  readonly name: string;
}

const typeGrammar = /^[a-z][a-z0-9-]{0,49}$/;
const nameGrammar = /^[A-Za-z0-9._-]{1,100}$/;

/** `block:s3/results`. */
export function referenceOf({ type, name }: BlockName): string {
  return `block:${type}/${name}`;
}

/**
 * What a reference names.
 *
 * @throws {ConfigurationError} `OXBOW_OPTION_INVALID` for all that is no reference
 */
export function parseReference(reference: unknown): BlockName {
  const [, type = "", name = ""] =
    typeof reference === "string" ? (/^block:([^/]*)\/(.*)$/s.exec(reference) ?? []) : [];
  if (isType(type) && nameGrammar.test(name)) return { type, name };
  const shown = typeof reference === "string" ? JSON.stringify(reference.slice(0, 200)) : `of type ${typeof reference}`;
  throw new ConfigurationError("OXBOW_OPTION_INVALID", `A reference to a block is ${shown}`, {
    hint: 'write "block:<type>/<name>", such as "block:s3/results"; names have letters, digits, ".", "_" and "-"',
  });
}

export function isType(type: string): boolean {
  return typeGrammar.test(type);
}

/** @throws {ConfigurationError} `OXBOW_OPTION_INVALID` */
export function checkName(name: unknown): asserts name is string {
  if (typeof name === "string" && nameGrammar.test(name)) return;
  const shown = typeof name === "string" ? JSON.stringify(name.slice(0, 200)) : `of type ${typeof name}`;
  throw new ConfigurationError("OXBOW_OPTION_INVALID", `The name of a block is ${shown}`, {
    hint: 'use 1 to 100 letters, digits, ".", "_" and "-"',
  });
}

export function invalid(message: string, hint: string): ConfigurationError {
  return new ConfigurationError("OXBOW_OPTION_INVALID", message, { hint });
}
