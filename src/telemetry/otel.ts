/*
 * DESIGN. The way to OpenTelemetry, through its API only. A program that wants telemetry registers a provider; what it registers
 * stands in one place of the process, which costs one look. Only then the package @opentelemetry/api is loaded, of which any copy
 * that is not newer than the registered one finds the same providers.
 *
 * What it promises: it never throws. What keeps spans from being made is said once.
 */
import { createRequire } from "node:module";
import type * as OtelApi from "@opentelemetry/api";
import { messageOf } from "../kernel/errors.ts";
import type { Logger } from "../logging/logger.ts";
import { Meters } from "./meters.ts";

/** What a run is reported to. */
export interface Otel {
  readonly api: typeof OtelApi;
  /** Absent where only metrics are wanted. */
  readonly tracer: OtelApi.Tracer | undefined;
  /** Absent where only traces are wanted. */
  readonly meters: Meters | undefined;
}

/** What the API keeps in the process: the providers, by kind. */
interface Registered {
  readonly version: string;
  readonly trace?: unknown;
  readonly metrics?: unknown;
}

const place = Symbol.for("opentelemetry.js.api.1");

let api: typeof OtelApi | undefined;
let seen: Registered = { version: "" };
let current: Otel | undefined;
const said = new Set<string>();

/** What is registered now; `undefined` where that is nothing. @param logger says what is missing */
export function registeredOtel(logger: () => Logger): Otel | undefined {
  const registered = (globalThis as { readonly [place]?: Registered })[place];
  if (registered === undefined) return undefined;
  const { version, trace, metrics } = registered;
  if (trace === seen.trace && metrics === seen.metrics) return current;
  seen = { version, trace, metrics };
  current = trace || metrics ? connect(seen, logger) : undefined;
  return current;
}

function connect({ version, trace, metrics }: Registered, logger: () => Logger): Otel | undefined {
  try {
    api ??= createRequire(import.meta.url)("@opentelemetry/api") as typeof OtelApi;
  } catch (error) {
    sayOnce(
      logger,
      `An OpenTelemetry provider is registered, but runs are not reported to it: the package @opentelemetry/api cannot be loaded (${messageOf(error)}). npm install @opentelemetry/api`,
    );
    return undefined;
  }
  // A copy that cannot use what another one has registered has providers of its own, which do nothing.
  const isTraced = trace !== undefined && api.trace.getTracerProvider() === trace;
  const isMetered = metrics !== undefined && api.metrics?.getMeterProvider() === metrics;
  if ((trace && !isTraced) || (metrics && !isMetered)) {
    sayOnce(
      logger,
      `An OpenTelemetry provider is registered through @opentelemetry/api ${version}, but runs are not reported to it: the copy of that package that oxbow finds is newer, or too old. Install one version of it`,
    );
  }
  if (!isTraced && !isMetered) return undefined;
  const own = packageVersion();
  return {
    api,
    tracer: isTraced ? api.trace.getTracer("oxbow", own) : undefined,
    meters: isMetered ? new Meters(api.metrics.getMeter("oxbow", own)) : undefined,
  };
}

function sayOnce(logger: () => Logger, line: string): void {
  if (said.has(line)) return;
  said.add(line);
  logger().warn(line);
}

/** The version of this package; `undefined` where it has been bundled into a program. */
function packageVersion(): string | undefined {
  try {
    return (createRequire(import.meta.url)("oxbow/package.json") as { readonly version: string }).version;
  } catch {
    return undefined;
  }
}
