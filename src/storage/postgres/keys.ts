import { newHash } from "../../hashing/sha256.ts";
import { longestIndexed } from "../../io/postgres/values.ts";

/*
 * DESIGN: a key of any length as three columns.
 *
 *   key_head    its first 2000 bytes: nearly always all of it
 *   key_tail    the rest
 *   key_digest  where there is a rest, the SHA-256 of the whole
 *
 * What it promises: head and digest are a primary key that an index can hold; the order of head and tail is that of the bytes of the
 * whole, of whatever lengths.
 */

/** A key as its columns. */
export interface KeyColumns {
  readonly head: Uint8Array;
  readonly tail: Uint8Array;
  readonly digest: Uint8Array;
}

const nothing: Uint8Array = new Uint8Array(0);

/** The columns of a key, or of a bound between keys. */
export function keyColumns(key: string | Uint8Array): KeyColumns {
  const bytes = Buffer.from(key as string);
  if (bytes.length <= longestIndexed) return { head: bytes, tail: nothing, digest: nothing };
  const [head, tail] = [bytes.subarray(0, longestIndexed), bytes.subarray(longestIndexed)];
  return { head, tail, digest: newHash().update(bytes).digest() };
}
