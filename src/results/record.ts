import { newHash, sha256 } from "../hashing/sha256.ts";
import { RecordError } from "../kernel/errors.ts";
import { recordFormatVersion, type RecordMetadata } from "../storage/storage.ts";

/** Where a result came from: what a record says beside the value. */
export interface Provenance {
  readonly taskName: string;
  readonly taskRunId: string;
  readonly flowRunId?: string | undefined;
  readonly durationMs: number;
  readonly tags: readonly string[];
  readonly components: Readonly<Record<string, string>>;
}

/** The metadata of a new record. */
export function describeRecord(
  key: string,
  serializer: string,
  payload: readonly Uint8Array[],
  times: { readonly createdAt: number; readonly expiresAt: number | undefined },
  provenance: Provenance,
  fence?: number,
): RecordMetadata {
  return {
    formatVersion: recordFormatVersion,
    key,
    createdAt: times.createdAt,
    expiresAt: times.expiresAt,
    serializer,
    size: payload.reduce((size, chunk) => size + chunk.byteLength, 0),
    sha256: digestOf(payload),
    durationMs: provenance.durationMs,
    taskName: provenance.taskName,
    taskRunId: provenance.taskRunId,
    flowRunId: provenance.flowRunId,
    tags: provenance.tags,
    components: provenance.components,
    fence,
  };
}

/**
 * Whether this release may use a record, judged by its metadata.
 *
 * @returns why it may not, in words
 */
export function whyUnusable(metadata: RecordMetadata, key: string): string | undefined {
  if (metadata.formatVersion > recordFormatVersion) {
    return `the record is of format version ${metadata.formatVersion}, and this release reads up to ${recordFormatVersion}`;
  }
  return metadata.key === key ? undefined : `the record belongs to another key, ${JSON.stringify(metadata.key)}`;
}

/** Whether a record is past its expiry. The moment of expiry itself is past it. */
export function isExpired(metadata: RecordMetadata, now: number): boolean {
  return metadata.expiresAt !== undefined && metadata.expiresAt <= now;
}

/** @throws {RecordError} where the payload is not the one that the metadata describe */
export function checkPayload(metadata: RecordMetadata, payload: Uint8Array): void {
  if (payload.byteLength !== metadata.size) {
    throw new RecordError(
      "OXBOW_RECORD_DAMAGED",
      `the record is damaged: ${payload.byteLength} bytes instead of ${metadata.size}`,
    );
  }
  if (sha256(payload) !== metadata.sha256) {
    throw new RecordError("OXBOW_RECORD_DAMAGED", "the record is damaged: its checksum does not fit");
  }
}

function digestOf(payload: readonly Uint8Array[]): string {
  if (payload.length === 1) return sha256(payload[0]!);
  const hash = newHash();
  for (const chunk of payload) hash.update(chunk);
  return hash.digest("hex");
}
