/*
 * DESIGN. Who follows the runs of this process: the run history, the command line's progress, telemetry.
 *
 * What it promises: a watcher is told each state right after the run has entered it, in order. It may cost time, it cannot
 * change a run: what it throws is said once and goes no further.
 * What the caller must do: return at once; there is no waiting for watchers.
 */
import { describeError } from "../kernel/errors.ts";
import type { State } from "../states/state.ts";
import type { Logger } from "../logging/logger.ts";
import type { Settings } from "../settings/settings.ts";

/** A run, as its watchers know it: a `FlowRun` or a `TaskRun`, which they may look at as such. */
export interface WatchedRun {
  readonly id: string;
  readonly name: string;
  readonly states: readonly State[];
  readonly attempt: number;
  readonly settings: Settings;
  readonly logger: Logger;
}

/** Is told about runs. */
export interface RunWatcher {
  /** A run has entered a state. */
  entered?(run: WatchedRun, state: State): void;
  /** Calls the body of a run, with whatever has to be around it. It returns what the body returns. */
  around?<T>(run: WatchedRun, body: () => T): T;
}

/** All who follow the runs that one set of services runs. */
export class Watchers {
  #watchers: readonly RunWatcher[] = [];
  #around: readonly RunWatcher[] = [];
  readonly #hasFailed = new WeakSet<RunWatcher>();

  /** @returns what ends the watch */
  add(watcher: RunWatcher): () => void {
    this.#set([...this.#watchers, watcher]);
    return () => this.#set(this.#watchers.filter((each) => each !== watcher));
  }

  #set(watchers: readonly RunWatcher[]): void {
    this.#watchers = watchers;
    this.#around = watchers.filter((each) => each.around);
  }

  entered(run: WatchedRun, state: State): void {
    for (const watcher of this.#watchers) {
      try {
        watcher.entered?.(run, state);
      } catch (error) {
        if (this.#hasFailed.has(watcher)) continue;
        this.#hasFailed.add(watcher);
        run.logger.error(`A watcher of runs has failed, and is told more all the same: ${describeError(error)}`);
      }
    }
  }

  around<T>(run: WatchedRun, body: () => T): T {
    if (this.#around.length === 0) return body();
    return this.#around.reduceRight<() => T>((inner, watcher) => () => watcher.around!(run, inner), body)();
  }
}
