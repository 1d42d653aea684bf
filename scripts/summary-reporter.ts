/*
 * `N passed, N failed`, alone on the very last line of a test run, for people and scripts that read only that.
 * It is written as the process ends, because vitest itself has more to say after the last test: coverage,
 * errors outside tests, workers that do not close.
 */
import { writeSync } from "node:fs";
import type { Reporter, TestModule } from "vitest/node";

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/** The last line for these counts. */
export function summary({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}

/** Adds up a run. A file that could not be loaded, and an error outside every test, count as one failure each. */
export function count(modules: readonly TestModule[], errorsOutside: number): Counts {
  const counts: Counts = { passed: 0, failed: errorsOutside, skipped: 0 };
  for (const module of modules) {
    counts.failed += module.errors().length;
    for (const suite of module.children.allSuites()) counts.failed += suite.errors().length;
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      // A test still pending after the run died with its worker.
      counts[state === "pending" ? "failed" : state]++;
    }
  }
  return counts;
}

/** Prints the summary when the process of vitest ends. */
export default class SummaryReporter implements Reporter {
  #counts: Counts | undefined;

  onInit(): void {
    process.once("exit", () => {
      writeSync(1, `\n${summary(this.#counts ?? { passed: 0, failed: 1, skipped: 0 })}\n`);
    });
  }

  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    this.#counts = count(modules, errors.length);
    // vitest reports a run without any test as an error by its exit code alone.
    if (modules.length === 0 && errors.length === 0) this.#counts.failed = 1;
  }
}
