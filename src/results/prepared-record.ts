import type { Awaitable } from "../kernel/awaitable.ts";
import type { Serializer } from "../serializers/serializer.ts";
import type { Payload, RecordMetadata, Storage } from "../storage/storage.ts";
import type { LookupKey } from "./lookup.ts";

/** What the publication of a record needs of its store. */
export interface RecordStore {
  readonly storage: Storage;
  readonly keyStorage: Storage | undefined;
  /** Whoever signs what it writes: the record is signed anew when it becomes a part of a transaction. */
  readonly serializer: Pick<Serializer, "seal">;
  /** Forgets what memory holds of a key: it is about to change. */
  forget(key: LookupKey): void;
  /** The value of a record that this store prepared; a copy of its own each time. */
  decode(record: PreparedRecord): Awaitable<unknown>;
}

/**
 * A record that is ready to be written. It is made when its value is staged, perhaps long before it is published: later changes of the
 * value do not show, and code inside the transaction is given copies.
 */
export interface PreparedRecord {
  readonly store: RecordStore;
  readonly key: LookupKey;
  /** Without `fence` and `commit`: these are added when it is published. */
  readonly metadata: RecordMetadata;
  readonly payload: Payload;
}
