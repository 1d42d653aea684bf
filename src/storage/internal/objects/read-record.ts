import { RecordError } from "../../../kernel/errors.ts";
import { checkedStream, filled } from "../checked-stream.ts";
import type { ObjectBeginning, ObjectMedium, ObjectTag } from "../object-medium.ts";
import { badSize, checkPayload, damagedRecord, replacedRecord } from "../record-checks.ts";
import { decodeFrameHeader, type FrameHeader, longestFrameHeader } from "../record-frame.ts";
import type { RecordMetadata, StoredRecord } from "../../storage.ts";
import { bytesFrom, objectIn } from "./read-object.ts";

/*
 * DESIGN: how a record is read from an object.
 *
 * What it does: one request for the beginning. A record that fits in is complete with it; of a longer one the rest is asked for
 * when its payload is, by the tag of the beginning, and hashed on the way.
 * What it promises: a record that was replaced between the two requests is a RecordError, never a mixture.
 */

/** What a hit asks for first. A request of this size takes hardly longer than a smaller one. */
const firstRead = 1024 * 1024;
/** What is asked for where only metadata are wanted. */
const headerRead = 16 * 1024;

interface FoundRecord {
  readonly beginning: ObjectBeginning;
  readonly header: FrameHeader;
}

/** The record in an object. */
export async function readRecord(medium: ObjectMedium, name: string, key: string): Promise<StoredRecord | undefined> {
  const found = await readBeginning(medium, name, key, firstRead);
  if (found === undefined) return undefined;
  const { beginning, header } = found;
  const { metadata, length } = header;
  const where = objectIn(medium, name);
  const payload = (): AsyncIterable<Uint8Array> =>
    checkedStream(
      bytesFrom(medium, name, beginning, length, () => replacedRecord(where)),
      metadata,
      where,
    );
  const isComplete = beginning.bytes.byteLength >= beginning.size;
  return {
    metadata,
    stream: payload,
    // The memory of a beginning is the medium's; the caller owns what it gets.
    bytes: isComplete
      ? () => checkPayload(new Uint8Array(beginning.bytes.subarray(length)), metadata, where)
      : () => filled(payload(), metadata.size, where),
  };
}

/**
 * The metadata of the record in an object.
 *
 * @param key the key that was asked for, or `undefined` where any is right
 */
export async function readMetadata(
  medium: ObjectMedium,
  name: string,
  key: string | undefined,
): Promise<RecordMetadata | undefined> {
  return (await readBeginning(medium, name, key, headerRead))?.header.metadata;
}

/** What a write would replace. */
export interface InPlace {
  readonly tag: ObjectTag;
  /** The fencing token of the record; `undefined` where it has none, and where what is there cannot be used. */
  readonly fence: number | undefined;
}

/** What is there under the name of a record. */
export async function readInPlace(medium: ObjectMedium, name: string, key: string): Promise<InPlace | undefined> {
  let tag: ObjectTag | undefined;
  try {
    const found = await readBeginning(medium, name, key, headerRead, (beginning) => (tag = beginning.tag));
    return found && { tag: found.beginning.tag, fence: found.header.metadata.fence };
  } catch (error) {
    // What cannot be used may be replaced by anybody.
    if (!(error instanceof RecordError) || tag === undefined) throw error;
    return { tag, fence: undefined };
  }
}

async function readBeginning(
  medium: ObjectMedium,
  name: string,
  key: string | undefined,
  atFirst: number,
  seen?: (beginning: ObjectBeginning) => void,
): Promise<FoundRecord | undefined> {
  const where = objectIn(medium, name);
  for (let wanted = atFirst; ; wanted = Math.min(wanted * 16, longestFrameHeader)) {
    const beginning = await medium.begin(name, wanted);
    if (beginning === undefined) return undefined;
    seen?.(beginning);
    const { bytes, size } = beginning;
    const header = decodeFrameHeader(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), key, where);
    if (header !== undefined) {
      checkSize(size, header, where);
      return { beginning, header };
    }
    if (bytes.byteLength >= size || wanted === longestFrameHeader)
      throw damagedRecord(where, "does not begin with a line of metadata");
  }
}

function checkSize(size: number, { length, metadata }: FrameHeader, where: string): void {
  // Without any payload it is an entry for a value that is kept elsewhere (or cut short: `bytes` notices).
  if (size !== length + metadata.size && size !== length) throw badSize(size - length, metadata.size, where);
}
