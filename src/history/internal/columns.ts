import { asText } from "../../io/postgres/values.ts";

/*
 * Small things that columns hold. Texts of people may have a NUL in them, which neither PostgreSQL nor the SQLite of Node 22 gives
 * back: io/postgres/values.ts says how they are written, and both media undo it when they read.
 */

/** A text, or NULL. */
export function textOrNull(value: string | undefined): string | null {
  return value === undefined ? null : asText(value);
}

/** Tags as one text in which each stands between two line ends: one is found by looking for it with these. */
export function writeTags(tags: readonly string[]): string | null {
  return tags.length === 0 ? null : `\n${tags.map(escapeTag).join("\n")}\n`;
}

/** The tags of {@link writeTags}. */
export function readTags(written: string | null): string[] {
  return written === null ? [] : written.slice(1, -1).split("\n").map(unescapeTag);
}

/** What to look for in the text of {@link writeTags}. */
export function tagPattern(tag: string): string {
  return `\n${escapeTag(tag)}\n`;
}

const special = /[\\\n\0]/g;
const escapes: Readonly<Record<string, string>> = { "\\": "\\\\", "\n": "\\n", "\0": "\\0" };
const unescapes: Readonly<Record<string, string>> = { "\\\\": "\\", "\\n": "\n", "\\0": "\0" };

function escapeTag(tag: string): string {
  return tag.replace(special, (found) => escapes[found]!);
}

function unescapeTag(written: string): string {
  return written.replace(/\\[\\n0]/g, (found) => unescapes[found]!);
}

/** 32 bits of a key: what is indexed in place of it. Written into databases: it must stay what it is. */
export function hashOf(key: string): number {
  let hash = 0;
  for (let i = 0; i < key.length; i += 1) hash = (Math.imul(hash, 31) + key.charCodeAt(i)) | 0;
  return hash;
}
