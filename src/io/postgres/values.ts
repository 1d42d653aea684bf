/*
 * DESIGN: how values travel.
 *
 * What it does: bytes are bytes in both directions, numbers numbers. A text column cannot hold NUL: a text that has one is
 * stored as a mark and its bytes in base64. So the others stay readable for people who look into the tables.
 * What it promises: {@link valueTypes} goes with every statement, so that parsers which the user has registered for all of
 * `pg` change nothing here, and ours nothing there.
 */

/** No text of people begins with it, and none that does is mistaken: it is stored in base64, too. */
const mark = "\u0001";

/** A text as a column of type `text` can hold it. */
export function asText(value: string): string {
  return value.includes("\0") || value.startsWith(mark) ? mark + Buffer.from(value).toString("base64") : value;
}

/** The text that {@link asText} has stored. */
export function fromText(stored: string): string {
  return stored.startsWith(mark) ? Buffer.from(stored.slice(1), "base64").toString() : stored;
}

/** `\x` and two digits per byte. In memory of its own: that of `Buffer.from` may be shared. */
function fromHex(stored: string): Uint8Array {
  const bytes = new Uint8Array((stored.length - 2) / 2);
  Buffer.from(bytes.buffer).write(stored.slice(2), "hex");
  return bytes;
}

const asIs = (stored: string): string => stored;
const parsers = new Map<number, (stored: string) => unknown>([
  [16, (stored) => stored === "t"],
  [17, fromHex],
  [20, Number],
  [21, Number],
  [23, Number],
  [25, fromText],
  [700, Number],
  [701, Number],
]);

/** The option `types` of a statement. */
export const valueTypes: { getTypeParser(oid: number): (stored: string) => unknown } = {
  getTypeParser: (oid) => parsers.get(oid) ?? asIs,
};

/** An entry of an index takes 2704 bytes at most, and a key may have 30,000: what is longer is not indexed as it is. */
export const longestIndexed = 2000;
