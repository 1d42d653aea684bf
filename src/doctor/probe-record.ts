import { randomBytes, randomUUID } from "node:crypto";
import { sha256 } from "../hashing/sha256.ts";
import { recordFormatVersion, type RecordMetadata } from "../storage/storage.ts";

/** With what the keys of all probes begin. */
export const probePrefix = "oxbow-doctor-";

/** A record that nobody else has, and that is past its expiry soon where it should stay behind. */
export function probeRecord(now: number): { readonly metadata: RecordMetadata; readonly bytes: Uint8Array } {
  const bytes = new Uint8Array(randomBytes(1000));
  const metadata: RecordMetadata = {
    formatVersion: recordFormatVersion,
    key: `${probePrefix}${randomUUID()}`,
    createdAt: now,
    expiresAt: now + 600_000,
    serializer: "json",
    size: bytes.byteLength,
    sha256: sha256(bytes),
    durationMs: 0,
    taskName: "oxbow doctor",
    taskRunId: randomUUID(),
    tags: [],
    components: {},
  };
  return { metadata, bytes };
}

export function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return Buffer.compare(left, right) === 0;
}
