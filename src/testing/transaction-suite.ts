import { registerChecks, type SuiteRunner } from "./suite-runner.ts";
import { atomicityChecks } from "./transaction-checks/atomicity.ts";
import type { OpenTransactionPlace, TransactionCheck } from "./transaction-checks/check.ts";
import { isolationChecks } from "./transaction-checks/isolation.ts";
import { keyedChecks } from "./transaction-checks/keyed.ts";
import { nestingChecks } from "./transaction-checks/nesting.ts";
import { visibilityChecks } from "./transaction-checks/visibility.ts";

export type { OpenTransactionPlace, TransactionCheck, TransactionPlace } from "./transaction-checks/check.ts";
export type { TransactionParts } from "./transaction-checks/scene.ts";

/*
 * DESIGN: the suite that judges a storage and a lock manager together: whether transactions hold with them.
 *
 * What it does: one check per promise of `transaction()` and of the tasks inside it, on real instances, through the front door. It lets
 * each write of a commit fail in turn, and takes a lock away from its holder.
 * What it promises: a check throws where the promise is broken, also where something waits for ever; it knows no test runner.
 * What the caller must do: give every check an empty place, made of parts that their own suites have judged. What needs processes (that a
 * commit is whole when its process is killed) is left to other tests.
 */

/** Every promise that can be checked, in one list, for any runner. */
export const transactionChecks: readonly TransactionCheck[] = [
  ...atomicityChecks,
  ...visibilityChecks,
  ...isolationChecks,
  ...nestingChecks,
  ...keyedChecks,
];

/** How {@link transactionSuite} runs. */
export interface TransactionSuiteOptions {
  /** Titles of checks that are left out, each with the reason. @default {} */
  readonly skip?: Readonly<Record<string, string>>;
}

/**
 * Registers all checks with a test runner.
 *
 * @param name what is judged: the name of the group
 * @param open makes an empty place with a storage and a lock manager in it; called once per check
 * @throws {RangeError} where `skip` names a check that does not exist
 *
 * @example
 * ```ts
 * import { describe, it } from "vitest";
 * import { transactionSuite } from "oxbow/testing";
 *
 * transactionSuite({ describe, it }, "myStorage() with myLocks()", () => ({ storage: myStorage(), lockManager: myLocks() }));
 * ```
 */
export function transactionSuite(
  runner: SuiteRunner,
  name: string,
  open: OpenTransactionPlace,
  options: TransactionSuiteOptions = {},
): void {
  registerChecks(runner, name, transactionChecks, options.skip ?? {}, (check) => check.run(open));
}
