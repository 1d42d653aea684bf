/*
 * DESIGN. What a process does for the history while its flows run, once a second at most and never before a second has passed:
 * it looks whether somebody wants a run cancelled, marks the runs of dead processes as crashed, and lets go of old ones. Short programs
 * do none of it; the command line marks and lets go too.
 */
import type { FlowRun } from "../engine/flow-run.ts";
import { markCrashed } from "../history/crashed.ts";
import type { RunStore } from "../history/run-store.ts";
import { CancelledError } from "../kernel/errors.ts";
import type { State } from "../states/state.ts";

const intervalMs = 1000;
/** Old runs are let go of at most so often, in milliseconds. */
const pruneEveryMs = 60 * 60_000;

/** Looks after the flow runs of one history. */
export class Attendant {
  readonly #store: () => Promise<RunStore>;
  readonly #retentionMs: number | undefined;
  readonly #running = new Map<string, FlowRun>();
  #timer: NodeJS.Timeout | undefined;
  #isBusy = false;
  #hasMarked = false;
  #prunedAt = 0;

  constructor(store: () => Promise<RunStore>, retentionMs: number | undefined) {
    this.#store = store;
    this.#retentionMs = retentionMs;
  }

  /** A flow run has entered a state. */
  entered(run: FlowRun, state: State): void {
    if (state.isFinal || state.name === "Suspended") this.#running.delete(run.id);
    else this.#running.set(run.id, run);
    if (this.#running.size > 0) this.#timer ??= setInterval(() => void this.#attend(), intervalMs).unref();
    else if (this.#timer) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
  }

  /** What goes wrong here is said where runs are written. */
  async #attend(): Promise<void> {
    if (this.#isBusy) return;
    this.#isBusy = true;
    try {
      const store = await this.#store();
      for (const id of await store.requests.cancelled([...this.#running.keys()])) {
        const run = this.#running.get(id);
        run?.cancel(new CancelledError(`${run.label} was cancelled from outside`));
      }
      if (!this.#hasMarked) {
        this.#hasMarked = true;
        await markCrashed(store, Date.now());
      }
      if (this.#retentionMs !== undefined && Date.now() - this.#prunedAt > pruneEveryMs) {
        this.#prunedAt = Date.now();
        await store.prune(this.#prunedAt - this.#retentionMs);
      }
    } catch {
      // The next turn tries again.
    } finally {
      this.#isBusy = false;
    }
  }
}
