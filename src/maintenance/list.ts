import { systemClock } from "../kernel/clock.ts";
import { counts } from "../results/commit-marker.ts";
import { isExpired } from "../results/record.ts";
import type { RecordMetadata } from "../storage/storage.ts";
import { inGroups } from "./pace.ts";
import type { LongOperation, RecordPlace } from "./place.ts";
import { type RecordFilter, select } from "./select.ts";
import { keysPerQuestion } from "./uses.ts";

/** Whether a record is used: `uncommitted` ones belong to a transaction that is under way, or died. */
export type RecordStatus = "valid" | "expired" | "uncommitted";

/** A record in a table. Times are milliseconds since 1970. */
export interface RecordRow {
  readonly key: string;
  readonly taskName: string;
  readonly flowRunId: string | undefined;
  readonly status: RecordStatus;
  /** Of the payload, in bytes. */
  readonly size: number;
  readonly serializer: string;
  readonly createdAt: number;
  readonly expiresAt: number | undefined;
  /** In milliseconds. */
  readonly ageMs: number;
  /** How long it took to compute, in milliseconds. */
  readonly durationMs: number;
  readonly tags: readonly string[];
  /** When a run used it last; `undefined` where none did, or there is no history. */
  readonly lastUsedAt: number | undefined;
  /** How many runs used it; `undefined` where the history does not tell. */
  readonly hits: number | undefined;
}

/**
 * The records that a filter chooses, as rows of a table, in the order of their keys.
 *
 * @throws as {@link select}
 */
export async function* list(
  place: RecordPlace,
  filter: RecordFilter = {},
  options: LongOperation = {},
): AsyncGenerator<RecordRow, void> {
  const { taskRuns } = place.history ?? {};
  const now = (place.clock ?? systemClock).now();
  for await (const group of inGroups(select(place, filter, options), keysPerQuestion)) {
    const keys = group.map(({ key }) => key);
    const [uses, hits] = await Promise.all([taskRuns?.lastUses(keys), taskRuns?.hits?.(keys)]);
    for (const metadata of group) {
      const { key } = metadata;
      const status = await statusOf(place, metadata, now);
      yield rowOf(metadata, status, now, uses?.get(key), hits && (hits.get(key) ?? 0));
    }
  }
}

/** Whether a record of a place is used at the moment `now`. */
export async function statusOf(
  { storage, keyStorage }: RecordPlace,
  metadata: RecordMetadata,
  now: number,
): Promise<RecordStatus> {
  if (!(await counts(keyStorage ?? storage, metadata))) return "uncommitted";
  return isExpired(metadata, now) ? "expired" : "valid";
}

function rowOf(
  metadata: RecordMetadata,
  status: RecordStatus,
  now: number,
  lastUsedAt: number | undefined,
  hits: number | undefined,
): RecordRow {
  const { key, taskName, flowRunId, size, serializer, createdAt, expiresAt, durationMs, tags } = metadata;
  const ageMs = Math.max(0, now - createdAt);
  return {
    ...{ key, taskName, flowRunId, status, size, serializer, createdAt, expiresAt, ageMs, durationMs, tags },
    lastUsedAt,
    hits,
  };
}
