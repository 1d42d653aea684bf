import { type Clock, systemClock } from "../kernel/clock.ts";
import { type Duration, toMs } from "../kernel/duration.ts";
import { StorageError } from "../kernel/errors.ts";
import type { RunStore } from "../history/run-store.ts";
import type { Storage } from "../storage/storage.ts";
import { collect } from "./collect.ts";
import type { CollectReason, CollectReport } from "./collect-options.ts";
import { metadataBytes, type RecordPlace } from "./place.ts";
import { lastSweepAt, noteSweep } from "./sweep-note.ts";

/** What an {@link Evictor} keeps small. */
export interface EvictorOptions {
  readonly storage: Storage;
  /** Records that were neither written nor used for so long are removed. @default there is no limit */
  readonly maxAge?: Duration | undefined;
  /** How many bytes all records may come to, with 512 bytes for the metadata of each. `0` sets no limit. @default 0 */
  readonly maxSize?: number | undefined;
  /** Knows when records were used, and which are in use; gets an event for each that is removed. @default none */
  readonly history?: RunStore | undefined;
  /** @default the clock of the machine */
  readonly clock?: Clock | undefined;
  /** Told of what went wrong; it is tried again later. @default nobody is */
  readonly onError?: ((error: unknown) => void) | undefined;
  /** Called for each record that was removed. @default nobody is */
  readonly onEvicted?: ((key: string, reason: CollectReason) => void) | undefined;
}

/** The first look of a process, so long after its first write: many are done by then. */
const firstDelayMs = 2000;
/** Where anything was written, storages are looked at so often. */
const intervalMs = 10 * 60 * 1000;
/** Where much was written, sooner: after such a part of `maxSize`. */
const partWritten = 0.05;
/** Down to here, so that the next write does not begin it anew. */
const lowWater = 0.9;
/** After each look, a rest of so many times its length: large storages take long to go through. */
const restFactor = 20;

/*
 * DESIGN. Keeps a storage small, in the background of whoever writes to it.
 *
 * What it does: counts what is written, and calls `collect` when enough was written or enough time has passed; only one at a time. When the
 * storage was looked at last is written down in it (sweep-note.ts), so that of many short processes, and of several at once, one in ten
 * minutes looks.
 * What it promises: {@link Evictor.noteWrite} costs an addition and two comparisons. The event loop is kept for some milliseconds at a
 * time, and nothing of this keeps a process from ending: one that ends in the middle leaves nothing half done, and the next one
 * goes on. What fails is told to `onError` and tried again later; no write ever fails because of it.
 * What the caller must do: call `noteWrite` after every record that was stored; {@link Evictor.stop} before the storage is closed for good.
 */
export class Evictor {
  readonly #place: RecordPlace;
  readonly #options: EvictorOptions;
  readonly #clock: Clock;
  readonly #maxAgeMs: number | undefined;
  readonly #bytesUntilLook: number;
  /** What cannot be listed cannot be kept small. */
  readonly #isOff: boolean;
  readonly #stopped = new AbortController();
  #written = 0;
  /** What is planned: called back with this. */
  #cancel: (() => void) | undefined;
  #isUrgent = false;
  #running: Promise<CollectReport | undefined> | undefined;
  #restUntil = 0;
  #hasLooked = false;

  /** @throws {ConfigurationError} for a `maxAge` that is no duration */
  constructor(options: EvictorOptions) {
    const { storage, history, clock = systemClock, maxAge, maxSize = 0 } = options;
    this.#place = { storage, history, clock };
    this.#options = options;
    this.#clock = clock;
    this.#maxAgeMs = maxAge === undefined ? undefined : toMs(maxAge, "cache.maxAge");
    this.#isOff = !storage.capabilities.list;
    this.#bytesUntilLook = maxSize > 0 ? maxSize * partWritten : Number.POSITIVE_INFINITY;
  }

  /** A record was stored. @param bytes of its payload */
  noteWrite(bytes: number): void {
    this.#written += bytes + metadataBytes;
    if (this.#cancel === undefined) this.#plan();
    else if (this.#written >= this.#bytesUntilLook && !this.#isUrgent) this.#hurry();
  }

  /** Looks now, unless it does already. @returns what was removed; `undefined` where it failed or was stopped */
  run(): Promise<CollectReport | undefined> {
    this.#unplan();
    return (this.#running ??= this.#collect().finally(() => {
      this.#running = undefined;
      if (this.#written > 0) this.#plan();
    }));
  }

  /** Ends it, with what it is doing; it does not begin again. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#unplan();
    await this.#running;
  }

  #plan(): void {
    if (this.#isOff || this.#running || this.#stopped.signal.aborted) return;
    const isMuch = this.#written >= this.#bytesUntilLook;
    this.#schedule(!this.#hasLooked ? firstDelayMs : isMuch ? 0 : intervalMs, isMuch);
  }

  /** More was written than the plan has reckoned with. */
  #hurry(): void {
    this.#isUrgent = true;
    if (this.#running || !this.#hasLooked) return;
    this.#unplan();
    this.#schedule(0, true);
  }

  #schedule(delayMs: number, isUrgent: boolean): void {
    this.#isUrgent = isUrgent;
    const rest = this.#restUntil - this.#clock.now();
    this.#cancel = this.#clock.schedule(Math.max(delayMs, rest), () => void this.#look(), true);
  }

  #unplan(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#isUrgent = false;
  }

  /** Somebody else may have looked a moment ago. */
  async #look(): Promise<void> {
    try {
      const age = this.#clock.now() - (await lastSweepAt(this.#options.storage));
      this.#hasLooked = true;
      const isMuch = this.#written >= this.#bytesUntilLook;
      if (!isMuch && age >= 0 && age < intervalMs) {
        this.#unplan();
        this.#schedule(intervalMs - age, false);
        return;
      }
      await this.run();
    } catch (error) {
      this.#unplan();
      this.#failed(error);
    }
  }

  async #collect(): Promise<CollectReport | undefined> {
    const begun = this.#clock.now();
    const { storage } = this.#options;
    this.#written = 0;
    this.#hasLooked = true;
    try {
      // A place that has gone is not made anew by a note in it.
      const isKnown = (await lastSweepAt(storage)) > 0;
      if (isKnown) await noteSweep(storage, begun);
      const report = await collect(this.#place, {
        maxAge: this.#maxAgeMs === undefined ? undefined : { milliseconds: this.#maxAgeMs },
        maxSize: this.#options.maxSize,
        lowWater,
        signal: this.#stopped.signal,
        isBackground: true,
        onRemoved: this.#options.onEvicted,
      });
      if (!isKnown && report.kept.records > 0) await noteSweep(storage, begun);
      for (const problem of report.problems) this.#options.onError?.(new StorageError(problem));
      return report;
    } catch (error) {
      this.#failed(error);
      return undefined;
    } finally {
      const now = this.#clock.now();
      this.#restUntil = now + (now - begun) * restFactor;
    }
  }

  #failed(error: unknown): void {
    if (this.#stopped.signal.aborted) return;
    this.#restUntil = this.#clock.now() + intervalMs;
    this.#options.onError?.(error);
  }
}
