import { formatMs } from "../kernel/duration.ts";
import type { DecisionOutcome } from "../states/decision.ts";
import type { State } from "../states/state.ts";

const words: Readonly<Record<DecisionOutcome, readonly [one: string, many: string]>> = {
  hit: ["hit", "hits"],
  miss: ["miss", "misses"],
  refreshed: ["refreshed", "refreshed"],
  uncached: ["uncached", "uncached"],
  disabled: ["not cached", "not cached"],
};

/** Counts what the task runs of a flow run did. */
export class Tally {
  tasks = 0;
  failed = 0;
  savedMs = 0;
  readonly outcomes: Record<DecisionOutcome, number> = { hit: 0, miss: 0, refreshed: 0, uncached: 0, disabled: 0 };

  count(state: State): void {
    this.tasks += 1;
    if (!state.isCompleted) this.failed += 1;
    const { decision } = state;
    if (!decision) return;
    this.outcomes[decision.outcome] += 1;
    if (decision.outcome === "hit") this.savedMs += decision.savedMs;
  }

  /** Takes over what a flow inside this one counted. */
  add(inner: Tally): void {
    this.tasks += inner.tasks;
    this.failed += inner.failed;
    this.savedMs += inner.savedMs;
    for (const outcome of Object.keys(words) as DecisionOutcome[]) this.outcomes[outcome] += inner.outcomes[outcome];
  }

  /** `5 task runs: 3 hits, 1 miss, 1 uncached; saved 12 s`. */
  toString(): string {
    const parts: string[] = [];
    for (const outcome of Object.keys(words) as DecisionOutcome[]) {
      const count = this.outcomes[outcome];
      if (count > 0) parts.push(`${count} ${words[outcome][count === 1 ? 0 : 1]}`);
    }
    if (this.failed > 0) parts.push(`${this.failed} did not complete`);
    const runs = `${this.tasks} task ${this.tasks === 1 ? "run" : "runs"}`;
    return `${runs}${parts.length > 0 ? `: ${parts.join(", ")}` : ""}; saved ${formatMs(this.savedMs)}`;
  }
}
