/** The name among `known` that someone who wrote `name` most likely meant; `undefined` where none is near. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = Math.max(3, Math.floor(name.length / 3)) + 1;
  for (const candidate of known) {
    const edits = distance(name.toLowerCase(), candidate.toLowerCase());
    if (edits < least) [best, least] = [candidate, edits];
  }
  return best ?? related(name, known);
}

/** One that begins as this one does: `retryDelay` for Python's `retry_delay_seconds`. */
function related(name: string, known: readonly string[]): string | undefined {
  const plain = (text: string): string => text.replaceAll("_", "").toLowerCase();
  const begins = (whole: string, part: string): boolean => part.length > 3 && plain(whole).startsWith(plain(part));
  const found = known.filter((candidate) => begins(candidate, name) || begins(name, candidate));
  return found.toSorted((left, right) => right.length - left.length)[0];
}

/** Levenshtein's distance: how many letters have to be added, removed or replaced. */
function distance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 1; i <= left.length; i++) {
    const next = [i];
    for (let j = 1; j <= right.length; j++) {
      const replaced = row[j - 1]! + (left[i - 1] === right[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[right.length]!;
}
