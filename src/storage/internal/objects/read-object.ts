import type { ObjectBeginning, ObjectMedium } from "../object-medium.ts";
import { badSize } from "../record-checks.ts";

/** How an object is named in messages. */
export function objectIn(medium: ObjectMedium, name: string): string {
  return `The object ${JSON.stringify(name)} of ${medium.location}`;
}

/**
 * The bytes of an object from `offset` on, of which the beginning has been read.
 *
 * @param gone makes the error for an object that was replaced or removed since
 */
export async function* bytesFrom(
  medium: ObjectMedium,
  name: string,
  { bytes, size, tag }: ObjectBeginning,
  offset: number,
  gone: () => Error,
): AsyncGenerator<Uint8Array, void> {
  if (bytes.byteLength > offset) yield new Uint8Array(bytes.subarray(offset));
  if (bytes.byteLength >= size) return;
  const rest = await medium.rest(name, bytes.byteLength, tag);
  if (rest === undefined) throw gone();
  yield* rest;
}

/** The same chunks, `size` bytes of them. @throws {RecordError} where there are more or less */
export async function* ofLength(
  chunks: AsyncIterable<Uint8Array>,
  size: number,
  where: string,
): AsyncGenerator<Uint8Array, void> {
  let seen = 0;
  for await (const chunk of chunks) {
    seen += chunk.byteLength;
    if (seen > size) throw badSize(seen, size, where);
    yield chunk;
  }
  if (seen !== size) throw badSize(seen, size, where);
}
