/*
 * DESIGN. Why was there no record? A record carries a short digest of each component of its key. The components of the
 * call that missed are held against those of the task's newest records; the nearest one tells what changed.
 *
 * It is an explanation, not a proof: the record that it names is the one that differs least, newest first.
 */
import { formatMs } from "../kernel/duration.ts";

/** Digests by component: `inputs.url`, `task-source`, …. */
export type Digests = Readonly<Record<string, string>>;

/** A record to be held against. */
export interface Candidate {
  readonly createdAt: number;
  readonly components: Digests;
}

/**
 * What changed since the nearest of some records, in words.
 *
 * @returns `input "url" changed (1 of 3); source unchanged; last stored 3 h ago`, or `undefined` where there is nothing to
 * say: no record, or one that differs in nothing
 */
export function describeDifference(
  components: Digests,
  candidates: readonly Candidate[],
  now: number,
): string | undefined {
  let nearest: Candidate | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const count = countChanges(components, candidate.components, least);
    if (count < least) [nearest, least] = [candidate, count];
  }
  if (!nearest || least === 0) return undefined;
  const { createdAt, components: earlier } = nearest;
  const parts = [
    ...ofNamed("inputs", "input", components, earlier),
    ...ofNamed("parameters", "parameter", components, earlier),
  ];
  for (const [name, words] of Object.entries(single)) {
    if (Object.hasOwn(components, name) && Object.hasOwn(earlier, name) && components[name] !== earlier[name]) {
      parts.push(`${words} changed`);
    }
  }
  if (Object.keys(single).some((name) => Object.hasOwn(components, name) !== Object.hasOwn(earlier, name))) {
    parts.push("cache policy changed");
  }
  if (Object.hasOwn(components, "task-source") && components["task-source"] === earlier["task-source"])
    parts.push("source unchanged");
  return `${parts.join("; ")}; last stored ${formatMs(Math.max(0, now - createdAt))} ago`;
}

const single: Readonly<Record<string, string>> = {
  "task-source": "source",
  "task-name": "task name",
  "run-id": "run id (RUN_ID: a record serves one run)",
  "key-fn": "key function's answer",
};

/** How many components differ; counts no further than `enough`. Nothing is made on the way: it is asked for each record. */
function countChanges(left: Digests, right: Digests, enough: number): number {
  let count = 0;
  for (const name in left) {
    if (left[name] !== right[name] && ++count >= enough) return count;
  }
  for (const name in right) {
    if (!(name in left) && ++count >= enough) return count;
  }
  return count;
}

/** `input "url" changed (1 of 3)`, `input "depth" new`, `input "debug" gone`: for the components of one kind. */
function ofNamed(prefix: string, word: string, left: Digests, right: Digests): string[] {
  const names = (of: Digests): string[] => Object.keys(of).filter((name) => name.startsWith(`${prefix}.`));
  const changed = names(left).filter((name) => Object.hasOwn(right, name) && left[name] !== right[name]);
  const added = names(left).filter((name) => !Object.hasOwn(right, name));
  const gone = names(right).filter((name) => !Object.hasOwn(left, name));
  const parts: string[] = [];
  if (changed.length > 0) parts.push(`${list(word, changed)} changed (${changed.length} of ${names(left).length})`);
  if (added.length > 0) parts.push(`${list(word, added)} new`);
  if (gone.length > 0) parts.push(`${list(word, gone)} gone`);
  return parts;
}

/** `inputs "a", "b", "c" and 3 more` */
function list(word: string, names: readonly string[]): string {
  const shown = names.slice(0, 3).map((name) => `"${name.slice(name.indexOf(".") + 1)}"`);
  const more = names.length > 3 ? ` and ${names.length - 3} more` : "";
  return `${word}${names.length > 1 ? "s" : ""} ${shown.join(", ")}${more}`;
}
