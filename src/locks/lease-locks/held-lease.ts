import { type Awaitable, andThen } from "../../kernel/awaitable.ts";
import { LockError } from "../../kernel/errors.ts";
import type { Lease } from "../lock-manager.ts";
import type { Moment } from "./place.ts";

/** What a lease has a share in: a holding. */
export interface Shared {
  readonly key: string;
  readonly holder: string;
  readonly token: number;
  /** Whether it is held, as far as is known here. Ends the leases whose time is over. */
  isHeld(): boolean;
  /** Whether it is held, as the medium knows it. */
  confirm(): Awaitable<boolean>;
  /** Ends one lease; the last one gives the lock back. @returns whether it was still held */
  release(lease: HeldLease): Awaitable<boolean>;
}

/** One lease of a holding: what `acquire` hands out. */
export class HeldLease implements Lease {
  readonly #holding: Shared;
  /** When its hold time began, and how long that is. */
  readonly from: Moment;
  readonly holdMs: number;
  #isOver = false;
  #lost: LockError | undefined;
  /** Made when somebody asks for it: it costs more than all the rest of a lease. */
  #controller: AbortController | undefined;

  constructor(holding: Shared, from: Moment, holdMs: number) {
    this.#holding = holding;
    this.from = from;
    this.holdMs = holdMs;
  }

  get key(): string {
    return this.#holding.key;
  }

  get holder(): string {
    return this.#holding.holder;
  }

  get token(): number {
    return this.#holding.token;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#lost !== undefined) this.#controller.abort(this.#lost);
    }
    return this.#controller.signal;
  }

  confirm(): Awaitable<void> {
    if (this.#isOver) throw this.#whyOver();
    return andThen(this.#holding.confirm(), () => {
      if (this.#isOver) throw this.#whyOver();
    });
  }

  release(): Awaitable<boolean> {
    // Where its time is over and nothing has said so yet, this ends it.
    this.#holding.isHeld();
    if (this.#isOver) return false;
    this.#isOver = true;
    return this.#holding.release(this);
  }

  /** Called by the holding: it is held no more, without its own release. */
  end(why: LockError): void {
    this.#isOver = true;
    this.#lost = why;
    this.#controller?.abort(why);
  }

  #whyOver(): LockError {
    return this.#lost ?? new LockError("OXBOW_LOCK_LOST", this.key, "The lock was released by its holder");
  }
}
