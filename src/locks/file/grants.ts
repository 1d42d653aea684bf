import { sha256 } from "../../hashing/sha256.ts";
import { beginningOf, escapedName } from "../../io/file-names.ts";
import { ownedName } from "../../io/leftovers.ts";
import { thisProcess } from "../../io/process-identity.ts";

/** The beginning of a name is for people; what counts is the digest, also where a file system ignores case. */
const readableBytes = 80;

/** The name of a key's slots, without what they end with. */
export function slotName(key: string): string {
  const readable = beginningOf(escapedName(key.slice(0, readableBytes).toWellFormed()), readableBytes);
  return `${readable}~${sha256(key)}`;
}

/** What the name of an entry says: which grant it is, and until when. */
export interface GrantEntry {
  readonly name: string;
  /** 0 for one that has no token yet. */
  readonly token: number;
  readonly expiresAt: number;
}

export function entryName(token: number, expiresAt: number): string {
  return `${token}-${Math.ceil(expiresAt)}`;
}

/** A name that no other entry has, for a grant that has no token yet. */
export function unnumberedName(expiresAt: number): string {
  return `0-${Math.ceil(expiresAt)}-${ownedName()}`;
}

/** The entry among the names in a slot; while it is extended there may be two, and the later one is it. */
export function grantAmong(names: readonly string[]): GrantEntry | undefined {
  let latest: GrantEntry | undefined;
  for (const name of names) {
    const [, token, expiresAt] = /^(\d{1,16})-(\d{1,16})(?:-.+)?$/.exec(name) ?? [];
    if (token === undefined) continue;
    const entry = { name, token: Number(token), expiresAt: Number(expiresAt) };
    if (latest === undefined || entry.expiresAt > latest.expiresAt) latest = entry;
  }
  return latest;
}

/** What the content of an entry says. */
export interface GrantDetails {
  readonly holder: string;
  readonly process: string;
}

/** The key is for people. */
export function encodeDetails(key: string, holder: string): string {
  return `${JSON.stringify({ key, holder, process: thisProcess() })}\n`;
}

/** Details that cannot be read are nobody's: their grant ends when it expires. */
export function decodeDetails(content: string): GrantDetails {
  try {
    const { holder, process } = JSON.parse(content) as Partial<Record<string, unknown>>;
    if (typeof holder === "string" && typeof process === "string") return { holder, process };
  } catch {
    // See below.
  }
  return { holder: "", process: "" };
}
