import { fencingChecks } from "./storage-checks/fencing.ts";
import { fileChecks } from "./storage-checks/files.ts";
import { keyChecks } from "./storage-checks/keys.ts";
import { listChecks } from "./storage-checks/listing.ts";
import { placeChecks } from "./storage-checks/places.ts";
import { raceChecks } from "./storage-checks/races.ts";
import { removalChecks } from "./storage-checks/removal.ts";
import { recordChecks } from "./storage-checks/records.ts";
import { sourceChecks } from "./storage-checks/source-faults.ts";
import { streamChecks } from "./storage-checks/streams.ts";
import { valueChecks } from "./storage-checks/values.ts";
import type { OpenStoragePlace, StorageCheck } from "./storage-checks/check.ts";
import { registerChecks, type SuiteRunner } from "./suite-runner.ts";

export type { OpenStoragePlace, StorageCheck, StoragePlace } from "./storage-checks/check.ts";

/*
 * DESIGN: the suite that judges a storage, Oxbow's own or that of somebody else.
 *
 * What it does: one check per promise of the contract `Storage`, on real instances, through its methods alone.
 * What it promises: a check throws where the promise is broken; it knows no test runner.
 * What the caller must do: give every check an empty place. What no process can see from inside (that a record
 * survives a kill, or a loss of power) is left to tests of the driver's own.
 */

/** Every promise that can be checked, in one list, for any runner. */
export const storageChecks: readonly StorageCheck[] = [
  ...recordChecks,
  ...keyChecks,
  ...raceChecks,
  ...fencingChecks,
  ...listChecks,
  ...removalChecks,
  ...valueChecks,
  ...streamChecks,
  ...sourceChecks,
  ...fileChecks,
  ...placeChecks,
];

/** How {@link storageSuite} runs. */
export interface StorageSuiteOptions {
  /** Titles of checks that are left out, each with the reason. @default {} */
  readonly skip?: Readonly<Record<string, string>>;
}

/**
 * Registers all checks with a test runner.
 *
 * @param name what is judged: the name of the group
 * @param open makes an empty place with a storage in it; called once per check
 * @throws {RangeError} where `skip` names a check that does not exist
 *
 * @example
 * ```ts
 * import { describe, it } from "vitest";
 * import { storageSuite } from "oxbow/testing";
 *
 * storageSuite({ describe, it }, "myStorage()", () => ({ storage: myStorage() }));
 * ```
 */
export function storageSuite(
  runner: SuiteRunner,
  name: string,
  open: OpenStoragePlace,
  options: StorageSuiteOptions = {},
): void {
  registerChecks(runner, name, storageChecks, options.skip ?? {}, (check) => check.run(open));
}
