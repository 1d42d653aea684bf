import { isByteSource } from "../kernel/byte-source.ts";
import { RecordError } from "../kernel/errors.ts";
import { isSameRecord } from "../results/damaged-records.ts";
import { checkedPayload, checkPayload } from "../results/payload.ts";
import type { Payload, RecordMetadata, StoredRecord } from "../storage/storage.ts";
import type { RecordPlace } from "./place.ts";

/** What is longer is read piece by piece, where the storage can do that. */
const longestAtOnce = 1024 * 1024;

/**
 * The payload of a record, held against its length and its checksum as it is read: at once where it is small, else each time
 * that its chunks are asked for.
 *
 * @returns `undefined` where the record has gone, or is another one by now
 * @throws {RecordError} where it is damaged
 */
export async function payloadOf(place: RecordPlace, metadata: RecordMetadata): Promise<Payload | undefined> {
  const record = await (place.keyStorage ?? place.storage).get(metadata.key);
  if (!record || !isSameRecord(record.metadata, metadata)) return undefined;
  if (metadata.size > longestAtOnce && place.storage.capabilities.streams) {
    return { size: metadata.size, chunks: () => piecesOf(place, metadata) };
  }
  return [place.keyStorage ? await valueOf(place, metadata) : await record.bytes()];
}

/** Reads a payload to its end. @throws {RecordError} where it is damaged */
export async function readThrough(payload: Payload): Promise<void> {
  if (!isByteSource(payload)) return;
  for await (const _ of payload.chunks());
}

async function* piecesOf(place: RecordPlace, metadata: RecordMetadata): AsyncGenerator<Uint8Array, void> {
  if (place.keyStorage) {
    const pieces = await place.storage.values.open?.(metadata.key);
    if (!pieces) throw gone("the key is there, but its value is gone");
    return yield* checkedPayload(metadata, pieces);
  }
  const record: StoredRecord | undefined = await place.storage.get(metadata.key);
  if (!record || !isSameRecord(record.metadata, metadata)) throw gone("the record was replaced while it was read");
  yield* record.stream ? record.stream() : [await record.bytes()];
}

async function valueOf({ storage }: RecordPlace, metadata: RecordMetadata): Promise<Uint8Array> {
  const value = await storage.values.get(metadata.key);
  if (!value) throw gone("the key is there, but its value is gone");
  checkPayload(metadata, value);
  return value;
}

function gone(message: string): RecordError {
  return new RecordError("OXBOW_RECORD_DAMAGED", message);
}
