/*
 * DESIGN. SIGINT and SIGTERM, while runs are going on.
 *
 * - The first signal cancels all runs, and every run that begins afterwards: their signals are aborted, and bodies get
 *   `graceMs` to end. What is stuck then, or when a second signal comes, is Crashed.
 * - When the last run has ended, the code that awaited it gets `graceMs` for its own cleaning up. The exit code is 128 + the
 *   signal's number, as a shell gives it. Whatever happens, the process ends after three times that time.
 * - A program that listens to the signal itself decides about exiting: then the runs of that moment are cancelled, and
 *   nothing more.
 * - While nothing runs, nothing is installed.
 */
import { constants } from "node:os";
import { CancelledError } from "../kernel/errors.ts";
import type { Logger } from "../logging/logger.ts";
import type { Interruption } from "./run.ts";

const graceMs = 5000;
const signals = ["SIGINT", "SIGTERM"] as const;
type ExitSignal = (typeof signals)[number];

/** What a signal ends: a run, or a block of code that has locks to let go. */
export interface Interruptible {
  readonly logger: Pick<Logger, "warn">;
  interrupt(interruption: Interruption): void;
}

/** The runs that have no run around them. */
class Roots {
  readonly #runs = new Set<Interruptible>();
  readonly #watchers = new Set<(error: unknown) => void>();
  #isInstalled = false;
  #isLeaving = false;
  /** What ends every run from now on, because the process is going down. */
  #going: Interruption | undefined;

  /** Takes in what is no run. @returns what takes it out again */
  join(work: Interruptible): () => void {
    this.adopt(work);
    return () => this.disown(work);
  }

  adopt(run: Interruptible): void {
    this.#runs.add(run);
    if (this.#going) run.interrupt(this.#going);
    if (this.#isInstalled) return;
    this.#isInstalled = true;
    for (const signal of signals) process.on(signal, this.#onSignal);
  }

  disown(run: Interruptible): void {
    this.#runs.delete(run);
    if (this.#runs.size > 0 || this.#isLeaving) return;
    this.#isLeaving = true;
    // Not at once: a program that makes one call after the other would install and remove for each of them.
    setImmediate(this.#onIdle);
  }

  /** Calls `stop` when a signal ends the runs. @returns a function that ends the watch */
  watch(stop: (error: unknown) => void): () => void {
    if (this.#going) stop(this.#going.error);
    this.#watchers.add(stop);
    return () => this.#watchers.delete(stop);
  }

  readonly #onIdle = (): void => {
    this.#isLeaving = false;
    if (this.#runs.size > 0 || this.#going) return;
    this.#isInstalled = false;
    for (const signal of signals) process.off(signal, this.#onSignal);
  };

  readonly #onSignal = (signal: ExitSignal): void => {
    const exits = process.listenerCount(signal) === 1;
    if (this.#going) {
      this.#end("crash", signal);
      // Not at once: the runs write their last lines first.
      if (exits) setImmediate(() => process.exit(exitCode(signal)));
      return;
    }
    const interruption = this.#end("cancel", signal);
    if (exits) this.#leave(interruption, signal);
  };

  #leave(interruption: Interruption, signal: ExitSignal): void {
    this.#going = interruption;
    process.exitCode = exitCode(signal);
    process.once("uncaughtException", (error) => leaveQuietly(error, signal));
    const leave = (): void => process.exit(exitCode(signal));
    setTimeout(() => this.#end("crash", signal), graceMs).unref();
    setTimeout(leave, 3 * graceMs).unref();
    const poll = setInterval(() => {
      if (this.#runs.size > 0) return;
      clearInterval(poll);
      // Unreferenced: a program that ends by itself need not wait for it.
      setTimeout(leave, graceMs).unref();
    }, 10);
  }

  #end(kind: "cancel" | "crash", signal: ExitSignal): Interruption {
    const words = signal === "SIGINT" ? "an interrupt signal" : "a termination signal";
    const error = new CancelledError(`Execution was ${kind === "cancel" ? "cancelled" : "aborted"} by ${words}`);
    for (const run of [...this.#runs]) {
      run.logger.warn(`${signal} received: ${kind === "cancel" ? "cancelling" : "giving up"}`);
      run.interrupt({ kind, error });
    }
    for (const stop of this.#watchers) stop(error);
    return { kind, error };
  }
}

/** The runs of this process that have no run around them. */
export const roots: Roots = new Roots();

function exitCode(signal: ExitSignal): number {
  return 128 + constants.signals[signal];
}

/** The cancelled run is usually awaited at top level: its rejection is the expected end, and no stack trace is due. */
function leaveQuietly(thrown: unknown, signal: ExitSignal): void {
  for (let error = thrown; error instanceof Error; error = error.cause) {
    if (error instanceof CancelledError) process.exit(exitCode(signal));
  }
  process.stderr.write(`${thrown instanceof Error ? thrown.stack : String(thrown)}\n`);
  process.exit(1);
}
