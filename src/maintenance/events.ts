import { systemClock } from "../kernel/clock.ts";
import { describeError } from "../kernel/errors.ts";
import type { CacheEventRow } from "../history/run-store.ts";
import type { RecordPlace } from "./place.ts";

/** What happened to a record; when and where follows from the place. */
export type CacheEvent = Pick<CacheEventRow, "kind" | "key" | "taskName" | "detail">;

const nothing = { flowRuns: [], taskRuns: [], logs: [], taskSources: [] } as const;
const eventsPerBatch = 64;

/**
 * Writes down in the history what happened to records of a place. It is told afterwards: a history that fails stops nothing, and is one
 * of the {@link EventLog.problems}.
 */
export class EventLog {
  readonly problems: Set<string> = new Set<string>();
  readonly #place: RecordPlace;
  #waiting: CacheEvent[] = [];

  constructor(place: RecordPlace) {
    this.#place = place;
  }

  /** Writes an event with others, soon: see {@link EventLog.flush}. */
  async add(event: CacheEvent): Promise<void> {
    if (!this.#place.history) return;
    this.#waiting.push(event);
    if (this.#waiting.length >= eventsPerBatch) await this.flush();
  }

  async flush(): Promise<void> {
    const { history, clock = systemClock, storage, keyStorage } = this.#place;
    if (!history || this.#waiting.length === 0) return;
    const time = clock.now();
    const { location } = keyStorage ?? storage;
    const cacheEvents = this.#waiting.map((event) => ({ time, storage: location, ...event }));
    this.#waiting = [];
    try {
      await history.write({ ...nothing, cacheEvents });
    } catch (error) {
      this.problems.add(`The run history was not told of what happened to records: ${describeError(error)}`);
    }
  }
}
