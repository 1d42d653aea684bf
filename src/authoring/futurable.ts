import type { TaskFuture } from "../engine/futures.ts";
import type { TaskFutures } from "../engine/task-map.ts";
import type { State } from "../states/state.ts";

/**
 * Any function. The bare type gives no context to parameters, so that `(x: number, debug = false)` is inferred as it would
 * be on its own; with `(...args: unknown[]) => unknown` in its place, `debug` would be unknown.
 */
// oxlint-disable-next-line typescript/no-unsafe-function-type
export type AnyFunction = Function;

type Leaf =
  | string
  | number
  | bigint
  | boolean
  | symbol
  | null
  | undefined
  | ((...args: never[]) => unknown)
  | Date
  | RegExp
  | Uint8Array;

/** A value, or a future of it, or a plain array or object with futures inside. */
export type Futurable<T> =
  | T
  | TaskFuture<T>
  | (T extends readonly (infer E)[] ? TaskFutures<E> : never)
  | (T extends Leaf ? never : { [K in keyof T]: T[K] | TaskFuture<T[K]> });

/** Arguments of which each may be a future. */
export type FuturableArguments<A extends readonly unknown[]> = { [K in keyof A]: Futurable<A[K]> };

/** What a flow gives back: futures that it returned are awaited, a state is taken as what it says. */
export type Settled<R> =
  R extends TaskFuture<infer V>
    ? V
    : R extends State<infer V>
      ? V
      : R extends readonly TaskFuture<unknown>[]
        ? { -readonly [K in keyof R]: Settled<R[K]> }
        : R;
