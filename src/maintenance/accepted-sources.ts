import { type AcceptedChange, readAccepted, stateOf } from "./accepted-file.ts";

/** So long a change of the file may go unnoticed. */
const lookAgainMs = 1000;

/*
 * DESIGN. The reading side of accepted changes: it is asked for every key that has a task's source in it.
 *
 * What it does: the file is read once, and again when it has changed; whether it has is looked at once a second at most. In between a
 * question costs the reading of a clock, and where nothing was accepted no more than that.
 * What it promises: chains are followed to their end: what was accepted twice counts from its first source on. A chain that
 * comes back to where it began counts as nothing accepted. A file that cannot be used is as one that is not there, and told of once.
 */

/** The end of a chain of accepted changes: the component that counts, and when the first change of the chain was accepted. */
export interface AcceptedEnd {
  readonly text: string;
  /** In milliseconds since 1970. */
  readonly at: number;
}

/** Accepted changes in the file that `pathNow` names at the moment. */
export function acceptedSources(
  pathNow: () => string,
  onError: (error: unknown) => void,
  now: () => number = () => performance.now(),
): (text: string) => AcceptedEnd | undefined {
  const files = new Map<string, AcceptedFile>();
  let last: AcceptedFile | undefined;
  return (text) => {
    const path = pathNow();
    if (last?.path !== path) {
      last = files.get(path) ?? new AcceptedFile(path, onError);
      files.set(path, last);
    }
    return last.find(text, now());
  };
}

class AcceptedFile {
  readonly path: string;
  readonly #onError: (error: unknown) => void;
  #ends: ReadonlyMap<string, AcceptedChange> = new Map<string, AcceptedChange>();
  #state: string | undefined;
  #lookAgainAt: number = Number.NEGATIVE_INFINITY;

  constructor(path: string, onError: (error: unknown) => void) {
    this.path = path;
    this.#onError = onError;
  }

  find(text: string, now: number): AcceptedEnd | undefined {
    if (now >= this.#lookAgainAt) this.#look(now);
    if (this.#ends.size === 0) return undefined;
    const end = this.#ends.get(text);
    return end && { text: end.to, at: end.at };
  }

  #look(now: number): void {
    this.#lookAgainAt = now + lookAgainMs;
    try {
      const state = stateOf(this.path);
      if (state === this.#state) return;
      this.#state = state;
      this.#ends = endsOf(state === "none" ? [] : readAccepted(this.path));
    } catch (error) {
      this.#ends = new Map();
      this.#onError(error);
    }
  }
}

/** Each change, taken to the end of its chain. */
function endsOf(changes: readonly AcceptedChange[]): ReadonlyMap<string, AcceptedChange> {
  const byFrom = new Map(changes.map((change) => [change.from, change]));
  const ends = new Map<string, AcceptedChange>();
  for (const change of byFrom.values()) {
    const to = endOf(byFrom, change.from);
    if (to !== undefined) ends.set(change.from, { ...change, to });
  }
  return ends;
}

/** Where a chain of changes ends; `undefined` where it has no end. */
export function endOf(byFrom: ReadonlyMap<string, Pick<AcceptedChange, "to">>, from: string): string | undefined {
  const seen = new Set<string>();
  let at = from;
  for (let next = byFrom.get(at); next; next = byFrom.get(at)) {
    if (seen.has(at)) return undefined;
    seen.add(at);
    at = next.to;
  }
  return at;
}
