import { sha256 } from "../../../hashing/sha256.ts";
import { StorageError } from "../../../kernel/errors.ts";
import { checkedPath } from "../file-paths.ts";

/*
 * DESIGN: which object a key, the name of a value or the path of a file lives in.
 *
 *   records/<key>           a record whose key is a good name as it is: that of most
 *   hashed/<SHA-256>        a record with any other key; its header says which
 *   values/v/<name>         a plain value, and
 *   values/h/<SHA-256>      one with any other name
 *   files/<path>            a file, under its path
 *
 * What it does: a good name has only characters that all three of S3, Google Cloud Storage and Azure take, and that no URL, no shell and
 * no listing changes; its parts are not empty and do not end with a dot (Azure drops it). In paths of files all else is written
 * as `!XX`, one for each byte of its UTF-8, so that they stay readable: `report 2026.csv` is `report!202026.csv`. Not with `%`,
 * which one layer too many decodes, and not with `=`, which stands in paths like `year=2026/data.parquet`.
 * What it promises: two keys are two names, and no record, value or file has a name of the other kinds.
 * What the caller must do: check that the key in the header is the one that was asked for.
 */

/** What the names of records that are named by their keys begin with. */
export const recordPrefix = "records/";
/** What the names of all other records begin with. */
export const hashedPrefix = "hashed/";

/** What the names of plain values begin with that are named as they are. */
export const valuePrefix = "values/v/";

const longestKey = 700;
/** What {@link ObjectMedium} takes. */
const longestName = 1000;

const good = /^[A-Za-z0-9!_.'()/=:,@+;-]+$/;
// An empty part, or one that ends with a dot: `.` and `..` among them.
const badPart = /^\/|\/\/|\/$|\.(?:\/|$)/;

/** The name of the object with the record of a key. */
export function recordName(key: string): string {
  return isGood(key) ? recordPrefix + key : hashedPrefix + sha256(key);
}

/** The key of a record that is named by it; `undefined` for names that no record has. */
export function keyOfRecordName(name: string): string | undefined {
  const key = name.slice(recordPrefix.length);
  return recordName(key) === name ? key : undefined;
}

/** The beginning of a text that a good name may begin with, too: as far as a listing can be narrowed. */
export function goodBeginning(text: string): string {
  return (/^[A-Za-z0-9!_.'()/=:,@+;-]*/.exec(text)?.[0] ?? "").slice(0, longestKey);
}

/** The name of a plain value that its object tells; `undefined` for names that no value has. */
export function nameOfValue(object: string): string | undefined {
  const name = object.slice(valuePrefix.length);
  return valueName(name) === object ? name : undefined;
}

/** The name of the object with a plain value. */
export function valueName(name: string): string {
  return isGood(name) ? valuePrefix + name : `values/h/${sha256(name)}`;
}

/**
 * The name of the object with a file.
 *
 * @throws {StorageError} for paths that {@link checkedPath} refuses, and those that are too long once they are escaped
 */
export function fileName(path: string): string {
  const name = `files/${checkedPath(path).replace(/[^A-Za-z0-9_.'()/=:,@+;-]|\.(?=\/|$)/gu, escaped)}`;
  if (name.length <= longestName) return name;
  throw new StorageError(`Cannot use the path ${JSON.stringify(`${path.slice(0, 100)}…`)}: its name is too long here`, {
    hint: `an object store takes names of ${longestName} characters, and needs three for each byte that is not a plain letter`,
  });
}

function isGood(text: string): boolean {
  return text.length <= longestKey && good.test(text) && !badPart.test(text);
}

function escaped(character: string): string {
  return `!${Buffer.from(character).toString("hex").toUpperCase().match(/../g)!.join("!")}`;
}
