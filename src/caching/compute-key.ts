/*
 * DESIGN. From a policy and a call to a cache key.
 *
 *   context ─▶ each member's components ─▶ one text ─▶ SHA-256 ─▶ key
 *
 * - Members stand in the order of their texts, which begin with their kinds, so the order of `and` does not
 *   matter. A member with nothing to contribute leaves a mark, so `INPUTS.and(TASK_SOURCE)` of a call without inputs is not `TASK_SOURCE`.
 * - The text is injective: labels and texts hold no control characters, and control characters part them.
 * - The text is made first and hashed only when a storage is asked: the memory tier is asked by the text.
 * - A policy of one key function gives that function's string as the key, unhashed, as Prefect does: it names the
 *   record in a storage, and people choose it for that.
 */
import { andThen, isPromise, quiet, type Awaitable } from "../kernel/awaitable.ts";
import { hashText, keyFormatVersion } from "../hashing/encode.ts";
import type { Absent, CachePolicy, Component, KeyContext, PolicyMember } from "./cache-policy.ts";

/** The key of one call, made in steps, each when it is needed. */
export class CacheKey {
  /** All components in one injective text; equal texts are equal keys. */
  readonly text: string;
  readonly #components: ReadonlyArray<readonly Component[]>;
  #hash: string | undefined;
  #digests: Record<string, string> | undefined;

  constructor(text: string, components: ReadonlyArray<readonly Component[]>, verbatim?: string) {
    this.text = text;
    this.#components = components;
    this.#hash = verbatim;
  }

  /** The key itself: 64 hexadecimal digits, or what the key function returned. */
  get value(): string {
    return (this.#hash ??= hashText(this.text));
  }

  /** The text of a component, such as `task-source`. */
  component(name: string): string | undefined {
    return this.#components.flat().find(([each]) => each === name)?.[1];
  }

  /** What a hit should say of the components, in words: `source change accepted 2026-03-01`. Nearly always nothing. */
  notes(): readonly string[] {
    return this.#components.flatMap((components) => components.flatMap(([, , note]) => note ?? []));
  }

  /** A digest per component, of 16 hexadecimal digits: enough to see a change, too short to invert. */
  digests(): Readonly<Record<string, string>> {
    return (this.#digests ??= this.#digestAll());
  }

  #digestAll(): Record<string, string> {
    const digests: Record<string, string> = {};
    for (const components of this.#components) {
      for (const [name, text] of components)
        digests[name] = text.startsWith("#") ? text.slice(1, 17) : hashText(text).slice(0, 16);
    }
    return digests;
  }
}

// Keys of different formats never meet.
const keyFormat = `oxbow-key-${keyFormatVersion}`;

/**
 * The key of a call, or why there is none.
 *
 * @throws {HashError} for an input that cannot be hashed
 * @throws {ConfigurationError} `OXBOW_KEY_INVALID` for a key function that does not do its work
 */
export function computeKey(policy: CachePolicy, context: KeyContext): Awaitable<CacheKey | Absent> {
  const [only] = policy.members;
  if (policy.members.length === 1 && only?.verbatim) {
    return andThen(only.verbatim(context), (key) =>
      typeof key === "string" ? new CacheKey(`=${key}`, [[["key-fn", JSON.stringify(key)]]], key) : key,
    );
  }
  const { members } = policy;
  const contributions: Array<Awaitable<readonly Component[] | Absent>> = [];
  let waiting = false;
  for (const member of members) {
    const contribution = member.contribute(context);
    if (isPromise(contribution)) waiting = true;
    contributions.push(quiet(contribution));
  }
  return waiting
    ? Promise.all(contributions).then((ready) => assemble(members, ready))
    : assemble(members, contributions as Array<readonly Component[] | Absent>);
}

function assemble(
  members: readonly PolicyMember[],
  contributions: ReadonlyArray<readonly Component[] | Absent>,
): CacheKey | Absent {
  let absent: Absent | undefined;
  const present: Array<readonly Component[]> = [];
  const texts: string[] = [];
  for (let index = 0; index < members.length; index++) {
    const { kind } = members[index]!;
    const contribution = contributions[index]!;
    if (!isPresent(contribution)) {
      absent ??= contribution;
      texts.push(`\u0002${kind}\u0003`);
      continue;
    }
    present.push(contribution);
    let text = `\u0002${kind}`;
    for (const component of contribution) text += `\u0004${component[0]}\u0005${component[1]}`;
    texts.push(text);
  }
  if (present.length === 0) return absent!;
  if (texts.length > 1) texts.sort();
  return new CacheKey(keyFormat + texts.join(""), present);
}

function isPresent(contribution: readonly Component[] | Absent): contribution is readonly Component[] {
  return Array.isArray(contribution);
}
