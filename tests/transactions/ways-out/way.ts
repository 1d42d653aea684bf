import { getRunContext } from "../../../src/authoring/context.ts";
import type { TransactionOptions } from "../../../src/engine/transaction-options.ts";
import type { Scene } from "../../../src/testing/transaction-checks/scene.ts";

/** One way on which the work under a lock can end. */
export interface WayOut {
  readonly title: string;
  /** Keys that have to be locked on the way, each at least once: `a b`. */
  readonly locked: string;
  /** How it ends: the name of a state, or of an error, with its code; or the value. */
  readonly end: string;
  /** Goes the way. @param other sees the same place from elsewhere */
  go(scene: Scene, other: Scene): Promise<unknown>;
}

/** Makes a row of the table. */
export function way(title: string, locked: string, end: string, go: WayOut["go"]): WayOut {
  return { title, locked, end, go };
}

/** A promise that nothing is heard of. */
export const forever = (): Promise<never> => new Promise(() => undefined);
/** Something that fails. */
export const fail = (): Promise<never> => Promise.reject(new Error("fails"));
/** The options of a block that locks the key `key`. */
export function keyed({ store }: Scene): TransactionOptions {
  return { key: "key", store, isolationLevel: "SERIALIZABLE" };
}

/** Waits until the signal of its run is aborted, and ends with its reason. */
export function aborted(): Promise<never> {
  const { signal } = getRunContext()!;
  return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
}

/** A body that tells when it has begun. */
export function signalling(body: () => Promise<unknown>): { started: Promise<void>; body(): Promise<unknown> } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return {
    started: promise,
    body: () => {
      resolve();
      return body();
    },
  };
}

/** A task that has begun its body, under its lock. */
export async function begun(
  scene: Scene,
  key: string,
  work: () => Promise<unknown>,
): Promise<{ future: ReturnType<ReturnType<Scene["exclusive"]>["submit"]> }> {
  const { started, body } = signalling(work);
  const future = scene.exclusive(key, body as () => Promise<string>).submit();
  await started;
  return { future };
}

/** Does something while somebody elsewhere holds the key `a`. */
export async function whileHeld<T>(other: Scene, work: (letGo: () => Promise<unknown>) => Promise<T>): Promise<T> {
  const lease = (await other.locks.acquire("a", "somebody elsewhere"))!;
  try {
    return await work(async () => lease.release());
  } finally {
    await lease.release();
  }
}
