import { newHash } from "../../hashing/sha256.ts";
import type { RecordMetadata } from "../storage.ts";
import { diskFailure } from "../../io/disk-failure.ts";
import { readAsync } from "../../io/disk-files.ts";
import { badChecksum, badSize } from "./record-checks.ts";

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
