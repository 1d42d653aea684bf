/*
 * DESIGN. What is reported of one run: a span from its beginning to its end, and at the end its numbers.
 *
 *   Pending ─▶ the span begins, in the context of the call
 *   Running ─▶ links to the runs that it took results of; the span is active in each attempt's body
 *   a failed attempt ─▶ events `exception` and `oxbow.retry`
 *   a final state, NotReady, Suspended ─▶ decision, status, end
 *
 * What a body throws is seen where it is called, since the states between attempts do not carry it. A body that goes on when
 * its attempt is over reports nothing any more.
 */
import type { Context, Span, SpanContext } from "@opentelemetry/api";
import { TaskRun } from "../engine/task-run.ts";
import type { FlowRun } from "../engine/flow-run.ts";
import { describeError } from "../kernel/errors.ts";
import type { State } from "../states/state.ts";
import { attributesOf, endOf } from "./attributes.ts";
import type { Otel } from "./otel.ts";
import type { SpanPlaces } from "./span-places.ts";

export class RunReport {
  /** Where what the run does belongs: the span is active in it. */
  readonly context: Context;
  readonly #otel: Otel;
  readonly #run: FlowRun | TaskRun;
  readonly #places: SpanPlaces;
  readonly #span: Span | undefined;
  readonly #begun = performance.now();
  /** What the attempt that runs now was ended with. */
  #thrown: { readonly attempt: number; readonly error: unknown } | undefined;
  #overrun: unknown;

  /** @param around the report of the run around it: what the span belongs to where no span is active */
  constructor(otel: Otel, run: FlowRun | TaskRun, around: RunReport | undefined, places: SpanPlaces) {
    const { api, tracer } = otel;
    this.#otel = otel;
    this.#run = run;
    this.#places = places;
    const active = api.context.active();
    const parent = around && !api.trace.getSpan(active) ? around.context : active;
    const name = run instanceof TaskRun ? `task run ${run.task.name}` : `flow run ${run.flow.name}`;
    this.#span = tracer?.startSpan(name, { attributes: attributesOf(run) }, parent);
    this.context = this.#span ? api.trace.setSpan(parent, this.#span) : parent;
    if (this.#span?.isRecording() && run instanceof TaskRun) places.add(run.id, this.#span.spanContext());
  }

  /** Calls the body of an attempt. */
  call<T>(body: () => T): T {
    const { attempt } = this.#run;
    const thrown = (error: unknown): void => {
      if (this.#run.attempt === attempt) this.#thrown = { attempt, error };
    };
    try {
      const result = this.#span ? this.#otel.api.context.with(this.context, body) : body();
      // Only real promises: to look at another thenable may be to start it once more.
      if (result instanceof Promise) void Promise.prototype.then.call(result, undefined, thrown);
      return result;
    } catch (error) {
      thrown(error);
      throw error;
    }
  }

  /** The run has entered a state, which is not its first. */
  entered(state: State): void {
    if (state.isFinal || state.name === "NotReady" || state.name === "Suspended") return this.#end(state);
    if (!this.#span?.isRecording()) return;
    if (state.name === "Running") this.#link(this.#span);
    else if (state.name === "AwaitingRetry") this.#failed(this.#span);
    else if (state.name === "Retrying") this.#retry(this.#span);
    else this.#span.addEvent(`oxbow.${state.name.toLowerCase()}`, messageIn(state));
  }

  /** Leads to the runs whose results this one takes. */
  #link(span: Span): void {
    if (!(this.#run instanceof TaskRun) || this.#run.upstream.length === 0) return;
    const contexts = this.#run.upstream.map((id) => this.#places.of(id));
    const links = contexts.filter((context): context is SpanContext => context !== undefined);
    // Older ones of the API cannot add links to a span that has begun.
    if (links.length > 0) span.addLinks?.(links.map((context) => ({ context })));
  }

  #failed(span: Span): void {
    const { overrun } = this.#run;
    const error = overrun && overrun !== this.#overrun ? { error: overrun } : this.#thrown;
    this.#overrun = overrun;
    this.#thrown = undefined;
    if (error) span.recordException(exceptionOf(error.error));
  }

  /** What failed was told when the wait began, if there was one. */
  #retry(span: Span): void {
    this.#failed(span);
    span.addEvent("oxbow.retry", { "oxbow.run.attempt": this.#run.attempt });
  }

  #end(state: State): void {
    const run = this.#run;
    if (this.#span) this.#endSpan(this.#span, state);
    const { meters } = this.#otel;
    if (run instanceof TaskRun) meters?.taskRun(run, state, performance.now() - this.#begun, this.context);
    else meters?.flowRun(run, state, this.context);
  }

  #endSpan(span: Span, state: State): void {
    if (span.isRecording()) {
      span.setAttributes(endOf(this.#run, state));
      if (state.isFailed || state.name === "NotReady") {
        span.setAttribute("error.type", typeOf(state.error));
        if (state.error !== undefined) span.recordException(exceptionOf(state.error));
        span.setStatus({ code: this.#otel.api.SpanStatusCode.ERROR, message: describeError(state.error) });
      } else if (!state.isCompleted) span.addEvent(`oxbow.${state.name.toLowerCase()}`, messageIn(state));
    }
    span.end();
  }
}

function messageIn({ message }: State): { "oxbow.state.message": string } | undefined {
  return message === undefined ? undefined : { "oxbow.state.message": message };
}

function exceptionOf(error: unknown): Error | string {
  return error instanceof Error ? error : describeError(error);
}

/** What kind of error it is, in a word of which there are few: the one that `exception.type` has. */
function typeOf(error: unknown): string {
  if (!(error instanceof Error)) return "_OTHER";
  const { code, name } = error as { readonly code?: unknown; readonly name: unknown };
  if (typeof code === "string" || typeof code === "number") return String(code);
  return typeof name === "string" ? name : "_OTHER";
}
