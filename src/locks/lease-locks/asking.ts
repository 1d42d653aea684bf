import { type Awaitable, isPromise } from "../../kernel/awaitable.ts";
import type { Ear } from "./ear.ts";
import { Patience } from "./patience.ts";
import type { Place } from "./place.ts";

/** Who asks the medium for something. */
export interface Asker<T> {
  /**
   * One operation of the medium; the answer `undefined` means not yet.
   *
   * @param patience where it is not the first one
   */
  ask(patience: Patience | undefined): Awaitable<T | undefined>;
  /** Called once, at the end: with what was asked for, or `undefined` where the asking was stopped. */
  ended(answer: T | undefined): void;
  /** Called instead of {@link ended} where an operation failed. */
  failed(error: unknown): void;
}

/*
 * DESIGN: one question to the medium, put again and again until the answer is there.
 *
 * What it does: asks at once. After the first refusal it subscribes, where the medium can wake, and asks again before it waits,
 * so that no wake-up falls between. Then it asks whenever it is woken, and at intervals.
 * What it promises: one operation at a time. A wake-up during one leads to another one.
 * What the caller must do: where it is stopped during an operation, take what that brings (`ended`).
 */
export class Asking<T> {
  readonly #place: Place;
  readonly #ear: Ear;
  readonly #asker: Asker<T>;
  #patience: Patience | undefined;
  #isUnderway = false;
  #isWoken = false;
  #isStopped = false;
  #cancel: (() => void) | undefined;

  constructor(place: Place, ear: Ear, asker: Asker<T>) {
    this.#place = place;
    this.#ear = ear;
    this.#asker = asker;
  }

  /** Asks now; where an operation is underway, once more after it. */
  ask(): void {
    if (this.#isUnderway) {
      this.#isWoken = true;
      return;
    }
    if (this.#isStopped) return;
    this.#cancel?.();
    this.#isWoken = false;
    this.#during(
      () => this.#asker.ask(this.#patience),
      (answer) => this.#hear(answer),
    );
  }

  /** Asks no more. Where an operation is underway, {@link Asker.ended} is called after it, else at once. */
  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#cancel?.();
    if (!this.#isUnderway) this.#asker.ended(undefined);
  }

  #hear(answer: T | undefined): void {
    if (answer !== undefined || this.#isStopped) return this.#asker.ended(answer);
    this.#patience ??= new Patience(this.#place.clock, this.#ear.canHear);
    if (this.#isWoken) this.ask();
    else if (this.#ear.canHear && !this.#ear.isOpen) this.#listen();
    else this.#cancel = this.#place.clock.schedule(this.#patience.nextMs(), () => this.ask());
  }

  #listen(): void {
    this.#during(
      () => this.#ear.open(),
      () => (this.#isStopped ? this.#asker.ended(undefined) : this.ask()),
    );
  }

  #during<U>(operation: () => Awaitable<U>, next: (value: U) => void): void {
    this.#isUnderway = true;
    let value: Awaitable<U>;
    try {
      value = operation();
    } catch (error) {
      return this.#fail(error);
    }
    if (isPromise(value)) {
      void value.then(
        (settled) => this.#done(settled, next),
        (error: unknown) => this.#fail(error),
      );
    } else this.#done(value, next);
  }

  #done<U>(value: U, next: (value: U) => void): void {
    this.#isUnderway = false;
    next(value);
  }

  #fail(error: unknown): void {
    this.#isUnderway = false;
    this.#asker.failed(error);
  }
}
