import type { RecordMetadata } from "../storage.ts";
import { checkMetadata, damagedRecord } from "./record-checks.ts";

/*
 * DESIGN: a record as a row, for storages that hold rows (SQLite, Postgres).
 *
 * What it does: one column per field of the metadata, in the order of {@link metadataColumns}, the key first. The
 * key is stored as its UTF-8 bytes: then the order of the index is the order of `list`, on every database.
 * What it promises: `fromRow` gives back what `toRow` was given, whichever way texts were stored.
 * What the caller must do: say how a text is stored. NUL in one is its business: Postgres has no way to hold it, and
 * drivers of SQLite cut there, so both store the bytes.
 */

/** The columns of the metadata. */
export const metadataColumns = [
  "key",
  "format_version",
  "created_at",
  "expires_at",
  "serializer",
  "size",
  "sha256",
  "duration_ms",
  "task_name",
  "task_run_id",
  "flow_run_id",
  "tags",
  "components",
  "fence",
  "commit_id",
  "signature",
] as const;

/** What a column holds. */
export type ColumnValue = string | number | null | Uint8Array;

/**
 * The values of {@link metadataColumns}.
 *
 * @param text how a text is stored
 */
export function toRow(m: RecordMetadata, text: (value: string) => ColumnValue): ColumnValue[] {
  return [
    Buffer.from(m.key),
    m.formatVersion,
    m.createdAt,
    m.expiresAt ?? null,
    text(m.serializer),
    m.size,
    m.sha256,
    m.durationMs,
    text(m.taskName),
    text(m.taskRunId),
    m.flowRunId === undefined ? null : text(m.flowRunId),
    asJson(m.tags),
    JSON.stringify(m.components),
    m.fence ?? null,
    m.commit === undefined ? null : text(m.commit),
    m.signature === undefined ? null : text(m.signature),
  ];
}

function asJson(tags: readonly string[]): string {
  return tags.length === 0 ? "[]" : JSON.stringify(tags);
}

/**
 * The metadata in a row that begins with the values of {@link metadataColumns} after the key.
 *
 * @param key the key of the row: the one that was asked for, or the one that was found in it
 * @throws {RecordError} where the row does not hold what this module wrote
 */
export function fromRow(key: string, row: readonly unknown[], where: string): RecordMetadata {
  const [
    formatVersion,
    createdAt,
    expiresAt,
    serializer,
    size,
    sha256,
    durationMs,
    taskName,
    taskRunId,
    flowRunId,
    tags,
    components,
    fence,
    commit,
    signature,
  ] = row;
  const found: Record<string, unknown> = {
    formatVersion,
    key,
    createdAt,
    expiresAt: expiresAt ?? undefined,
    serializer: stored(serializer),
    size,
    sha256,
    durationMs,
    taskName: stored(taskName),
    taskRunId: stored(taskRunId),
    flowRunId: stored(flowRunId ?? undefined),
    tags: tags === "[]" ? [] : parsed(tags, where),
    components: parsed(components, where),
  };
  // Fields that few records have: absent stays absent.
  if (fence !== null && fence !== undefined) found["fence"] = fence;
  if (commit !== null && commit !== undefined) found["commit"] = stored(commit);
  if (signature !== null && signature !== undefined) found["signature"] = stored(signature);
  return checkMetadata(found, key, where);
}

/** A text, or its bytes. */
function stored(value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value).toString() : value;
}

function parsed(json: unknown, where: string): unknown {
  try {
    return JSON.parse(json as string);
  } catch (error) {
    throw damagedRecord(where, "has metadata that are no JSON", error);
  }
}
