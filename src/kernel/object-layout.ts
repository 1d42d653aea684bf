/** An object by its own enumerable fields. */
export type Plain = Record<string, unknown>;

/** The keys of an object, as they were found and as they are written. */
export interface Layout {
  /** As `Object.keys` gives them. */
  readonly found: readonly string[];
  /** How each of these is written: a key that begins with "~" gets one more. */
  readonly names: readonly string[];
  /** Whether an object with these keys needs no copy for their sake. */
  readonly asFound: boolean;
  /** Whether the layout may be kept. Of a dictionary it may not: its keys would never be freed. */
  readonly reusable: boolean;
  /** An object with all names in the order of writing; `undefined` where that is the order of finding. */
  readonly blank: Plain | undefined;
}

const largestReusable = 32;

/** The layout of an object: `last`, if it fits. */
export function layoutOf(object: object, sortKeys: boolean, last: Layout | undefined): Layout {
  return last !== undefined && fits(last, object) ? last : makeLayout(Object.keys(object), sortKeys);
}

/** A copy with the keys in the order of writing, and as they are written. */
export function copyOf(object: Plain, { found, names, blank }: Layout): Plain {
  if (blank === undefined) return { ...object };
  // A spread is several times as fast as stores one by one, but it can neither rename nor write "__proto__".
  if (found === names) return { ...blank, ...object };
  const copy: Plain = Object.assign(Object.create(null) as Plain, blank);
  for (let i = 0; i < found.length; i++) copy[names[i]!] = object[found[i]!];
  return copy;
}

function fits({ found }: Layout, object: object): boolean {
  let i = 0;
  for (const key in object) if (key !== found[i++]) return false;
  return i === found.length;
}

function makeLayout(found: readonly string[], sortKeys: boolean): Layout {
  let inOrder = true;
  let simple = true;
  let asWritten = true;
  for (let i = 0; i < found.length; i++) {
    const key = found[i]!;
    if (sortKeys && i > 0 && key < found[i - 1]!) inOrder = false;
    if (key.startsWith("~")) asWritten = simple = false;
    if (key === "__proto__") simple = false;
  }
  const blank = inOrder && simple ? undefined : (Object.create(simple ? Object.prototype : null) as Plain);
  if (blank !== undefined) for (const name of (sortKeys ? found.toSorted() : found).map(written)) blank[name] = null;
  return {
    found,
    names: simple ? found : found.map(written),
    asFound: inOrder && asWritten,
    reusable: found.length <= largestReusable,
    blank,
  };
}

function written(key: string): string {
  return key.startsWith("~") ? `~${key}` : key;
}
