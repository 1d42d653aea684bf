import { sha256 } from "../../hashing/sha256.ts";

/*
 * DESIGN: which file a key lives in.
 *
 * What it does: the name of the file is the key. What a name cannot or should not hold is percent-escaped as UTF-8:
 * control characters, the separators and the characters that Windows reserves, `%` itself, a leading dot (hidden
 * files, `.`, `..`), a last dot or space (Windows drops them) and the first letter of a device name (`CON`). A name
 * that gets too long keeps a readable beginning, followed by `~` and the SHA-256 of the key.
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
const unsafe = /[\u0000-\u001f\u007f-\u009f%/\\<>:"|?*]/g;

/** The name of a record's file. */
export function recordFileName(key: string): string {
  if (plain.test(key) && !needsCare.test(key)) return key;
  return shortened(escaped(key).replace(/\.(?=value$)/i, "%2E"), key, longestName);
}

/** The name of a plain value's file. */
export function valueFileName(name: string): string {
  return shortened(escaped(name), name, longestName - valueSuffix.length) + valueSuffix;
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

/** Whether a file may hold a record; others in the folder are not ours, or are plain values. */
export function isRecordFileName(name: string): boolean {
  return !name.startsWith(".") && !name.toLowerCase().endsWith(valueSuffix);
}

function escaped(key: string): string {
  let name = key.replace(unsafe, percent);
  if (/^(?:\.|(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$))/i.test(name)) name = percent(name[0]!) + name.slice(1);
  name = name.replace(/[. ]$/, percent);
  // A key of the form of a shortened name must not meet the key that was shortened to it.
  name = name.replace(/~(?=[0-9a-f]{64}$)/i, percent);
  // Nothing else gives a lone `%`; it can be asked for, and is never there.
  return name === "" ? "%" : name;
}

function percent(character: string): string {
  const bytes = Buffer.from(character);
  return `%${bytes.toString("hex").toUpperCase().match(/../g)!.join("%")}`;
}

function shortened(name: string, key: string, limit: number): string {
  if (Buffer.byteLength(name) <= limit) return name;
  let beginning = "";
  for (const character of name) {
    if (Buffer.byteLength(beginning) + Buffer.byteLength(character) > 120) break;
    beginning += character;
  }
  return `${beginning.replace(/%[0-9A-F]?$/, "")}~${sha256(key)}`;
}
