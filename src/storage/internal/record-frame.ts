import type { RecordMetadata } from "../storage.ts";
import { checkMetadata, damagedRecord } from "./record-checks.ts";

/*
 * DESIGN: a record as one object, for storages that hold bytes by name (files, object stores, Redis).
 *
 *   {"formatVersion":1,"key":"…",…}\n      one line of JSON, so that `head -1` shows it
 *   payload                                the bytes, as they are
 *
 * What it promises: JSON has no raw newline, so the first one ends the metadata whatever the payload holds. The
 * order of the fields is fixed: equal records are equal bytes.
 * What the caller must do: check the length of what follows the line, and the checksum when it is read.
 */

const newline = 0x0a;

/** Nothing that Oxbow writes comes near: a line that is longer is not one of ours. */
export const longestFrameHeader: number = 16 * 1024 * 1024;

/** The line that goes before the payload, newline included. */
export function encodeFrameHeader(metadata: RecordMetadata): Buffer {
  return Buffer.from(`${JSON.stringify(inOrder(metadata))}\n`);
}

function inOrder(m: RecordMetadata): RecordMetadata {
  return {
    formatVersion: m.formatVersion,
    key: m.key,
    createdAt: m.createdAt,
    expiresAt: m.expiresAt,
    serializer: m.serializer,
    size: m.size,
    sha256: m.sha256,
    durationMs: m.durationMs,
    taskName: m.taskName,
    taskRunId: m.taskRunId,
    flowRunId: m.flowRunId,
    tags: m.tags,
    components: m.components,
    fence: m.fence,
    commit: m.commit,
    signature: m.signature,
  };
}

/** What {@link decodeFrameHeader} found. */
export interface FrameHeader {
  readonly metadata: RecordMetadata;
  /** Where the payload begins. */
  readonly length: number;
}

/**
 * Reads the line of metadata at the beginning of `bytes`.
 *
 * @param key the key that was asked for, or `undefined` where any is right
 * @returns `undefined` where the line does not end within `bytes`: the caller reads on, or the record is damaged
 */
export function decodeFrameHeader(bytes: Buffer, key: string | undefined, where: string): FrameHeader | undefined {
  const end = bytes.indexOf(newline);
  if (end < 0) return undefined;
  let found: unknown;
  try {
    found = JSON.parse(bytes.toString("utf8", 0, end));
  } catch (error) {
    throw damagedRecord(where, "does not begin with a line of metadata", error);
  }
  return { metadata: checkMetadata(found, key, where), length: end + 1 };
}
