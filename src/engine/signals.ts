/*
 * DESIGN. SIGINT and SIGTERM, while runs are going on.
 *
 * - The first signal cancels all runs: their signals are aborted, and bodies get `graceMs` to end. What is stuck then,
 *   or when a second signal comes, is Crashed.
 * - When the last run has ended, buffers are flushed, and the code that awaited the flow gets `graceMs` for its own
 *   cleaning up. The exit code is 128 + the signal's number, as a shell gives it.
 * - A program that listens to the signal itself decides about exiting: then runs are cancelled and nothing more.
 * - While nothing runs, nothing is installed.
 */
import { constants } from "node:os";
import { CancelledError } from "../kernel/errors.ts";
import type { Run } from "./run.ts";

const graceMs = 5000;
const signals = ["SIGINT", "SIGTERM"] as const;
type ExitSignal = (typeof signals)[number];

/** The runs that have no run around them. */
class Roots {
  readonly #runs = new Set<Run>();
  #installed = false;
  #received: ExitSignal | undefined;
  #leaving = false;

  adopt(run: Run): void {
    this.#runs.add(run);
    if (this.#installed) return;
    this.#installed = true;
    for (const signal of signals) process.on(signal, this.#onSignal);
  }

  disown(run: Run): void {
    this.#runs.delete(run);
    if (this.#runs.size > 0 || this.#leaving) return;
    this.#leaving = true;
    // Not at once: a program that makes one call after the other would install and remove for each of them.
    setImmediate(this.#onIdle);
  }

  readonly #onIdle = (): void => {
    this.#leaving = false;
    if (this.#runs.size > 0 || this.#received) return;
    this.#installed = false;
    for (const signal of signals) process.off(signal, this.#onSignal);
  };

  readonly #onSignal = (signal: ExitSignal): void => {
    const again = this.#received !== undefined;
    this.#received = signal;
    const exits = process.listenerCount(signal) === 1;
    if (again) {
      this.#end("crash", signal);
      // Not at once: the runs write their last lines first.
      if (exits) setImmediate(() => process.exit(exitCode(signal)));
      return;
    }
    this.#end("cancel", signal);
    if (!exits) {
      this.#received = undefined;
      return;
    }
    process.exitCode = exitCode(signal);
    process.once("uncaughtException", (error) => leaveQuietly(error, signal));
    setTimeout(() => this.#end("crash", signal), graceMs).unref();
    this.#awaitEnd(signal);
  };

  #end(kind: "cancel" | "crash", signal: ExitSignal): void {
    const words = signal === "SIGINT" ? "an interrupt signal" : "a termination signal";
    const error = new CancelledError(`Execution was ${kind === "cancel" ? "cancelled" : "aborted"} by ${words}`);
    for (const run of [...this.#runs]) {
      run.logger.warn(`${signal} received: ${kind === "cancel" ? "cancelling" : "giving up"}`);
      run.interrupt({ kind, error });
    }
  }

  #awaitEnd(signal: ExitSignal): void {
    const leave = (): void => {
      process.exit(exitCode(signal));
    };
    const poll = setInterval(() => {
      if (this.#runs.size > 0) return;
      clearInterval(poll);
      // Unreferenced: a program that ends by itself need not wait for it.
      setTimeout(leave, graceMs).unref();
    }, 10);
  }
}

/** The runs of this process that have no run around them. */
export const roots: Roots = new Roots();

function exitCode(signal: ExitSignal): number {
  return 128 + constants.signals[signal];
}

/** The cancelled flow is usually awaited at top level: its rejection is the expected end, and no stack trace is due. */
function leaveQuietly(error: unknown, signal: ExitSignal): void {
  if (error instanceof CancelledError) process.exit(exitCode(signal));
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(1);
}
