import { ConfigurationError, RecordError } from "../kernel/errors.ts";
import type { Storage } from "../storage/storage.ts";
import type { RecordPlace } from "./place.ts";

/** A beginning that is shorter says too little. */
const shortestBeginning = 4;

/**
 * The key that is meant: itself, or the one that begins so.
 *
 * @returns `undefined` where there is no such record
 * @throws {ConfigurationError} `OXBOW_OPTION_INVALID` where several begin so
 */
export async function findKey({ storage, keyStorage }: RecordPlace, text: string): Promise<string | undefined> {
  const index = keyStorage ?? storage;
  if (text === "") return undefined;
  if (await isThere(index, text)) return text;
  if (text.length < shortestBeginning || !index.capabilities.list) return undefined;
  let found: string | undefined;
  for await (const { key } of index.list({ prefix: text })) {
    if (found !== undefined)
      throw new ConfigurationError("OXBOW_OPTION_INVALID", `Several keys begin with ${JSON.stringify(text)}`, {
        hint: `write more of it: ${found}, ${key}`,
      });
    found = key;
  }
  return found;
}

async function isThere(index: Storage, key: string): Promise<boolean> {
  try {
    return (await index.head(key)) !== undefined;
  } catch (error) {
    if (error instanceof RecordError) return true;
    throw error;
  }
}
