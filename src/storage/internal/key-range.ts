/** A range of keys as bytes: from the first one on, up to the second one, which is not part of it. */
export interface KeyRange {
  readonly from: Uint8Array;
  readonly to: Uint8Array;
}

/** The range of what `list` is asked for; see {@link ListOptions}. */
export function rangeOf(prefix: string, after: string | undefined): KeyRange {
  const bytes = Buffer.from(prefix);
  return { from: afterOrAt(bytes, after), to: endOf(bytes) };
}

function afterOrAt(prefix: Buffer, after: string | undefined): Uint8Array {
  if (after === undefined) return prefix;
  const next = successor(Buffer.from(after));
  return Buffer.compare(next, prefix) > 0 ? next : prefix;
}

/** The first key after this one. */
export function successor(key: Uint8Array): Uint8Array {
  return Buffer.concat([key, Buffer.of(0)]);
}

/** The first bytes after all keys with a prefix. UTF-8 has no byte 0xFF, so the last one can always grow. */
function endOf(prefix: Buffer): Uint8Array {
  if (prefix.length === 0) return Buffer.of(0xff);
  return Buffer.concat([prefix.subarray(0, -1), Buffer.of(prefix.at(-1)! + 1)]);
}
