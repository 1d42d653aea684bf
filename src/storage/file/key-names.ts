import { sha256 } from "../../hashing/sha256.ts";
import { beginningOf, escapedName } from "../../io/file-names.ts";

/*
 * DESIGN: which file a key lives in.
 *
 * What it does: the name of the file is the key, with escapes (io/file-names.ts). A name that gets too long keeps a
 * readable beginning, followed by `~` and the SHA-256 of the key.
 * A plain value (see `Storage.values`) is the file `<name>.value`; a record's name never ends like that, because
 * there the dot of a final `.value` is escaped.
 * What it promises: no way out of the folder, and one name per key. On a file system that ignores case, or how
 * accents are composed, two keys can meet in one file: readers compare the key inside and find a damaged record.
 */

/** What every file system of today takes, in bytes. */
const longestName = 255;
const valueSuffix = ".value";

const plain = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,190}$/;
const needsCare = /\.value$|^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)|\.$/i;

/** The name of a record's file. */
export function recordFileName(key: string): string {
  if (plain.test(key) && !needsCare.test(key)) return key;
  return shortened(withoutMark(key).replace(/\.(?=value$)/i, "%2E"), key, longestName);
}

/** The name of a plain value's file. */
export function valueFileName(name: string): string {
  return shortened(withoutMark(name), name, longestName - valueSuffix.length) + valueSuffix;
}

/** The key of a record's file; `undefined` where the name does not tell it, or is not one of ours. */
export function keyOfFileName(name: string): string | undefined {
  try {
    const key = decodeURIComponent(name);
    return recordFileName(key) === name ? key : undefined;
  } catch {
    return undefined;
  }
}

/** The name of the plain value in a file; `undefined` where the file's name does not tell it, or it is none. */
export function nameOfValueFile(file: string): string | undefined {
  if (!file.endsWith(valueSuffix)) return undefined;
  try {
    const name = decodeURIComponent(file.slice(0, -valueSuffix.length));
    return name !== "" && valueFileName(name) === file ? name : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a file may hold a record; others in the folder are not ours, or are plain values. */
export function isRecordFileName(name: string): boolean {
  return !name.startsWith(".") && !name.toLowerCase().endsWith(valueSuffix);
}

function shortened(name: string, key: string, limit: number): string {
  if (Buffer.byteLength(name) <= limit) return name;
  return `${beginningOf(name, 120)}~${sha256(key)}`;
}

/** A key of the form of a shortened name must not meet the key that was shortened to it. */
function withoutMark(key: string): string {
  return escapedName(key).replace(/~(?=[0-9a-f]{64}$)/i, "%7E");
}
