import type { Duration } from "../kernel/duration.ts";
import type { Amount, LongOperation } from "./place.ts";

/** How `collect` goes about it. */
export interface CollectOptions extends LongOperation {
  /** Records that were neither written nor used for so long are removed. @default there is no limit */
  readonly maxAge?: Duration | undefined;
  /**
   * How many bytes all records may come to, each with its payload and 512 bytes for its metadata: beyond, those are removed that were not
   * used for the longest time. `0` sets no limit. @default 0
   */
  readonly maxSize?: number | undefined;
  /** Down to which part of `maxSize` records are removed once it is exceeded, above 0 and up to 1. @default 1 */
  readonly lowWater?: number | undefined;
  /** Only says what it would remove. @default false */
  readonly dryRun?: boolean | undefined;
  /** Called for each record that was removed, or would be. */
  readonly onRemoved?: ((key: string, reason: CollectReason) => void) | undefined;
}

/**
 * Why something was removed: `expired`; `damaged`, so that its metadata cannot be read; `uncommitted`, left by a transaction that
 * died more than a day ago; `maxAge`; `maxSize`; `values` without a record; `markers` of transactions whose records are all gone.
 */
export type CollectReason = "expired" | "damaged" | "uncommitted" | "maxAge" | "maxSize" | "values" | "markers";

/** What `collect` did, or would have done. */
export interface CollectReport {
  readonly removed: Readonly<Record<CollectReason, Amount>>;
  /** What is still there. */
  readonly kept: Amount;
  /** How many records would have been removed, were they not in use by a run that is not finished. */
  readonly inUse: number;
  /** What went wrong beside, in words: nothing that kept anything from being removed. */
  readonly problems: readonly string[];
}
