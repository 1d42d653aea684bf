import { closeSync } from "node:fs";
import { newHash } from "../../hashing/sha256.ts";
import type { Awaitable } from "../../kernel/awaitable.ts";
import type { RecordMetadata } from "../storage.ts";
import { diskFailure } from "../../io/disk-failure.ts";
import { readAsync, readPiece } from "../../io/disk-files.ts";
import { badChecksum, badSize } from "./record-checks.ts";

/** A payload in an open file. Who has it closes the file. */
export interface OpenPayload {
  readonly file: number;
  /** Where it begins. */
  readonly offset: number;
  /** In bytes. */
  readonly size: number;
}

/**
 * The payload in an open file, from `offset` on, hashed while it is read.
 *
 * @throws {RecordError} where it is not the one that the metadata describe
 * @throws {StorageError} where it cannot be read
 */
export async function readChecked(
  file: number,
  offset: number,
  metadata: RecordMetadata,
  where: string,
): Promise<Uint8Array> {
  const state = newHash();
  const payload = await readAsync(file, offset, metadata.size, (chunk) => void state.update(chunk)).catch((error) => {
    throw diskFailure("read", where, error);
  });
  if (payload.byteLength !== metadata.size) throw badSize(payload.byteLength, metadata.size, where);
  if (state.digest("hex") !== metadata.sha256) throw badChecksum(where);
  return payload;
}

/**
 * A file, piece by piece: opened when the first one is asked for, closed at the end, or when the reader stops.
 *
 * @throws {StorageError} where it cannot be read
 */
export async function* filePieces(open: () => Awaitable<OpenPayload>, where: string): AsyncGenerator<Uint8Array, void> {
  let opened: OpenPayload | undefined;
  try {
    opened = await open();
    for (let done = 0; done < opened.size; ) {
      const piece = await readPiece(opened.file, opened.offset + done, opened.size - done);
      if (piece.byteLength === 0) return;
      done += piece.byteLength;
      yield piece;
    }
  } catch (error) {
    throw diskFailure("read", where, error);
  } finally {
    if (opened !== undefined) closeSync(opened.file);
  }
}
