import type { SpanContext } from "@opentelemetry/api";

// Results are taken soon after they are there; a flow of a million runs keeps no million of these.
const most = 10_000;

/** Where the spans of task runs are, by run: the latest ones. */
export class SpanPlaces {
  readonly #contexts = new Map<string, SpanContext>();

  add(runId: string, context: SpanContext): void {
    this.#contexts.set(runId, context);
    if (this.#contexts.size <= most) return;
    for (const oldest of this.#contexts.keys()) {
      this.#contexts.delete(oldest);
      return;
    }
  }

  of(runId: string): SpanContext | undefined {
    return this.#contexts.get(runId);
  }
}
