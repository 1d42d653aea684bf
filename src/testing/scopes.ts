import { services } from "../defaults.ts";
import { withScope } from "../engine/scope.ts";
import type { Clock } from "../kernel/clock.ts";
import type { LogSink } from "../logging/logger.ts";

/** Runs a function with another clock: expiry, retry delays and time limits inside it go by that one. */
export function withClock<T>(clock: Clock, fn: () => T): T {
  return withScope(services, { clock }, fn);
}

/** Runs a function with another place for its log lines. */
export function withLogSink<T>(sink: LogSink, fn: () => T): T {
  return withScope(services, { sink }, fn);
}
