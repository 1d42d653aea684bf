import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { RecordError } from "../../kernel/errors.ts";
import { checkFolder, codeOf } from "../../io/disk-failure.ts";
import { compareUtf8 } from "../internal/utf8-order.ts";
import type { ListOptions, RecordMetadata, ValueEntry } from "../storage.ts";
import { isRecordFileName, keyOfFileName, nameOfValueFile } from "./key-names.ts";
import { beginsLikeRecord, readMetadata, statFile } from "./read.ts";

/** So many files are read before the rest of the program gets a turn. */
const filesPerTurn = 100;

/**
 * The metadata of the records in a folder, in the order of their keys. The keys come from the file names, so only
 * shortened names and those that are given out cost the reading of a file.
 */
export async function* listFolder(
  folder: string,
  { prefix = "", after, onDamaged }: ListOptions,
): AsyncIterable<RecordMetadata> {
  const found: Array<readonly [key: string, path: string]> = [];
  let turn = 0;
  for (const name of (await namesIn(folder)).filter(isRecordFileName)) {
    const path = join(folder, name);
    let key = keyOfFileName(name);
    if (key === undefined) {
      key = readQuietly(path, undefined)?.key;
    }
    if (++turn % filesPerTurn === 0) await nextTurn();
    if (key?.startsWith(prefix) && (after === undefined || compareUtf8(key, after) > 0)) found.push([key, path]);
  }
  found.sort(([a], [b]) => compareUtf8(a, b));
  for (const [key, path] of found) {
    const metadata = readQuietly(path, key, onDamaged);
    if (metadata !== undefined) yield metadata;
    if (++turn % filesPerTurn === 0) await nextTurn();
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
    checkFolder(folder);
    return [];
  }
}

/** A damaged record, or a file of somebody else, is passed over. */
function readQuietly(
  path: string,
  key: string | undefined,
  onDamaged?: ListOptions["onDamaged"],
): RecordMetadata | undefined {
  try {
    return readMetadata(path, key);
  } catch (error) {
    if (!(error instanceof RecordError)) throw error;
    if (onDamaged && key !== undefined && (ownKey.test(key) || beginsLikeRecord(path))) onDamaged(key, error);
    return undefined;
  }
}

/** What nobody but Oxbow calls a file. */
const ownKey = /^[0-9a-f]{64}$/;

/** The plain values in a folder, those whose names their files tell. */
export async function* listValues(folder: string, prefix: string): AsyncIterable<ValueEntry> {
  let turn = 0;
  for (const file of await namesIn(folder)) {
    const name = nameOfValueFile(file);
    if (!name?.startsWith(prefix)) continue;
    const stats = statQuietly(join(folder, file));
    if (stats !== undefined) yield { name, size: stats.size, modifiedAt: stats.mtimeMs };
    if (++turn % filesPerTurn === 0) await nextTurn();
  }
}

function statQuietly(path: string): ReturnType<typeof statFile> {
  try {
    return statFile(path);
  } catch (error) {
    if (error instanceof RecordError) return undefined;
    throw error;
  }
}
