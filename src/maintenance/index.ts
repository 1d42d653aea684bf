/*
 * `oxbow/maintenance`: what can be done with stored records as a whole. The command line is a thin layer over it.
 */
export { collect } from "./collect.ts";
export type { CollectOptions, CollectReason, CollectReport } from "./collect-options.ts";
export { list, type RecordRow, type RecordStatus } from "./list.ts";
export type { Amount, LongOperation, Progress, RecordPlace } from "./place.ts";
export { remove, type RemoveOptions, type RemoveReport } from "./remove.ts";
export { type RecordFilter, select, type SelectOptions } from "./select.ts";
export { pull, type PullOptions, type PullReport } from "./pull.ts";
export { type CacheStats, stats, type StatsOptions, type TaskRecords } from "./stats.ts";
export { type RecordFault, verify, type VerifyOptions, type VerifyReport } from "./verify.ts";
export { type ComponentDifference, diff, type RecordDifference } from "./diff.ts";
export type { Preview } from "./preview.ts";
export { type RecordDetails, show, type ShowOptions } from "./show.ts";
export { type Explanation, why } from "./why.ts";
export { accept, accepted, type AcceptedChange, type AcceptOptions, revoke } from "./accept.ts";
export { Evictor, type EvictorOptions } from "./evictor.ts";
export { type AcceptedEnd, acceptedSources } from "./accepted-sources.ts";
