import { ServiceFailure } from "../internal/service-failure.ts";
import type { OpenBody } from "../internal/steady-stream.ts";

/** The body of an answer: a stream of Node, or one of the web. */
export interface Body extends AsyncIterable<Uint8Array> {
  on?(event: "error", listener: () => void): unknown;
  destroy?(): unknown;
  cancel?(): Promise<unknown>;
}

/** Ends a body, however far it was read, and its connection with it where there is more to come. */
export function discard(body: Body): void {
  // An error of a stream that nobody listens to ends the process.
  body.on?.("error", () => undefined);
  if (body.destroy) body.destroy();
  else void body.cancel?.().catch(() => undefined);
}

/** The first bytes of a body; the rest is discarded. */
export async function readFirst(body: Body, length: number, signal: AbortSignal): Promise<Uint8Array> {
  const stop = (): void => discard(body);
  signal.addEventListener("abort", stop, { once: true });
  const bytes = new Uint8Array(length);
  let at = 0;
  try {
    for await (const piece of body) {
      const part = piece.subarray(0, length - at);
      bytes.set(part, at);
      at += part.byteLength;
      // A server that does not know of ranges sends it all.
      if (part.byteLength < piece.byteLength) break;
    }
  } finally {
    signal.removeEventListener("abort", stop);
    stop();
  }
  if (at < length) throw new ServiceFailure(`it broke off after ${at} of ${length} bytes`, { mayRepeat: true });
  return bytes;
}

/** A body that is read piece by piece, without the first bytes that were read already. */
export function openBody(body: Body, end: number, skipped: number): OpenBody {
  body.on?.("error", () => undefined);
  return { chunks: without(body, skipped), end, stop: () => discard(body) };
}

async function* without(body: Body, skipped: number): AsyncGenerator<Uint8Array, void> {
  let left = skipped;
  for await (const piece of body) {
    const part = piece.subarray(Math.min(left, piece.byteLength));
    left -= piece.byteLength - part.byteLength;
    if (part.byteLength > 0) yield part;
  }
}
