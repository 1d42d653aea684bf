import { sha256 } from "../../hashing/sha256.ts";
import { badChecksum, badSize, checkPayload, damagedRecord } from "../internal/record-checks.ts";
import { decodeFrameHeader } from "../internal/record-frame.ts";
import type { RecordMetadata } from "../storage.ts";

/*
 * DESIGN: what is in an item.
 *
 *   a record: as one object, see internal/record-frame.ts
 *   a value:  {"name":"…","size":…,"sha256":"…"}\n, then the bytes
 *
 * What it does: a value has a checksum here, too, unlike in other storages. What a driver gives back may be cut, or bytes that
 * went through a text, and nobody else would notice.
 */

/** A record that was found. */
export interface FoundRecord {
  readonly metadata: RecordMetadata;
  /** Part of what the driver has given: to be copied. */
  readonly payload: Buffer;
}

/**
 * The record of an item.
 *
 * @param key the key that was asked for, or `undefined` where any is right
 */
export function recordOf(readings: readonly Buffer[], key: string | undefined, where: string): FoundRecord {
  return firstUsable(readings, (bytes) => {
    const header = decodeFrameHeader(bytes, key, where);
    if (header === undefined) throw damagedRecord(where, "does not begin with a line of metadata");
    const { metadata, length } = header;
    const payload = bytes.subarray(length);
    // Without any payload it is an entry for a value that is kept elsewhere (or cut short: `bytes` notices).
    if (payload.length !== metadata.size && payload.length !== 0) throw badSize(payload.length, metadata.size, where);
    return { metadata, payload };
  });
}

/**
 * Throws unless it is a whole record, of any key.
 *
 * @param hasPayload whether it has to have one
 */
export function checkRecord(readings: readonly Buffer[], hasPayload: boolean, where: string): void {
  const { metadata, payload } = recordOf(readings, undefined, where);
  if (hasPayload || payload.length > 0) checkPayload(payload, metadata, where);
}

/** A value, as it is written. */
export function valueFrame(name: string, payload: readonly Uint8Array[]): Buffer {
  const bytes = Buffer.concat(payload);
  return Buffer.concat([Buffer.from(valueHeader(name, bytes)), bytes]);
}

/** The bytes of a value, in memory of their own. */
export function valueOf(readings: readonly Buffer[], name: string, where: string): Uint8Array {
  return firstUsable(readings, (bytes) => {
    const payload = bytes.subarray(bytes.indexOf("\n") + 1);
    const header = valueHeader(name, payload);
    // The header says nothing that is not known: whatever is wrong with one of them, it is another one.
    if (bytes.toString("utf8", 0, bytes.length - payload.length) !== header) throw badChecksum(where);
    return new Uint8Array(payload);
  });
}

function valueHeader(name: string, bytes: Uint8Array): string {
  return `${JSON.stringify({ name, size: bytes.byteLength, sha256: sha256(bytes) })}\n`;
}

function firstUsable<T>(readings: readonly Buffer[], read: (bytes: Buffer) => T): T {
  let fault: unknown;
  for (const bytes of readings) {
    try {
      return read(bytes);
    } catch (error) {
      fault ??= error;
    }
  }
  throw fault;
}
