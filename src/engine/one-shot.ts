/* Values that can be gone through only once: whoever gets one second finds it empty. */
import { UpstreamError } from "../kernel/errors.ts";

// Loaded where there is a stream: most programs have none.
const stream = (): typeof import("node:stream") => process.getBuiltinModule("node:stream");

const taken = new WeakSet<object>();

/** Whether a value is used up by who reads it: a stream, an iterator. A Blob is not. Never throws. */
export function isOneShot(value: unknown): value is object {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  try {
    if (Object.getPrototypeOf(value) === Object.prototype) return false;
    if (isStream(value)) return true;
    const next = (value as { readonly next?: unknown }).next;
    return typeof next === "function" && (Symbol.asyncIterator in value || Symbol.iterator in value);
  } catch {
    // A proxy that lets nobody look.
    return false;
  }
}

/**
 * Notes that a stream or an iterator goes to a run, as its input.
 *
 * @param origin names what it is the result of
 * @throws {UpstreamError} where another run has been given it, or somebody has read from it
 */
export function take(value: object, origin: string): void {
  const isGone = taken.has(value) || isRead(value);
  taken.add(value);
  if (!isGone) return;
  throw new UpstreamError(`The result of ${origin} is a stream, and somebody else has it already`, {
    hint: "a stream can be read once: call the task again for each reader, or give them a Uint8Array or a Blob",
  });
}

function isRead(value: object): boolean {
  return isStream(value) && stream().Readable.isDisturbed(value);
}

function isStream(value: object): value is NodeJS.ReadableStream {
  if ("getReader" in value) return value instanceof ReadableStream;
  return "pipe" in value && value instanceof stream().Readable;
}
