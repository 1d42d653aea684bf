import { ConfigurationError } from "../kernel/errors.ts";
import { type BlockName, referenceOf } from "./reference.ts";
import type { Sealed } from "./secrets.ts";

/** The version of the files that this release writes. It reads this one and the older ones. */
export const blockFormatVersion = 1;

/** What the file of a block holds. */
export interface BlockFile extends BlockName {
  readonly formatVersion: number;
  /** When it was saved, in milliseconds since 1970. */
  readonly createdAt: number;
  /** What the factory is called with, `null` in the place of each secret. */
  readonly args: readonly unknown[];
  readonly secrets: readonly Sealed[];
  /** Which key the secrets are encrypted with; `undefined` where there are none. */
  readonly keyId: string | undefined;
}

/** The file as text; times in it are for people. */
export function formatBlock({ createdAt, ...rest }: BlockFile): string {
  const { formatVersion, type, name, args, keyId, secrets } = rest;
  const file = { formatVersion, type, name, created: new Date(createdAt).toISOString(), args, keyId, secrets };
  return `${JSON.stringify(file, null, 2)}\n`;
}

/**
 * @param path of the file, for errors
 * @throws {ConfigurationError} `OXBOW_OPTION_INVALID`; never with a part of the text, nor with the parser's error, which quotes it
 */
export function parseBlock(text: string, block: BlockName, path: string): BlockFile {
  const unusable = (why: string, hint: string): ConfigurationError =>
    new ConfigurationError("OXBOW_OPTION_INVALID", `${referenceOf(block)} cannot be used: ${path} ${why}`, { hint });
  const damaged = (why: string): ConfigurationError => unusable(why, "save the block anew, with overwrite: true");

  const file = fieldsOf(text);
  if (file === undefined) throw damaged("is damaged: it is not JSON, or no object");
  const { formatVersion, type, name, created, args, keyId, secrets } = file;
  if (typeof formatVersion !== "number") throw damaged("is damaged: it has no format version");
  if (formatVersion > blockFormatVersion)
    throw unusable(
      `has the format version ${formatVersion}, and this release knows ${blockFormatVersion}`,
      "update oxbow",
    );
  // A file that was copied, or a file system that takes upper and lower case for the same.
  if (type !== block.type || name !== block.name) throw damaged("belongs to another block");
  const createdAt = typeof created === "string" ? Date.parse(created) : Number.NaN;
  if (Number.isNaN(createdAt)) throw damaged("is damaged: created is no time");
  if (!Array.isArray(args)) throw damaged("is damaged: args is no list");
  if (!Array.isArray(secrets) || !secrets.every(isSealed)) throw damaged("is damaged: secrets is no list of secrets");
  if (secrets.length > 0 && typeof keyId !== "string")
    throw damaged("is damaged: it does not say with which key it is encrypted");
  return { formatVersion, ...block, createdAt, args, secrets, keyId: typeof keyId === "string" ? keyId : undefined };
}

function fieldsOf(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const file: unknown = JSON.parse(text);
    return typeof file === "object" && file !== null ? (file as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function isSealed(value: unknown): value is Sealed {
  if (typeof value !== "object" || value === null) return false;
  const { path, sealed } = value as Partial<Record<keyof Sealed, unknown>>;
  return typeof path === "string" && typeof sealed === "string";
}
