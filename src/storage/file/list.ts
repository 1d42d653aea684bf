import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { RecordError } from "../../kernel/errors.ts";
import { checkFolder, codeOf } from "../../io/disk-failure.ts";
import { compareUtf8 } from "../internal/utf8-order.ts";
import type { ListOptions, RecordMetadata } from "../storage.ts";
import { isRecordFileName, keyOfFileName } from "./key-names.ts";
import { readMetadata } from "./read.ts";

/** So many files are read before the rest of the program gets a turn. */
const filesPerTurn = 100;

/**
 * The metadata of the records in a folder, in the order of their keys. The keys come from the file names, so only
 * shortened names and those that are given out cost the reading of a file.
 */
export async function* listFolder(folder: string, { prefix = "", after }: ListOptions): AsyncIterable<RecordMetadata> {
  const found: Array<readonly [key: string, path: string]> = [];
  let turn = 0;
  for (const name of await namesIn(folder)) {
    const path = join(folder, name);
    let key = keyOfFileName(name);
    if (key === undefined) {
      key = readQuietly(path, undefined)?.key;
      if (++turn % filesPerTurn === 0) await nextTurn();
    }
    if (key?.startsWith(prefix) && (after === undefined || compareUtf8(key, after) > 0)) found.push([key, path]);
  }
  found.sort(([a], [b]) => compareUtf8(a, b));
  for (const [key, path] of found) {
    const metadata = readQuietly(path, key);
    if (metadata !== undefined) yield metadata;
    if (++turn % filesPerTurn === 0) await nextTurn();
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter(isRecordFileName);
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
    checkFolder(folder);
    return [];
  }
}

/** A damaged record, or a file of somebody else, is passed over. */
function readQuietly(path: string, key: string | undefined): RecordMetadata | undefined {
  try {
    return readMetadata(path, key);
  } catch (error) {
    if (error instanceof RecordError) return undefined;
    throw error;
  }
}
