import type { RedisServer } from "./server.ts";

/** What is read at a time. */
export const pieceBytes: number = 4 * 1024 * 1024;

/**
 * The bytes of a string from one place to another, piece by piece; fewer where it ends before. While one piece is used the next
 * one is on its way.
 */
export async function* piecesOf(
  server: RedisServer,
  name: string,
  from: number,
  to: number,
): AsyncGenerator<Uint8Array, void> {
  const read = (at: number): Promise<Buffer> | undefined => {
    if (at >= to) return undefined;
    const piece = server.range(name, at, Math.min(pieceBytes, to - at));
    // Who stops early does not wait for it.
    piece.catch(() => undefined);
    return piece;
  };
  let at = from;
  let next = read(at);
  while (next !== undefined) {
    const piece = await next;
    const asked = Math.min(pieceBytes, to - at);
    at += piece.byteLength;
    next = piece.byteLength < asked ? undefined : read(at);
    if (piece.byteLength > 0) yield piece;
  }
}

/** What is there already, and what follows it. */
export async function* joined(
  beginning: Uint8Array,
  rest?: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void> {
  // A copy: the client cuts what it gives out of what has come over the network.
  if (beginning.byteLength > 0) yield new Uint8Array(beginning);
  if (rest !== undefined) yield* rest;
}
