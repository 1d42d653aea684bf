/*
 * DESIGN. Results that can be gone through only once: streams, and what generators yield. They are written down while the
 * attempt still runs, so that a source that breaks off is a failed attempt like any other, and so is one with a piece that
 * cannot be written. What was written down is stored at the end of the run; whoever called it is given a stream of the same bytes.
 *
 *   body ─▶ stream ─▶ spool ─▶ Recorded ─▶ storage
 *                                 └─▶ a new stream for the caller
 */
import { isPromise, type Awaitable } from "../kernel/awaitable.ts";
import { messageOf, SerializationError } from "../kernel/errors.ts";
import type { EncodedValue } from "../results/encode.ts";
import type { ResultStore } from "../results/result-store.ts";
import type { CachePlan } from "./cache-plan.ts";

/** A result that has been written down already. */
export class Recorded {
  readonly encoded: EncodedValue;
  /** What the caller gets. */
  readonly handed: () => Awaitable<unknown>;

  constructor(encoded: EncodedValue, handed: () => Awaitable<unknown>) {
    this.encoded = encoded;
    this.handed = handed;
  }
}

/** A result of which no record is made, though the cache would take one. */
export class Unrecorded {
  readonly value: unknown;
  /** Why. */
  readonly reason: string;
  /** What went wrong, where that is why. */
  readonly failure: { readonly error: unknown } | undefined;

  constructor(value: unknown, reason: string, ...failure: [error?: unknown]) {
    this.value = value;
    this.reason = reason;
    this.failure = failure.length > 0 ? { error: failure[0] } : undefined;
  }
}

/** The result of a body, written down where that has to happen now. */
export function recorded(plan: CachePlan, result: unknown): unknown {
  if (plan.kind === "without" || !plan.mayWrite) return result;
  const { store } = plan;
  if (isPromise(result)) return result.then((value) => (store.keeps(value) ? value : record(store, value)));
  return store.keeps(result) ? result : record(store, result);
}

async function record(store: ResultStore, value: unknown): Promise<unknown> {
  let isTouched = false;
  const onTouch = (): void => {
    isTouched = true;
  };
  try {
    const encoded = await store.encode(value, onTouch);
    return new Recorded(encoded, () => store.open(encoded));
  } catch (error) {
    if (!(error instanceof SerializationError && error.code === "OXBOW_RESULT_UNSERIALIZABLE")) throw error;
    // That it is not stored is said where it would be.
    if (!isTouched) return value;
    throw refusedMidway(error);
  }
}

/** What was read of a stream is gone, and the rest alone would be a wrong value. */
function refusedMidway(error: SerializationError): SerializationError {
  const hint = `${error.hint === undefined ? "" : `${error.hint}; `}or set persistResult: false, so that it is not stored`;
  const message = `${messageOf(error)}; the stream has been read up to there, so it cannot be handed on either`;
  return new SerializationError("OXBOW_RESULT_UNSERIALIZABLE", error.path, message, { cause: error, hint });
}

/** What the caller gets of a result. */
export function handed(result: unknown): Awaitable<unknown> {
  if (result instanceof Recorded) return result.handed();
  return result instanceof Unrecorded ? result.value : result;
}
