import { messageOf, RecordError, SerializationError } from "../kernel/errors.ts";
import { serializerFor } from "../serializers/registry.ts";
import type { RecordMetadata } from "../storage/storage.ts";
import { EventLog } from "./events.ts";
import { forEachOf, Pace } from "./pace.ts";
import { payloadOf, readThrough } from "./payload.ts";
import { indexOf, type LongOperation, type RecordPlace } from "./place.ts";
import { doomed, Remover } from "./removal.ts";
import { type RecordFilter, select } from "./select.ts";

/** How {@link verify} goes about it. */
export interface VerifyOptions extends LongOperation {
  /** Which records. @default {} all */
  readonly filter?: RecordFilter | undefined;
  /** Removes those that are damaged; never those that only cannot be read here. @default false */
  readonly repair?: boolean | undefined;
  /** Called for each record that something is wrong with. */
  readonly onFault?: ((fault: RecordFault) => void) | undefined;
}

/** A record that cannot be used. */
export interface RecordFault {
  readonly key: string;
  /** `damaged`: nobody can use it. `unknown`: another release, or a program that has the serializer or the key, may. */
  readonly kind: "damaged" | "unknown";
  /** What is wrong, in words. */
  readonly reason: string;
  readonly taskName?: string | undefined;
  readonly size?: number | undefined;
}

/** What {@link verify} found. */
export interface VerifyReport {
  /** Records that were read. */
  readonly checked: number;
  /** Their payloads, in bytes. */
  readonly bytes: number;
  /** The first thousand of those that something is wrong with; {@link VerifyOptions.onFault} is told of all. */
  readonly faults: readonly RecordFault[];
  readonly damaged: number;
  readonly unknown: number;
  /** How many damaged ones were removed. */
  readonly removed: number;
  /** What went wrong beside, in words. */
  readonly problems: readonly string[];
}

const faultsReported = 1000;
const recordsAtOnce = 4;

/**
 * Reads every record to its end, compares its length and its checksum, and looks for a serializer of its format. Values are not
 * turned back into objects.
 *
 * @throws {StorageError} where the storage has no list, or fails
 * @throws {ConfigurationError} as {@link select}
 */
export async function verify(place: RecordPlace, options: VerifyOptions = {}): Promise<VerifyReport> {
  return new Verification(place, options).run();
}

class Verification {
  readonly #place: RecordPlace;
  readonly #options: VerifyOptions;
  readonly #pace: Pace;
  readonly #events: EventLog;
  readonly #remover: Remover;
  readonly #faults: RecordFault[] = [];
  readonly #counts = { damaged: 0, unknown: 0, unlisted: 0 };

  constructor(place: RecordPlace, options: VerifyOptions) {
    this.#place = place;
    this.#options = options;
    this.#pace = new Pace(options);
    this.#events = new EventLog(place);
    const pace = new Pace({ signal: options.signal });
    this.#remover = new Remover(place, pace, this.#events, { dryRun: options.repair !== true });
  }

  async run(): Promise<VerifyReport> {
    const unlisted: Array<readonly [string, RecordError]> = [];
    let [checked, bytes] = [0, 0];
    const { signal, isBackground, filter } = this.#options;
    const onDamaged = (key: string, error: RecordError): void => void unlisted.push([key, error]);
    const records = select(this.#place, filter, { signal, isBackground, onDamaged });
    await forEachOf(records, recordsAtOnce, async (metadata) => {
      const fault = await this.#examine(metadata);
      if (fault) await this.#report(fault, metadata);
      checked += 1;
      bytes += metadata.size;
      this.#pace.advance(metadata.size);
      await this.#pace.turn();
    });
    for (const [key, error] of unlisted) await this.#reportUnlisted(key, error);
    await this.#remover.flush();
    await this.#events.flush();
    this.#pace.end();
    const { damaged, unknown, unlisted: more } = this.#counts;
    const removed = this.#options.repair === true ? this.#remover.removed.records + more : 0;
    const problems = [...this.#events.problems];
    return { checked: checked + unlisted.length, bytes, faults: this.#faults, damaged, unknown, removed, problems };
  }

  async #examine(metadata: RecordMetadata, isSecondLook = false): Promise<RecordFault | undefined> {
    const { key, taskName, size, serializer } = metadata;
    try {
      const payload = await payloadOf(this.#place, metadata);
      if (payload) await readThrough(payload);
      if (!serializer.startsWith("file:")) serializerFor(serializer);
      return undefined;
    } catch (error) {
      if (error instanceof SerializationError)
        return { key, kind: "unknown", reason: messageOf(error), taskName, size };
      if (!(error instanceof RecordError)) throw error;
      // A record that was replaced while it was read looks damaged. A second look tells.
      return isSecondLook
        ? { key, kind: kindOf(error), reason: messageOf(error), taskName, size }
        : this.#examine(metadata, true);
    }
  }

  async #report(fault: RecordFault, metadata?: RecordMetadata): Promise<void> {
    this.#counts[fault.kind] += 1;
    if (this.#faults.length < faultsReported) this.#faults.push(fault);
    this.#options.onFault?.(fault);
    if (metadata && fault.kind === "damaged") await this.#remover.add(doomed(metadata, "damaged", fault.reason));
  }

  /** Damaged so that its metadata cannot be read. */
  async #reportUnlisted(key: string, error: RecordError): Promise<void> {
    const reason = messageOf(error);
    const kind = kindOf(error);
    await this.#report({ key, kind, reason });
    if (kind === "unknown" || this.#options.repair !== true) return;
    const index = indexOf(this.#place);
    if (!(await index.delete(key))) return;
    this.#counts.unlisted += 1;
    if (this.#place.keyStorage) await this.#place.storage.values.delete(key);
    await this.#events.add({ kind: "damaged", key, detail: reason });
    await this.#pace.turn();
  }
}

function kindOf(error: RecordError): RecordFault["kind"] {
  return error.code === "OXBOW_RECORD_TOO_NEW" ? "unknown" : "damaged";
}
