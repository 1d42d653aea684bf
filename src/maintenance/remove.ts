import { systemClock } from "../kernel/clock.ts";
import { EventLog } from "./events.ts";
import { Pace } from "./pace.ts";
import type { Amount, LongOperation, RecordPlace } from "./place.ts";
import { doomed, Remover } from "./removal.ts";
import { type RecordFilter, select } from "./select.ts";

/** How {@link remove} goes about it. */
export interface RemoveOptions extends LongOperation {
  /** Only says what it would remove. @default false */
  readonly dryRun?: boolean | undefined;
  /** Called for each record that was removed, or would be. */
  readonly onRemoved?: ((key: string) => void) | undefined;
  /** Why, in words, for the history. @default "removed by hand" */
  readonly reason?: string | undefined;
}

/** What {@link remove} did, or would have done. */
export interface RemoveReport extends Amount {
  /** What went wrong beside, in words: nothing that kept a record from being removed. */
  readonly problems: readonly string[];
}

/**
 * Removes the records that a filter chooses; `{}` chooses all. One that was written since the call began stays.
 *
 * @throws {StorageError} where the storage fails; what was removed before that stays removed
 * @throws {ConfigurationError} as {@link select}
 */
export async function remove(
  place: RecordPlace,
  filter: RecordFilter,
  options: RemoveOptions = {},
): Promise<RemoveReport> {
  const { dryRun, onRemoved, reason = "removed by hand" } = options;
  const begunAt = (place.clock ?? systemClock).now();
  const { onProgress: _, ...quietly } = options;
  const events = new EventLog(place);
  const remover = new Remover(place, new Pace(quietly), events, {
    dryRun,
    ...(onRemoved ? { onRemoved: ({ key }) => onRemoved(key) } : {}),
  });
  for await (const metadata of select(place, filter, options))
    if (metadata.createdAt <= begunAt) await remover.add(doomed(metadata, "removed", reason));
  await remover.flush();
  return { ...remover.removed, problems: [...events.problems] };
}
