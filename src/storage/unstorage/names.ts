import { sha256 } from "../../hashing/sha256.ts";

/*
 * DESIGN: which item a key or the name of a value lives in.
 *
 *   records:<key>       hashed:<SHA-256>          a record: under its key where that is a good name, else under its hash
 *   values:<name>       hashed-values:<SHA-256>   a plain value
 *
 * What it does: unstorage takes `/`, `\`, `:` and `?` in names for something else, folders ignore case, a file cannot be a folder at once,
 * and each service has a limit of its own. A good name is one that is the same for all of them.
 * What it promises: two keys are two items, and a record and a value never meet.
 * What the caller must do: check that the key in the item is the one that was asked for.
 */

const good = /^[a-z0-9][a-z0-9_-]{0,119}$/;
/** Devices of Windows, and a folder that the driver `fs` leaves out of its lists. */
const taken = /^(?:con|prn|aux|nul|com\d|lpt\d|node_modules)$/;

/** Where records are: what `getKeys` is asked for. */
export const recordBases = ["records", "hashed"] as const;

/** The item with the record of a key. */
export function recordItem(key: string): string {
  return isGood(key) ? `records:${key}` : `hashed:${sha256(key)}`;
}

/** The key of a record that is named by it; `undefined` for names that no record has, and for hashes. */
export function keyOfRecordItem(name: string): string | undefined {
  const key = name.slice("records:".length);
  return recordItem(key) === name ? key : undefined;
}

/** The item with a plain value. */
export function valueItem(name: string): string {
  return isGood(name) ? `values:${name}` : `hashed-values:${sha256(name)}`;
}

function isGood(text: string): boolean {
  return good.test(text) && !taken.test(text);
}
