import type { Awaitable } from "../../kernel/awaitable.ts";
import { isByteSource } from "../../kernel/byte-source.ts";
import { wholeSource } from "../internal/payload-source.ts";
import type { Payload } from "../storage.ts";

/** How much of a payload is handed out at a time. */
const pieceSize = 1024 * 1024;

/** A payload in memory of its own: `slice` of a Buffer would keep its kind, and may share its pool. */
export function copyOf(payload: Payload, where: string): Awaitable<Uint8Array> {
  if (isByteSource(payload)) return wholeSource(payload, where).then((bytes) => new Uint8Array(bytes));
  return payload.length === 1 ? new Uint8Array(payload[0]!) : new Uint8Array(Buffer.concat(payload));
}

/** Copies of the bytes, piece by piece. */
export function* piecesOf(bytes: Uint8Array): Generator<Uint8Array, void> {
  for (let at = 0; at < bytes.byteLength; at += pieceSize) yield bytes.slice(at, at + pieceSize);
}
