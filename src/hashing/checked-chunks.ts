import { newHash } from "./sha256.ts";

/** What bytes have to be, and the errors where they are not. */
export interface Expected {
  /** In bytes. */
  readonly size: number;
  /** 64 lower-case hexadecimal digits. */
  readonly sha256: string;
  /** @param found how many bytes there are, or the first number that is too many */
  wrongSize(found: number): Error;
  wrongChecksum(): Error;
}

/** Bytes on their way, held against length and checksum as they pass: an error takes the place of the end. */
export async function* checkedChunks(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  expected: Expected,
): AsyncGenerator<Uint8Array, void> {
  const hash = newHash();
  let found = 0;
  for await (const chunk of chunks) {
    found += chunk.byteLength;
    if (found > expected.size) throw expected.wrongSize(found);
    hash.update(chunk);
    yield chunk;
  }
  if (found !== expected.size) throw expected.wrongSize(found);
  if (hash.digest("hex") !== expected.sha256) throw expected.wrongChecksum();
}
