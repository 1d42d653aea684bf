import { toMs } from "../kernel/duration.ts";
import { ConfigurationError } from "../kernel/errors.ts";
import { Collection } from "./collection.ts";
import type { CollectOptions, CollectReport } from "./collect-options.ts";
import type { RecordPlace } from "./place.ts";
import { shrink } from "./shrink.ts";
import { sweep } from "./sweep.ts";
import { sweepValues } from "./value-sweep.ts";

/**
 * Removes what is of no use any more: expired and damaged records, what died transactions left, values without a record (where
 * `keyStorage` says where the records are), and then as many of those that were not used for the longest time as the limits ask for.
 *
 * It never touches a record of a flow run that is not finished, none that such a run has used, and none that was written since it
 * began. It may run beside writers, and beside itself in another process; one that is killed leaves nothing half done. The
 * event loop is kept for a few milliseconds at a time. Of damaged records only those are found whose metadata are damaged:
 * {@link verify} reads payloads too.
 *
 * @throws {StorageError} where the storage has no list, or fails; what was removed before that stays removed
 * @throws {ConfigurationError} for a limit that is none
 *
 * @example
 * ```ts
 * import { collect } from "oxbow/maintenance";
 *
 * const report = await collect({ storage: sqliteStorage("./results") }, { maxAge: "30 days", maxSize: 10 * 1024 ** 3 });
 * console.log(report.removed.maxAge.records); // …
 * ```
 */
export async function collect(place: RecordPlace, options: CollectOptions = {}): Promise<CollectReport> {
  const { maxAge, maxSize = 0, lowWater = 1 } = options;
  if (!(maxSize >= 0)) throw invalid("maxSize", maxSize, "it is a number of bytes, and not negative");
  if (!(lowWater > 0 && lowWater <= 1)) throw invalid("lowWater", lowWater, "it is a part, above 0 and up to 1");
  const maxAgeMs = maxAge === undefined ? undefined : toMs(maxAge, "maxAge");
  const collection = new Collection(place, options);
  await collection.protection.refresh();
  await sweep(collection, maxAgeMs);
  if (maxSize > 0) await shrink(collection, maxSize, lowWater);
  await sweepValues(collection);
  collection.pace.end();
  return collection.report();
}

function invalid(name: string, value: unknown, reason: string): ConfigurationError {
  return new ConfigurationError("OXBOW_OPTION_INVALID", `collect(): ${name} cannot be ${String(value)}: ${reason}`);
}
