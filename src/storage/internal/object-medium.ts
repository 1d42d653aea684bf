import type { Payload } from "../storage.ts";

/*
 * DESIGN: what an object store has to offer, so that object-storage.ts makes a storage of it. S3, Google Cloud Storage and
 * Azure Blobs differ in these operations and in nothing else.
 *
 * What an implementation promises:
 * - Names are ASCII: letters, digits and `!_.'()/=:,@+;-`, up to 1,000 characters; it puts its own prefix in front.
 * - An object is whole or absent, whoever reads it; a large one is sent in parts, and of one that could not be sent
 *   to its end nothing stays behind that costs anything for long.
 * - Every request ends within a time limit. What may be tried again (throttling, a connection that broke) is tried again
 *   a few times, after growing pauses. What still fails is a `StorageError` that says what and where, and never holds
 *   credentials, nor any error that does, in its message.
 * - An object that is not there is `undefined`. A bucket that is not there, or that may not be used, is a `StorageError`.
 */

/** What tells one state of an object from another: an ETag, a generation. */
export type ObjectTag = string;

/** When an object may be written: only where there is none, or only in place of the one with this tag. */
export type WriteCondition = { readonly absent: true } | { readonly tag: ObjectTag };

/** The beginning of an object. */
export interface ObjectBeginning {
  /** As many bytes as were asked for, fewer where the object is shorter. */
  readonly bytes: Uint8Array;
  /** Of the whole object, in bytes. */
  readonly size: number;
  readonly tag: ObjectTag;
  /** When it was written, in milliseconds since 1970. */
  readonly modifiedAt: number;
}

/** What the three of them can do. */
export interface ObjectMedium {
  /** `s3`, `gcs`, `azure`. */
  readonly kind: string;
  /** `s3://bucket/prefix`, and the address of the server where that is not the usual one. No credentials. */
  readonly location: string;

  /** Whether {@link WriteCondition}s are kept; where a server may lie, it has been tried. */
  conditions(): Promise<boolean>;
  /** {@link conditions} as far as it is known without asking; what is likely where it is not. */
  readonly likelyConditions: boolean;

  /** The first `length` bytes of an object, in one request. */
  begin(name: string, length: number): Promise<ObjectBeginning | undefined>;
  /**
   * The bytes from `from` on, in one request, as long as it is the object of this tag: one that was replaced or removed since is
   * `undefined`. A stream that breaks off is a `StorageError`.
   */
  rest(name: string, from: number, tag: ObjectTag): Promise<AsyncIterable<Uint8Array> | undefined>;
  /**
   * Writes an object, in one request where it is small.
   *
   * @param condition holds only where {@link conditions} says so
   * @returns whether it was written: `false` only where the condition does not hold
   */
  write(name: string, payload: Payload, condition?: WriteCondition): Promise<boolean>;
  /** Removes an object; one that is not there is no error. */
  remove(name: string): Promise<void>;
  /** The names that begin with `prefix`, in the order of their bytes, those after `after` where it is given. */
  list(prefix: string, after?: string): AsyncIterable<string>;
  /** Ends what was opened here. It may be used again: it opens itself. */
  close(): Promise<void>;
}
