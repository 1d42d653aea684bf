import { isUtf8 } from "node:buffer";
import { Refusal } from "../../kernel/refusal.ts";
import type { SerializationError } from "../../kernel/errors.ts";
import { unreadable, unserializable } from "../internal/refusals.ts";

/**
 * What was thrown while a value was written, as the error of the contract.
 *
 * @param name the format: `json`
 * @param segments the way to the part that `error` is about, outermost first
 */
export function refused(error: unknown, name: string, ...segments: readonly string[]): SerializationError {
  let refusal = Refusal.of(error);
  for (const segment of segments.toReversed()) refusal = Refusal.through(refusal, segment);
  return unserializable(
    refusal,
    `a .${name} file cannot hold it: return something else, or give the target another extension`,
  );
}

/** The text of a file. @throws {SerializationError} where it is not UTF-8 */
export function textOf(bytes: Uint8Array, name: string): string {
  if (!isUtf8(bytes)) throw unreadable(name, "the text is not UTF-8");
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
}

/** @throws {Refusal} for a text that has no UTF-8 form */
export function checkWellFormed(text: string): void {
  if (!text.isWellFormed()) throw new Refusal("string", "a string with half a character, which has no UTF-8 form");
}
