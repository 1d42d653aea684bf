/*
 * What the cache did for a run, and why. Every run that could have been cached carries one decision: on its
 * state, in its log line, and from `explain`.
 */

/** What the cache did. */
export type DecisionOutcome =
  /** A stored result was used; the function was not called. */
  | "hit"
  /** There was no usable record; the function was called and its result is stored. */
  | "miss"
  /** The record was not asked for, because a refresh was wanted; it is overwritten. */
  | "refreshed"
  /** Caching is switched off for this run by an option or a setting. */
  | "disabled"
  /** Caching was wanted, but no key could be made for this call. */
  | "uncached";

/** What is known of the record behind a hit. Times are milliseconds since 1970. */
export interface DecisionRecord {
  readonly taskName: string;
  readonly createdAt: number;
  readonly expiresAt?: number | undefined;
  /** How long the computation took that a hit saves, in milliseconds. */
  readonly durationMs: number;
}

/** What the cache did for a run, and why, in words. */
export class Decision {
  readonly outcome: DecisionOutcome;
  /** The cache key, where one was made. */
  readonly key: string | undefined;
  /** The record that was found, on a hit. */
  readonly record: DecisionRecord | undefined;
  // Words are made when somebody reads them: most hits are never looked at.
  #reason: string | (() => string);

  constructor(outcome: DecisionOutcome, reason: string | (() => string), key?: string, record?: DecisionRecord) {
    this.outcome = outcome;
    this.#reason = reason;
    this.key = key;
    this.record = record;
  }

  /** Why, in words; without the outcome. */
  get reason(): string {
    if (typeof this.#reason === "function") this.#reason = this.#reason();
    return this.#reason;
  }

  /** How much time a hit saved, in milliseconds; 0 for all other outcomes. */
  get savedMs(): number {
    return this.record?.durationMs ?? 0;
  }

  /** `miss: expired 3 h ago`. */
  toString(): string {
    return `${this.outcome}: ${this.reason}`;
  }

  toJSON(): { outcome: DecisionOutcome; reason: string; key: string | undefined; savedMs: number } {
    return { outcome: this.outcome, reason: this.reason, key: this.key, savedMs: this.savedMs };
  }
}
