import { type Duration, toMs } from "../../kernel/duration.ts";
import { ConfigurationError } from "../../kernel/errors.ts";
import { whyNoKey } from "../../kernel/keys.ts";
import { checkOptionNames } from "../../kernel/option-names.ts";
import type { AcquireOptions } from "../lock-manager.ts";

/** {@link AcquireOptions}, checked, in milliseconds. */
export interface Wish {
  /** `Infinity` for as long as it takes. */
  readonly timeoutMs: number;
  /** `Infinity` for no limit. */
  readonly holdMs: number;
  readonly signal: AbortSignal | undefined;
}

const shortestLeaseMs = 100;
const plain: Wish = { timeoutMs: Number.POSITIVE_INFINITY, holdMs: Number.POSITIVE_INFINITY, signal: undefined };

/** @throws {ConfigurationError} where an option has a value that it cannot have */
export function wishOf(options: AcquireOptions | undefined): Wish {
  if (options === undefined) return plain;
  checkOptionNames(options, ["timeout", "holdTimeout", "signal"], "A lock");
  const { timeout, holdTimeout, signal } = options;
  const holdMs = holdTimeout === undefined ? plain.holdMs : toMs(holdTimeout, "holdTimeout");
  if (holdMs <= 0) throw invalid("holdTimeout: a lock cannot be held for 0 ms", "leave it out for no limit");
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw invalid("signal: that is no AbortSignal", "pass the signal of an AbortController, not the controller");
  }
  return { timeoutMs: timeoutMsOf(timeout), holdMs, signal };
}

/** @throws {ConfigurationError} `OXBOW_OPTION_INVALID` for a lease that no heartbeat could keep */
export function leaseMsOf(lease: Duration): number {
  const ms = toMs(lease, "lease");
  if (ms >= shortestLeaseMs) return ms;
  throw invalid(
    `lease: ${ms} ms is too short to be kept`,
    `write at least { milliseconds: ${shortestLeaseMs} }; "30s" is the default`,
  );
}

/** @throws {ConfigurationError} `OXBOW_KEY_INVALID` */
export function checkKey(key: string): void {
  const fault = whyNoKey(key);
  if (fault !== undefined) throw new ConfigurationError("OXBOW_KEY_INVALID", `A lock has no key that is ${fault}`);
}

/** @throws {ConfigurationError} `OXBOW_OPTION_INVALID` */
export function checkHolder(holder: unknown): void {
  if (typeof holder !== "string") throw invalid(`holder: a ${typeof holder} is no name of a holder`, "pass a string");
}

function timeoutMsOf(timeout: Duration | 0 | undefined): number {
  if (timeout === undefined) return plain.timeoutMs;
  return timeout === 0 ? 0 : toMs(timeout, "timeout");
}

function invalid(message: string, hint: string): ConfigurationError {
  return new ConfigurationError("OXBOW_OPTION_INVALID", message, { hint });
}
