/** What the suites need of a test runner; `vitest` and `node:test` both have it. */
export interface SuiteRunner {
  readonly describe: (name: string, body: () => void) => unknown;
  readonly it: (title: string, body: () => Promise<void>) => unknown;
}

/**
 * Registers checks with a test runner, except those that are left out.
 *
 * @param skip titles of checks that are left out, each with the reason
 * @throws {RangeError} where `skip` names a check that does not exist
 */
export function registerChecks<C extends { readonly title: string }>(
  runner: SuiteRunner,
  name: string,
  checks: readonly C[],
  skip: Readonly<Record<string, string>>,
  run: (check: C) => Promise<void>,
): void {
  for (const title of Object.keys(skip)) {
    if (!checks.some((check) => check.title === title)) throw new RangeError(`There is no check "${title}" to skip`);
  }
  runner.describe(name, () => {
    for (const check of checks) if (!Object.hasOwn(skip, check.title)) runner.it(check.title, () => run(check));
  });
}
