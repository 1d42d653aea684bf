/*
 * Small things are done synchronously: a value that is at hand is returned as it is, and only what has to
 * wait returns a promise. A promise costs a turn of the microtask queue, and the hot path of a hit has none.
 */

/** A value, or a promise of one. Callers look which it is, and await only when they have to. */
export type Awaitable<T> = T | Promise<T>;

/** Whether a value has to be awaited. */
export function isPromise<T>(value: Awaitable<T> | PromiseLike<T>): value is Promise<T> {
  return typeof value === "object" && value !== null && typeof (value as PromiseLike<T>).then === "function";
}

/** Applies `next` to a value now, or when its promise has settled. */
export function andThen<T, U>(value: Awaitable<T>, next: (value: T) => Awaitable<U>): Awaitable<U> {
  return isPromise(value) ? value.then(next) : next(value);
}

/** The same value; where it is a promise that nobody comes to await, its rejection is not an unhandled one. */
export function quiet<T>(value: Awaitable<T>): Awaitable<T> {
  if (isPromise(value)) value.catch(() => undefined);
  return value;
}
