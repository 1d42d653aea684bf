import { tags } from "./tags.ts";
import type { SegmentReader } from "./segments.ts";

type Fields = Record<string, unknown>;

/** The value of a text that JsonWalk wrote; its segments are taken from `segments`. */
export function readTree(text: string, segments: SegmentReader): unknown {
  const tree: unknown = JSON.parse(text);
  // Every tag and every escaped key begins with this, and most results have neither.
  return text.includes('"~') ? restore(tree, segments) : tree;
}

/** Puts the values in the place of their tags. The tree is nobody else's, so it is changed where it stands. */
function restore(tree: unknown, segments: SegmentReader): unknown {
  if (typeof tree !== "object" || tree === null) return tree;
  if (Array.isArray(tree)) {
    for (let i = 0; i < tree.length; i++) if (isObject(tree[i])) tree[i] = restore(tree[i], segments);
    return tree;
  }
  let special = false;
  const fields = tree as Fields;
  for (const key of Object.keys(fields)) {
    if (key.startsWith("~")) special = true;
    else if (isObject(fields[key])) fields[key] = restore(fields[key], segments);
  }
  return special ? restoreSpecial(fields, segments) : fields;
}

function restoreSpecial(fields: Fields, segments: SegmentReader): unknown {
  const keys = Object.keys(fields);
  if (keys.length === 1 && !keys[0]!.startsWith("~~")) return restoreTag(keys[0]!, fields[keys[0]!], segments);
  const entries = keys.map((key): [string, unknown] => {
    if (!key.startsWith("~")) return [key, fields[key]];
    if (!key.startsWith("~~")) throw new Error(`the tag ${key} stands beside other keys`);
    return [key.slice(1), restore(fields[key], segments)];
  });
  return Object.fromEntries(entries);
}

function restoreTag(tag: string, tree: unknown, segments: SegmentReader): unknown {
  const read = tags.get(tag);
  if (read === undefined) throw new Error(`the tag ${tag} is unknown: a newer release may have written it`);
  const value = read(restore(tree, segments), segments);
  if (value === undefined && tag !== "~undefined") throw new Error(`the tag ${tag} has a content that it cannot have`);
  return value;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
