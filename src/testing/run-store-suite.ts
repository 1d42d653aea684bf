import type { OpenRunStorePlace, RunStoreCheck } from "./run-store-checks/check.ts";
import { eventChecks } from "./run-store-checks/events.ts";
import { placeChecks } from "./run-store-checks/places.ts";
import { questionChecks } from "./run-store-checks/questions.ts";
import { rowChecks } from "./run-store-checks/rows.ts";
import { registerChecks, type SuiteRunner } from "./suite-runner.ts";

export type { OpenRunStorePlace, RunStoreCheck, RunStorePlace } from "./run-store-checks/check.ts";

/*
 * DESIGN: the suite that judges a history, Oxbow's own or that of somebody else.
 *
 * What it does: one check per promise of the contract `RunStore`, on real instances, through its methods alone.
 * What it promises: a check throws where the promise is broken; it knows no test runner.
 * What the caller must do: give every check an empty place. That what was written survives a kill, and how long an answer takes
 * with a million runs, is left to tests of the driver's own.
 */

/** Every promise that can be checked, in one list, for any runner. */
export const runStoreChecks: readonly RunStoreCheck[] = [
  ...rowChecks,
  ...questionChecks,
  ...eventChecks,
  ...placeChecks,
];

/** How {@link runStoreSuite} runs. */
export interface RunStoreSuiteOptions {
  /** Titles of checks that are left out, each with the reason. @default {} */
  readonly skip?: Readonly<Record<string, string>>;
}

/**
 * Registers all checks with a test runner.
 *
 * @param name what is judged: the name of the group
 * @param open makes an empty place with a store in it; called once per check
 * @throws {RangeError} where `skip` names a check that does not exist
 *
 * @example
 * ```ts
 * import { describe, it } from "vitest";
 * import { runStoreSuite } from "oxbow/testing";
 *
 * runStoreSuite({ describe, it }, "myRunStore()", () => ({ store: myRunStore() }));
 * ```
 */
export function runStoreSuite(
  runner: SuiteRunner,
  name: string,
  open: OpenRunStorePlace,
  options: RunStoreSuiteOptions = {},
): void {
  registerChecks(runner, name, runStoreChecks, options.skip ?? {}, (check) => check.run(open));
}
