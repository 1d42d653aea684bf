import type { CacheMode } from "../kernel/cache-mode.ts";
import type { Clock } from "../kernel/clock.ts";
import type { LockManager } from "../locks/lock-manager.ts";
import type { Serializer } from "../serializers/serializer.ts";
import type { Storage } from "../storage/storage.ts";
import type { MemoryLimits } from "./memory-tier.ts";

/** What a ResultStore is made of. */
export interface ResultStoreOptions {
  /** Where values go, and their metadata too unless there is a key storage. */
  readonly storage: Storage;
  /** Keeps the metadata apart from the values. @default none */
  readonly keyStorage?: Storage | undefined;
  /** Writes values. Records are read by the serializer that they name. */
  readonly serializer: Serializer;
  /** Finds the serializer of a record by its format. @default `serializer` where it is the one, else a built-in or registered one */
  readonly serializerFor?: (format: string) => Serializer;
  /** How much the memory tier may hold. @default 10,000 entries and 64 MiB */
  readonly memory?: MemoryLimits;
  /** Gives the locks of transactions with this store. @default the one that belongs to the storage, where it brings one */
  readonly lockManager?: LockManager | undefined;
  /** What tasks and transactions may do with it. @default "read-write" */
  readonly mode?: CacheMode | undefined;
  /** The folder where streams above 1 MiB are kept until they are stored. @default a folder of the system's temporary one */
  readonly spoolPath?: string | undefined;
  /** Told of each record that is made for the storage, with the bytes of its payload. @default nobody is */
  readonly onWrite?: ((bytes: number) => void) | undefined;
  /** @default the clock of the machine */
  readonly clock?: Clock;
}

/** How a value is written. */
export interface SaveOptions {
  /** Milliseconds since 1970 from when on the record is not used. @default never */
  readonly expiresAt?: number | undefined;
  /** Write only where there is no record. @default false */
  readonly ifAbsent?: boolean;
  /** The fencing token of the lock under which the value was computed. @default none */
  readonly fence?: number | undefined;
}
