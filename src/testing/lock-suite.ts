import type { LockCheck, OpenLockPlace } from "./lock-checks/check.ts";
import { exclusionChecks } from "./lock-checks/exclusion.ts";
import { holderChecks } from "./lock-checks/holders.ts";
import { leaseChecks } from "./lock-checks/leases.ts";
import { lockPlaceChecks } from "./lock-checks/places.ts";
import { waitChecks } from "./lock-checks/waiting.ts";
import { registerChecks, type SuiteRunner } from "./suite-runner.ts";

export type { LockCheck, LockPlace, LockPlaceOptions, OpenLockPlace } from "./lock-checks/check.ts";

/*
 * DESIGN: the suite that judges a lock manager, Oxbow's own or that of somebody else.
 *
 * What it does: one check per promise of the contract `LockManager`, on real instances, through its methods alone, in real time:
 * with leases of 300 ms it waits for less than four seconds in all.
 * What it promises: a check throws where the promise is broken; it knows no test runner. Where waiting never ends it throws, too.
 * What the caller must do: give every check an empty place, and lock managers made with the options that `open` is given. What
 * needs processes (that a lock ends with the process of its holder) is left to tests of the driver's own.
 */

/** Every promise that can be checked, in one list, for any runner. */
export const lockChecks: readonly LockCheck[] = [
  ...exclusionChecks,
  ...holderChecks,
  ...leaseChecks,
  ...waitChecks,
  ...lockPlaceChecks,
];

/** How {@link lockSuite} runs. */
export interface LockSuiteOptions {
  /** Titles of checks that are left out, each with the reason. @default {} */
  readonly skip?: Readonly<Record<string, string>>;
}

/**
 * Registers all checks with a test runner.
 *
 * @param name what is judged: the name of the group
 * @param open makes an empty place with a lock manager in it; called once per check
 * @throws {RangeError} where `skip` names a check that does not exist
 *
 * @example
 * ```ts
 * import { describe, it } from "vitest";
 * import { lockSuite } from "oxbow/testing";
 *
 * lockSuite({ describe, it }, "myLocks()", (options) => {
 *   const url = myEmptyPlace();
 *   return { locks: myLocks(url, options), another: () => myLocks(url, { lease: options.lease }) };
 * });
 * ```
 */
export function lockSuite(
  runner: SuiteRunner,
  name: string,
  open: OpenLockPlace,
  options: LockSuiteOptions = {},
): void {
  registerChecks(runner, name, lockChecks, options.skip ?? {}, (check) => check.run(open));
}
