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
  let nearest: { readonly candidate: Candidate; readonly changed: readonly string[] } | undefined;
  for (const candidate of candidates) {
    const changed = changedNames(components, candidate.components);
    if (!nearest || changed.length < nearest.changed.length) nearest = { candidate, changed };
  }
  if (!nearest || nearest.changed.length === 0) return undefined;
  const parts = [
    ...ofNamed("inputs", "input", nearest.changed, components),
    ...ofNamed("parameters", "parameter", nearest.changed, components),
  ];
  for (const [name, words] of Object.entries(single)) {
    if (nearest.changed.includes(name)) parts.push(`${words} changed`);
  }
  if (Object.hasOwn(components, "task-source") && !nearest.changed.includes("task-source"))
    parts.push("source unchanged");
  return `${parts.join("; ")}; last stored ${formatMs(Math.max(0, now - nearest.candidate.createdAt))} ago`;
}

const single: Readonly<Record<string, string>> = {
  "task-source": "source",
  "task-name": "task name",
  "run-id": "run id (RUN_ID: a record serves one run)",
  "key-fn": "key function's answer",
};

function changedNames(left: Digests, right: Digests): string[] {
  const names = new Set([...Object.keys(left), ...Object.keys(right)]);
  return [...names].filter((name) => left[name] !== right[name]);
}

/** `input "url" changed (1 of 3)`, for the components of one kind that have names. */
function ofNamed(prefix: string, word: string, changed: readonly string[], components: Digests): string[] {
  const names = changed
    .filter((name) => name.startsWith(`${prefix}.`))
    .map((name) => `"${name.slice(prefix.length + 1)}"`);
  if (names.length === 0) return [];
  const all = Object.keys(components).filter((name) => name.startsWith(`${prefix}.`)).length;
  const shown = names.length > 3 ? `${names.slice(0, 3).join(", ")} and ${names.length - 3} more` : names.join(", ");
  return [`${word}${names.length > 1 ? "s" : ""} ${shown} changed (${names.length} of ${Math.max(all, names.length)})`];
}
