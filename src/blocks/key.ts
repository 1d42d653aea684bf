import { readFileSync } from "node:fs";
import { join } from "node:path";
import { codeOf, diskFailure } from "../io/disk-failure.ts";
import { ConfigurationError } from "../kernel/errors.ts";
import { bytesOfKeyText } from "../kernel/key-text.ts";
import { publish } from "./publish.ts";

/** What the secrets of blocks are encrypted with. */
export interface BlocksKey {
  readonly bytes: Uint8Array;
  /** Which key it is; nobody learns it from that. */
  readonly id: string;
  /** Where it comes from, for errors. */
  readonly source: string;
}

const size = 32;
const variable = "OXBOW_BLOCKS_KEY";

/**
 * The key: that of the environment, else that of the file `key` in the folder of blocks.
 *
 * @param make whether a key is made where there is none
 * @throws {ConfigurationError} where it is none, or there is none; without showing it
 */
export function blocksKey(folder: string, make: boolean): BlocksKey {
  const given = process.env[variable];
  if (given !== undefined && given !== "") return keyOf(given, `the environment variable ${variable}`);
  const path = join(folder, "key");
  const found = textAt(path) ?? (make ? madeAt(folder, path) : undefined);
  if (found === undefined)
    throw new ConfigurationError("OXBOW_OPTION_INVALID", `The key of the blocks is not there: ${path}`, {
      hint: `bring the file back, set ${variable} to the key, or save the blocks anew`,
    });
  return keyOf(found, path);
}

function keyOf(text: string, source: string): BlocksKey {
  const bytes = bytesOfKeyText(text.trim());
  if (bytes?.byteLength === size) return { bytes, id: idOf(bytes), source };
  throw new ConfigurationError(
    "OXBOW_OPTION_INVALID",
    `${source} is no key: ${size} bytes in base64 or hexadecimal digits`,
    {
      hint: "openssl rand -base64 32 makes one; what was encrypted with a key can only be read with the same",
    },
  );
}

function idOf(bytes: Uint8Array): string {
  const { createHash } = process.getBuiltinModule("node:crypto");
  return createHash("sha256").update("oxbow blocks key\n").update(bytes).digest("hex").slice(0, 16);
}

/** Of two processes that make it at once, both get the one of the first. */
function madeAt(folder: string, path: string): string | undefined {
  const text = Buffer.from(crypto.getRandomValues(new Uint8Array(size))).toString("base64");
  return publish(folder, path, `${text}\n`, true) ? text : textAt(path);
}

function textAt(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw diskFailure("read the key of the blocks", path, error);
  }
}
