import { type ByteSource, collect, isByteSource } from "../../kernel/byte-source.ts";
import { StorageError } from "../../kernel/errors.ts";
import type { Payload } from "../storage.ts";

/*
 * DESIGN: sources of bytes on their way in.
 *
 * What it does: passes the chunks of a source on, one at a time: the next one is asked for when this one has been written.
 * What it promises: a source that fails, or that gives more or fewer bytes than it said, ends in a StorageError, whose
 * cause is the source's own error. So the writer never takes a part for the whole. Who stops early closes the source.
 * What the caller must do: remove what it has written by then.
 */

/** The chunks of a payload, those of a source made sure of. @param where what it is written to, for errors */
export function chunksToWrite(payload: Payload, where: string): AsyncIterable<Uint8Array> | Iterable<Uint8Array> {
  return isByteSource(payload) ? sourceChunks(payload, where) : payload;
}

/** All bytes of a source in memory, for what is kept in one piece. */
export async function wholeSource(source: ByteSource, where: string): Promise<Uint8Array> {
  return collect(sourceChunks(source, where));
}

async function* sourceChunks(source: ByteSource, where: string): AsyncGenerator<Uint8Array, void> {
  let size = 0;
  try {
    for await (const chunk of source.chunks()) {
      size += chunk.byteLength;
      if (size > source.size) break;
      yield chunk;
    }
  } catch (cause) {
    throw new StorageError(`Cannot write to ${where}: the source of the payload failed`, {
      cause,
      hint: "nothing was written, and what was there before is there still; the cause says what went wrong",
    });
  }
  if (size === source.size) return;
  const found = size > source.size ? "more" : `${size}`;
  throw new StorageError(
    `Cannot write to ${where}: the source of the payload said ${source.size} bytes and gave ${found}`,
    {
      hint: "`ByteSource.size` has to be the length of all of its chunks together",
    },
  );
}
