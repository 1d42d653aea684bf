import type { Clock } from "../kernel/clock.ts";
import { StorageError } from "../kernel/errors.ts";
import type { RunStore } from "../history/run-store.ts";
import type { RecordMetadata, Storage } from "../storage/storage.ts";

/** The records that an operation is about, and what is known of them elsewhere. */
export interface RecordPlace {
  readonly storage: Storage;
  /** Where the metadata are, for results that keep them apart: `resultStorageKey`. @default `storage` */
  readonly keyStorage?: Storage | undefined;
  /** The run history. What only it knows is left out without. @default none */
  readonly history?: RunStore | undefined;
  /** @default the clock of the machine */
  readonly clock?: Clock | undefined;
}

/** How far an operation has come. */
export interface Progress {
  /** Records that were looked at. */
  readonly done: number;
  /** How many there are in all, where that is known. */
  readonly total?: number | undefined;
  /** The payloads of those that are done, in bytes. */
  readonly bytes: number;
}

/** What every operation takes that may last. */
export interface LongOperation {
  /** Called every now and then, and at the end. @default nothing is called */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** Ends the operation: it is rejected with the signal's reason, and what it has done stays done. */
  readonly signal?: AbortSignal | undefined;
  /** Whether the process may end before the operation has. @default false */
  readonly isBackground?: boolean | undefined;
}

/** Records, and what their payloads come to. */
export interface Amount {
  readonly records: number;
  /** Bytes of payload. */
  readonly bytes: number;
}

/** Where the metadata of a place are. @throws {StorageError} where they cannot be listed */
export function indexOf({ storage, keyStorage }: RecordPlace): Storage {
  const index = keyStorage ?? storage;
  if (index.capabilities.list) return index;
  throw new StorageError(`The ${index.kind} storage ${index.location} cannot list its records`, {
    hint: "its records can only be found by their keys; take a storage with `capabilities.list` where they are to be gone through",
  });
}

/** What the metadata of a record take beside its payload, about: small results are mostly that. */
export const metadataBytes = 512;

/** What a record counts for in `maxSize`: its payload and {@link metadataBytes}. */
export function footprintOf({ size }: Pick<RecordMetadata, "size">): number {
  return size + metadataBytes;
}
