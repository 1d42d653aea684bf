import { CancelledError, MissingResultError, messageOf } from "../kernel/errors.ts";
import type { Decision } from "./decision.ts";

/** What kind of state a run is in; the name beside it says more. */
export type StateType =
  | "SCHEDULED"
  | "PENDING"
  | "RUNNING"
  | "COMPLETED"
  | "FAILED"
  | "CRASHED"
  | "CANCELLING"
  | "CANCELLED"
  | "PAUSED";

const finalTypes: ReadonlySet<StateType> = new Set(["COMPLETED", "FAILED", "CRASHED", "CANCELLED"]);

/** What a state may carry beside its type and name. */
export interface StateDetails<R> {
  readonly message?: string | undefined;
  /** The value of a completed run. */
  readonly value?: R;
  /** What was thrown, for a run that did not complete. */
  readonly error?: unknown;
  /** What the cache did; see {@link Decision}. */
  readonly decision?: Decision | undefined;
  /** Whether the result outlives the process. */
  readonly persisted?: boolean;
}

/** Notes that the result of a completed run has been stored after its end: when its transaction was committed. */
export let notePersisted: (state: State) => void;

/** Notes that what a completed run did has been undone with its transaction. */
export let noteRolledBack: (state: State, reason: string) => void;

/**
 * One state of a run. A run goes from one to the next; a state itself does not change, but for what a transaction makes of a run that has
 * completed inside it: at its commit `persisted` becomes true, and at its rollback `name` becomes `RolledBack`.
 */
export class State<R = unknown> {
  readonly type: StateType;
  /** Milliseconds since 1970, strictly later than that of the state before; has a fraction where two fell together. */
  readonly timestamp: number;
  readonly error: unknown;
  readonly decision: Decision | undefined;
  #name: string;
  #message: string | undefined;
  #persisted: boolean;
  readonly #value: R | undefined;
  readonly #hasThrown: boolean;

  static {
    notePersisted = (state) => void (state.#persisted = true);
    noteRolledBack = (state, reason) => {
      state.#name = "RolledBack";
      state.#message = `Rolled back with its transaction: ${reason}`;
      state.#persisted = false;
    };
  }

  constructor(type: StateType, name: string, timestamp: number, details: StateDetails<R> = {}) {
    this.type = type;
    this.#name = name;
    this.timestamp = timestamp;
    this.#message = details.message;
    this.error = details.error;
    this.decision = details.decision;
    this.#persisted = details.persisted ?? false;
    this.#value = details.value;
    this.#hasThrown = "error" in details;
  }

  /** `Completed`, `Cached`, `RolledBack`, `Retrying`, `AwaitingRetry`, `NotReady`, `TimedOut`, …. */
  get name(): string {
    return this.#name;
  }

  get message(): string | undefined {
    return this.#message;
  }

  /** Whether the result outlives the process: it was stored, or came from storage. */
  get persisted(): boolean {
    return this.#persisted;
  }

  /** Whether the run has ended, one way or another. */
  get isFinal(): boolean {
    return finalTypes.has(this.type);
  }

  get isCompleted(): boolean {
    return this.type === "COMPLETED";
  }

  get isFailed(): boolean {
    return this.type === "FAILED" || this.type === "CRASHED";
  }

  get isCancelled(): boolean {
    return this.type === "CANCELLED";
  }

  /**
   * The value of a completed run.
   *
   * @throws what the run threw, where it failed; {@link CancelledError}; {@link MissingResultError} where the run
   * has not ended
   */
  result(): R {
    if (this.type === "COMPLETED") return this.#value as R;
    // Whatever the function threw: it may be undefined.
    // oxlint-disable-next-line typescript/only-throw-error
    if (this.#hasThrown) throw this.error;
    if (this.isCancelled) throw new CancelledError(this.message ?? "Run was cancelled");
    if (this.isFinal) throw new MissingResultError(`Run ended in state ${this} and left no error`);
    throw new MissingResultError(`Run is in state ${this} and has no result yet`);
  }

  /** `Completed()`, `Cached(type=COMPLETED)`, `Failed('Task run encountered an exception …')`. */
  toString(): string {
    const parts: string[] = [];
    if (this.message !== undefined) parts.push(`'${messageOf(this.message)}'`);
    if (this.name.toUpperCase() !== this.type) parts.push(`type=${this.type}`);
    return `${this.name}(${parts.join(", ")})`;
  }
}
