import { systemClock } from "../kernel/clock.ts";
import type { CacheEventRow, TaskRunRow } from "../history/run-store.ts";
import type { RecordMetadata } from "../storage/storage.ts";
import { findKey } from "./find-key.ts";
import { type RecordStatus, statusOf } from "./list.ts";
import type { RecordPlace } from "./place.ts";
import { type Preview, previewOf } from "./preview.ts";

/** Everything that is known of a record. */
export interface RecordDetails {
  readonly key: string;
  /** The location of the storage. */
  readonly storage: string;
  readonly metadata: RecordMetadata;
  readonly status: RecordStatus;
  readonly value: Preview;
  /** The run that computed it, where the history has it. */
  readonly writtenBy: TaskRunRow | undefined;
  /** Runs that used it, the newest first; the history gives twenty. */
  readonly usedBy: readonly TaskRunRow[];
  /** When a run used it last, in milliseconds since 1970. */
  readonly lastUsedAt: number | undefined;
  /** What happened to records of this key beside runs, the newest first. */
  readonly events: readonly CacheEventRow[];
}

/** How {@link show} goes about it. */
export interface ShowOptions {
  /** How many characters of the value are shown; `0` leaves it alone. @default 2000 */
  readonly previewLength?: number | undefined;
}

const runsShown = 20;

/**
 * Everything that is known of a record: its metadata, what its key was made of, which runs wrote and used it, and the beginning of
 * its value.
 *
 * @param key or the beginning of it, at least four characters
 * @returns `undefined` where there is no such record
 * @throws {RecordError} where its metadata cannot be read
 * @throws {ConfigurationError} where several keys begin so
 */
export async function show(
  place: RecordPlace,
  key: string,
  options: ShowOptions = {},
): Promise<RecordDetails | undefined> {
  const { history } = place;
  const index = place.keyStorage ?? place.storage;
  const found = await findKey(place, key);
  const metadata = found === undefined ? undefined : await index.head(found);
  if (found === undefined || !metadata) return undefined;
  const { previewLength = 2000 } = options;
  const [writtenBy, usedBy = [], uses, events = []] = await Promise.all([
    metadata.taskRunId === "" ? undefined : history?.taskRuns.find(metadata.taskRunId),
    history?.taskRuns.list({ key: found, outcome: "hit", limit: runsShown }),
    history?.taskRuns.lastUses([found]),
    history?.cacheEvents.list({ key: found, limit: runsShown }),
  ]);
  return {
    key: found,
    storage: index.location,
    metadata,
    status: await statusOf(place, metadata, (place.clock ?? systemClock).now()),
    value: previewLength > 0 ? await previewOf(place, metadata, previewLength) : { unavailable: "not asked for" },
    ...{ writtenBy, usedBy, lastUsedAt: uses?.get(found), events },
  };
}
