import type { DelayFn } from "../engine/definition.ts";
import { toMs, type Duration } from "../kernel/duration.ts";
import type { RetryDelay } from "./options.ts";

/** What a user wrote as `retryDelay`, as a function of the number of failures so far, in milliseconds. */
export function delayFn(delay: RetryDelay | undefined, where: string): DelayFn | undefined {
  if (delay === undefined) return undefined;
  if (typeof delay === "function") return (failures) => toMs(delay(failures), where);
  const lengths = (isList(delay) ? delay : [delay]).map((each) => toMs(each, where));
  return (failures) => lengths[Math.min(failures, lengths.length) - 1]!;
}

function isList(delay: Duration | readonly Duration[]): delay is readonly Duration[] {
  return Array.isArray(delay);
}

/**
 * A `retryDelay` that doubles: `first`, twice that, four times, …
 *
 * @param first the delay before the first retry
 * @param options.max no delay is longer; unlimited by default
 * @throws {ConfigurationError} `OXBOW_DURATION_INVALID`
 * @example
 * const poll = task("poll", { retries: 5, retryDelay: exponentialBackoff("1s", { max: "30s" }), retryJitter: 0.3 }, async () => 42);
 */
export function exponentialBackoff(
  first: Duration,
  options: { readonly max?: Duration } = {},
): (failures: number) => Duration {
  const firstMs = toMs(first, "exponentialBackoff");
  const maxMs = options.max === undefined ? Number.MAX_SAFE_INTEGER : toMs(options.max, "exponentialBackoff, max");
  return (failures) => ({ milliseconds: Math.min(firstMs * 2 ** (failures - 1), maxMs) });
}
