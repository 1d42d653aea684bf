import type { RecordMetadata } from "../storage.ts";
import { checkMetadata, damagedRecord } from "./record-checks.ts";

/*
 * DESIGN: a record as a row, for storages that hold rows (SQLite, Postgres).
 *
 * What it does: one column per field of the metadata, in the order of {@link metadataColumns}, the key first. The
 * key is stored as its UTF-8 bytes: then the order of the index is the order of `list`, on every database.
 * What it promises: `fromRow(toRow(metadata))` is the metadata.
 * What the caller must do: NUL in other texts is its business; SQLite can hold it, Postgres cannot.
 */

/** The columns of the metadata. */
export const metadataColumns = [
  "key", "format_version", "created_at", "expires_at", "serializer", "size", "sha256", "duration_ms",
  "task_name", "task_run_id", "flow_run_id", "tags", "components",
] as const;

/** What a column holds. */
export type ColumnValue = string | number | null | Uint8Array;

/** The values of {@link metadataColumns}. */
export function toRow(m: RecordMetadata): ColumnValue[] {
  return [
    Buffer.from(m.key), m.formatVersion, m.createdAt, m.expiresAt ?? null, m.serializer, m.size, m.sha256, m.durationMs,
    m.taskName, m.taskRunId, m.flowRunId ?? null, asJson(m.tags), JSON.stringify(m.components),
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
  const [formatVersion, createdAt, expiresAt, serializer, size, sha256, durationMs, taskName, taskRunId, flowRunId, tags, components] = row;
  const found = {
    formatVersion, key, createdAt, expiresAt: expiresAt ?? undefined, serializer: text(serializer), size, sha256, durationMs,
    taskName: text(taskName), taskRunId: text(taskRunId), flowRunId: text(flowRunId ?? undefined),
    tags: tags === "[]" ? [] : parsed(tags, where), components: parsed(components, where),
  };
  return checkMetadata(found, key, where);
}

/** A text with a NUL may have been stored as its bytes: drivers cut texts there. */
function text(value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value).toString() : value;
}

function parsed(json: unknown, where: string): unknown {
  try {
    return JSON.parse(json as string);
  } catch (error) {
    throw damagedRecord(where, "has metadata that are no JSON", error);
  }
}
