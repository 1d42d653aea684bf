import type { Seal } from "../serializers/serializer.ts";
import { recordFormatVersion, type RecordMetadata } from "../storage/storage.ts";
import type { EncodedValue } from "./encode.ts";

/** Where a result came from: what a record says beside the value. */
export interface Provenance {
  readonly taskName: string;
  readonly taskRunId: string;
  readonly flowRunId?: string | undefined;
  readonly durationMs: number;
  readonly tags: readonly string[];
  readonly components: Readonly<Record<string, string>>;
}

/** The metadata of a new record, signed where somebody signs. */
export function describeRecord(
  key: string,
  { format: serializer, size, sha256 }: Pick<EncodedValue, "format" | "size" | "sha256">,
  times: { readonly createdAt: number; readonly expiresAt: number | undefined },
  provenance: Provenance,
  seal: Seal | undefined,
): RecordMetadata {
  const metadata: RecordMetadata = {
    formatVersion: recordFormatVersion,
    key,
    createdAt: times.createdAt,
    expiresAt: times.expiresAt,
    serializer,
    size,
    sha256,
    durationMs: provenance.durationMs,
    taskName: provenance.taskName,
    taskRunId: provenance.taskRunId,
    flowRunId: provenance.flowRunId,
    tags: provenance.tags,
    components: provenance.components,
  };
  return sealed(metadata, seal);
}

/** The metadata with a signature of what they are now, where somebody signs. */
export function sealed(metadata: RecordMetadata, seal: Seal | undefined): RecordMetadata {
  return seal ? { ...metadata, signature: seal.sign(statementOf(metadata)) } : metadata;
}

/** @returns why a record may not be used where signatures are asked for, in words */
export function whyNotTrusted(metadata: RecordMetadata, seal: Seal | undefined): string | undefined {
  const why = seal?.whyRefused(statementOf(metadata), metadata.signature);
  return why === undefined ? undefined : `the record is not used: ${why}`;
}

/**
 * What is signed of a record: everything that makes it what it is. Whoever may write to the storage can neither change the value, nor
 * give it another key or a longer life, nor take it out of a transaction that does not count. Left out is the fencing token, which says
 * nothing about the value: it is added when the record is published, and only tells which writes are refused.
 */
function statementOf(m: RecordMetadata): Uint8Array {
  const components = Object.entries(m.components).sort(([a], [b]) => (a < b ? -1 : 1));
  const { key, createdAt, expiresAt = null, serializer, size, sha256, durationMs, taskName, taskRunId, tags } = m;
  const origin = [durationMs, taskName, taskRunId, m.flowRunId ?? null, tags, components, m.commit ?? null];
  return Buffer.from(
    JSON.stringify(["oxbow-record-2", key, createdAt, expiresAt, serializer, size, sha256, ...origin]),
  );
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
