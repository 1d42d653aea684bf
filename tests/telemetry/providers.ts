/*
 * What a program registers that wants telemetry: the SDK for traces, with its spans in memory; contexts in an AsyncLocalStorage, and
 * numbers added up, both as small as the API allows.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import {
  context,
  createNoopMeter,
  metrics,
  ROOT_CONTEXT,
  trace,
  type Attributes,
  type Context,
  type ContextManager,
  type Counter,
  type Histogram,
  type Meter,
  type MetricOptions,
} from "@opentelemetry/api";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type ReadableSpan,
} from "@opentelemetry/sdk-trace-base";

/** Contexts that follow asynchronous calls. */
export class Contexts implements ContextManager {
  readonly #storage = new AsyncLocalStorage<Context>();

  active(): Context {
    return this.#storage.getStore() ?? ROOT_CONTEXT;
  }

  with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(
    within: Context,
    fn: F,
    self?: ThisParameterType<F>,
    ...args: A
  ): ReturnType<F> {
    return this.#storage.run(within, () => fn.call(self, ...args));
  }

  bind<T>(_within: Context, target: T): T {
    return target;
  }

  enable(): this {
    return this;
  }

  disable(): this {
    this.#storage.disable();
    return this;
  }
}

/** One number that was measured. */
export interface Measured {
  readonly metric: string;
  readonly value: number;
  readonly attributes: Attributes;
}

/** Keeps what is measured. */
export class Measurements {
  readonly all: Measured[] = [];
  readonly units: Map<string, string | undefined> = new Map();

  getMeter(): Meter {
    const instrument = (metric: string, options: MetricOptions | undefined): Counter & Histogram => {
      this.units.set(metric, options?.unit);
      const take = (value: number, attributes: Attributes = {}): void => {
        this.all.push({ metric, value, attributes });
      };
      return { add: take, record: take };
    };
    return Object.assign(createNoopMeter(), { createCounter: instrument, createHistogram: instrument });
  }

  of(metric: string): readonly Measured[] {
    return this.all.filter((each) => each.metric === metric);
  }
}

/** What is registered, and what came in. */
export interface Providers {
  readonly measurements: Measurements;
  /** The spans that have ended, in that order. */
  spans(): readonly ReadableSpan[];
  /** The span of a name. @throws where there is not exactly one */
  span(name: string): ReadableSpan;
  /** Takes the providers out again. */
  unregister(): void;
}

/** Registers providers for this process. @param follows whether contexts follow asynchronous calls */
export function registerProviders({ follows = true }: { readonly follows?: boolean } = {}): Providers {
  const exporter = new InMemorySpanExporter();
  const measurements = new Measurements();
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
  metrics.setGlobalMeterProvider(measurements);
  if (follows) context.setGlobalContextManager(new Contexts());
  const spans = (): readonly ReadableSpan[] => exporter.getFinishedSpans();
  return {
    measurements,
    spans,
    span(name) {
      const [found, ...more] = spans().filter((span) => span.name === name);
      if (!found || more.length > 0) throw new Error(`${name} is not one of ${spans().map((span) => span.name)}`);
      return found;
    },
    unregister() {
      trace.disable();
      metrics.disable();
      context.disable();
    },
  };
}

/** The id of the span that a span is in. Versions 1 and 2 of the SDK say it each in their own way. */
export function parentOf(span: ReadableSpan): string | undefined {
  const either = span as { readonly parentSpanId?: string; readonly parentSpanContext?: { readonly spanId: string } };
  return either.parentSpanContext?.spanId ?? either.parentSpanId;
}

/** The id of a span. */
export function idOf(span: ReadableSpan): string {
  return span.spanContext().spanId;
}
